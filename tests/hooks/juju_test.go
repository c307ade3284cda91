package hooks

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// What happens to a model: the words of `juju` that change something.

// addModel makes the story's model. Juju's version is that of a simulated
// profile; with --processes the charm calls the hook tools as processes.
func (s *story) addModel(ctx context.Context, args []string) error {
	options := lab.Options{Cluster: s.cluster, Observe: s.observe, Now: s.now, Log: s}
	flags := newFlags("add-model")
	version := flags.String("juju", "3.6", "")
	flags.BoolVar(&options.Processes, "processes", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	profiles := map[string]jujutest.Profile{"3.1": jujutest.OldJuju3, "3.6": jujutest.Juju36, "4.0": jujutest.Juju40}
	profile, known := profiles[*version]
	if !known {
		return fmt.Errorf("%w: no Juju %s is simulated", errUsage, *version)
	}
	options.Profile = profile
	if err := exactly(flags.Args(), &options.Model); err != nil {
		return err
	}
	var err error
	s.lab, err = lab.New(ctx, options)
	return err
}

func newFlags(command string) *flag.FlagSet {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// values are options that can be given several times, as KEY=VALUE.
type values map[string]any

func (v values) String() string { return "" }

func (v values) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return errUsage
	}
	v[key] = value
	return nil
}

// deploy deploys an application: of the charm under test; a self-signed-certificates,
// which is a lab.Authority, or rogue-certificates, which writes what the story says;
// hello, a lab.App; an ingress-configurator, a lab.Configurator; or a bind, a lab.DNS
// whose data are the status and the description that it answers with. The
// application's name is the charm's unless it is given.
func (s *story) deploy(ctx context.Context, args []string) error {
	flags := newFlags("deploy")
	trust := flags.Bool("trust", false, "")
	units := flags.Int("n", 1, "")
	port := flags.Int("port", 8080, "")
	config, data := values{}, values{}
	flags.Var(config, "config", "")
	flags.Var(data, "data", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() < 1 || flags.NArg() > 2 {
		return errUsage
	}
	kind, app := flags.Arg(0), flags.Arg(flags.NArg()-1)
	var err error
	switch kind {
	case charm:
		s.deployed = append(s.deployed, app)
		err = s.lab.Deploy(ctx, app, config, *trust)
	case "self-signed-certificates":
		s.authorities[app], err = s.lab.AddAuthority(app)
	case "rogue-certificates":
		s.rogues[app], err = newRogue(app)
		if err == nil {
			err = s.lab.Juju.AddScripted(app, jujutest.ScriptedMetadata{Provides: map[string]string{"certificates": "tls-certificates"}}, 1)
		}
	case "hello":
		var hello *lab.App
		if hello, err = s.lab.AddApp(ctx, app, *port, *units); err == nil {
			for key, value := range data {
				hello.Request[key] = fmt.Sprint(value)
			}
		}
	case "ingress-configurator":
		var configurator *lab.Configurator
		if configurator, err = s.lab.AddConfigurator(ctx, app, s.lab.Model); err == nil {
			for key, value := range data {
				configurator.Request[key] = fmt.Sprint(value)
			}
		}
	case "bind":
		var dns *lab.DNS
		if dns, err = s.lab.AddDNS(app); err == nil && len(data) > 0 {
			dns.Status, dns.Description = fmt.Sprint(data["status"]), fmt.Sprint(data["description"])
		}
	default:
		err = fmt.Errorf("%w: there is no charm %q", errUsage, kind)
	}
	return err
}

// config sets options, or resets one.
func (s *story) config(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	if args[1] == "--reset" {
		return s.lab.Juju.ResetConfig(ctx, args[0], args[2:]...)
	}
	options := values{}
	for _, arg := range args[1:] {
		if err := options.Set(arg); err != nil {
			return err
		}
	}
	return s.lab.Juju.SetConfig(ctx, args[0], options)
}

func (s *story) integrate(ctx context.Context, args []string) error {
	var a, b string
	if err := exactly(args, &a, &b); err != nil {
		return err
	}
	return s.lab.Relate(ctx, a, b)
}

// removeRelation removes a relation; with --force the units hear of it only when
// its data are gone.
func (s *story) removeRelation(ctx context.Context, args []string) error {
	flags := newFlags("remove-relation")
	force := flags.Bool("force", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var a, b string
	if err := exactly(flags.Args(), &a, &b); err != nil {
		return err
	}
	if *force {
		return s.lab.Juju.ForceRemoveRelation(ctx, a, b)
	}
	return s.lab.Unrelate(ctx, a, b)
}

// removeApplication removes an application and lets its last hooks run.
func (s *story) removeApplication(ctx context.Context, args []string) error {
	var app string
	if err := exactly(args, &app); err != nil {
		return err
	}
	return s.lab.Remove(ctx, app)
}

func (s *story) addUnit(ctx context.Context, args []string) error {
	var app string
	if err := exactly(args, &app); err != nil {
		return err
	}
	_, err := s.lab.Juju.AddUnit(ctx, app)
	return err
}

func (s *story) removeUnit(ctx context.Context, args []string) error {
	var unit string
	if err := exactly(args, &unit); err != nil {
		return err
	}
	return s.lab.Juju.RemoveUnit(ctx, unit)
}

// trust is `juju trust APP --scope=cluster`, and with --remove its contrary.
func (s *story) trust(ctx context.Context, args []string) error {
	flags := newFlags("trust")
	remove := flags.Bool("remove", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var app string
	if err := exactly(flags.Args(), &app); err != nil {
		return err
	}
	if !*remove {
		return s.lab.Trust(ctx, app)
	}
	if err := s.cluster.Untrust(ctx, s.lab.Model, app); err != nil {
		return err
	}
	return s.lab.Juju.Trust(ctx, app, false)
}

// runAction shows an action's outcome as `juju run` does: its results, or why it
// failed, which fails the command.
func (s *story) runAction(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	params := values{}
	for _, arg := range args[2:] {
		if err := params.Set(arg); err != nil {
			return err
		}
	}
	result, err := s.lab.Juju.RunAction(ctx, args[0], args[1], params)
	if err != nil {
		return err
	}
	keys := make([]string, 0, len(result.Results))
	for key := range result.Results {
		if key != "return-code" { // Juju's own.
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		s.print("%s:\n%s", key, result.Results[key])
	}
	if result.Status != "completed" {
		return fmt.Errorf("action %s: %s", result.Status, result.Message)
	}
	return nil
}

// settle lets everything pending happen. It fails when a hook does, again and
// again.
func (s *story) settle(ctx context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	return s.lab.Settle(ctx)
}

func (s *story) updateStatus(ctx context.Context, args []string) error {
	if err := exactly(args); err != nil {
		return err
	}
	for _, app := range s.deployed {
		if err := s.lab.Juju.UpdateStatus(ctx, app); err != nil {
			return err
		}
	}
	return nil
}

// await runs update-status until the leader has the status, as an operator who
// waits for a controller would see it. With --match the message is a pattern for
// all of it.
func (s *story) await(ctx context.Context, args []string) error {
	flags := newFlags("await")
	match := flags.Bool("match", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var kind, message string
	if err := exactly(flags.Args(), &kind, &message); err != nil {
		return err
	}
	if !*match {
		message = regexp.QuoteMeta(message)
	}
	pattern, err := regexp.Compile("^(?:" + message + ")$")
	if err != nil {
		return err
	}
	app := s.deployed[0]
	return s.lab.Await(ctx, app, func() error {
		for _, unit := range s.lab.Juju.Status().Application(app).Units {
			if !unit.Leader {
				continue
			}
			if unit.Status != kind || !pattern.MatchString(unit.Message) {
				return fmt.Errorf("the status is %s: %s", unit.Status, unit.Message)
			}
			return nil
		}
		return fmt.Errorf("%s has no leader", app)
	})
}

func (s *story) setLeader(_ context.Context, args []string) error {
	var unit string
	if err := exactly(args, &unit); err != nil {
		return err
	}
	app, _, _ := strings.Cut(unit, "/")
	return s.lab.Juju.SetLeader(app, unit)
}

func (s *story) killPod(ctx context.Context, args []string) error {
	var unit string
	if err := exactly(args, &unit); err != nil {
		return err
	}
	return s.lab.Juju.KillPod(ctx, unit)
}

func (s *story) killHook(_ context.Context, args []string) error {
	var unit, after string
	if err := exactly(args, &unit, &after); err != nil {
		return err
	}
	n, err := strconv.Atoi(after)
	if err != nil {
		return errUsage
	}
	return s.lab.Juju.KillDuringHook(unit, n)
}

func (s *story) loseLeadership(_ context.Context, args []string) error {
	var unit, after, heir string
	if err := exactly(args, &unit, &after, &heir); err != nil {
		return err
	}
	n, err := strconv.Atoi(after)
	if err != nil {
		return errUsage
	}
	return s.lab.Juju.LoseLeadershipDuringHook(unit, n, heir)
}

// relationSet writes to the databag of another charm's application or unit.
func (s *story) relationSet(_ context.Context, args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	data, err := pairs(args[1:])
	if err != nil {
		return err
	}
	return s.writeData(args[0], data)
}

func (s *story) writeData(entity string, data map[string]string) error {
	app, _, isUnit := strings.Cut(entity, "/")
	id, err := s.relationOf(app)
	if err != nil {
		return err
	}
	if isUnit {
		return s.lab.Juju.SetUnitData(id, entity, data)
	}
	return s.lab.Juju.SetApplicationData(id, app, data)
}

// relationOf finds the one relation of an application that the story plays.
func (s *story) relationOf(app string) (int, error) {
	for _, relation := range s.lab.Juju.Status().Relations {
		for _, side := range []string{relation.Provider, relation.Requirer} {
			if name, _, _ := strings.Cut(side, ":"); name == app {
				return relation.ID, nil
			}
		}
	}
	return 0, fmt.Errorf("%s is in no relation", app)
}

// requirers adds applications that ask for ingress in their own words, with the
// databags of a YAML file, and relates them in its order. They have no pods.
func (s *story) requirers(ctx context.Context, args []string) error {
	var file string
	if err := exactly(args, &file); err != nil {
		return err
	}
	text, err := os.ReadFile(s.script.MkAbs(file))
	if err != nil {
		return err
	}
	var requirers []struct {
		Name  string              `json:"name"`
		Of    string              `json:"of"` // another model; empty: this one
		App   map[string]string   `json:"app"`
		Units []map[string]string `json:"units"`
	}
	if err := yaml.UnmarshalStrict(text, &requirers); err != nil {
		return err
	}
	for _, requirer := range requirers {
		metadata := jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}
		if requirer.Of != "" {
			metadata.ModelUUID = cluster.ModelUUID(requirer.Of)
		}
		if err := s.lab.Juju.AddScripted(requirer.Name, metadata, len(requirer.Units)); err != nil {
			return err
		}
		if _, err := s.lab.Juju.Integrate(ctx, requirer.Name, s.deployed[0]); err != nil {
			return err
		}
		if err := s.writeData(requirer.Name, requirer.App); err != nil {
			return err
		}
		for number, data := range requirer.Units {
			if err := s.writeData(fmt.Sprintf("%s/%d", requirer.Name, number), data); err != nil {
				return err
			}
		}
	}
	return nil
}
