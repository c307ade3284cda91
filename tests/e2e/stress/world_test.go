package stress_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

const (
	charm = "gateway-api-integrator"
	model = "stress"
	// steady is the application that is spared.
	steady = "steady"
)

// A world is the model, and all that the test itself knows of it.
type world struct {
	*lab.Lab
	t    *testing.T
	ctx  context.Context
	rand *rand.Rand
	log  *watchedLog

	hostname string // external-hostname
	invalid  bool   // external-hostname is set to what is none
	enforce  bool   // enforce-https
	apps     []*application
	// authorities are all there ever were; provider is the one that is related, or
	// nil, and certificates the id of its relation.
	authorities  []*lab.Authority
	provider     *lab.Authority
	certificates int
	// leaving are the units that are being removed, or have been.
	leaving map[string]bool
	// ghosts are the ids of certificates relations that agents may list though they are gone.
	ghosts []int
	// former are the authorities that were related by those.
	former map[string]bool
	// unjudged says that the charm waited for the Gateway to be judged in the last hook that was carried through.
	unjudged bool
	// twins says that a relation may be listed beside the ghost of one with the same application. The charm
	// needs a minute to believe it.
	twins bool
	other *otherInstance
	// strangers are the objects made by hand, hashed the names that others have or had, with which ours
	// may have a hash; both by kind.
	strangers map[string]stranger
	hashed    map[string]bool
	// stuck are the hosts whose certificates the authority has to issue anew, since
	// the charm does not ask twice.
	stuck map[string]bool
	// skew is how far Juju's clock is ahead.
	skew time.Duration
	// expires is when the last short certificate does.
	expires time.Time
	middle  *middleman

	knowledge
	probe        *lab.Probe
	sent, failed int
	hooks, round int
	trace        []string
}

// An application asks for ingress while it is related.
type application struct {
	*lab.App
	related bool
	ghost   bool // a relation of it may be listed that is gone
}

// profileOf is the Juju of a seed.
func profileOf(seed uint64) jujutest.Profile {
	profiles := []jujutest.Profile{jujutest.OldJuju3, jujutest.Juju36, jujutest.Juju40}
	return profiles[seed%uint64(len(profiles))]
}

func newWorld(t *testing.T, c *cluster.Cluster, seed uint64) *world {
	w := &world{
		t: t, ctx: t.Context(), rand: rand.New(rand.NewPCG(seed, 0x73747265)), log: &watchedLog{},
		hostname: "one.example.com", enforce: true, stuck: map[string]bool{}, leaving: map[string]bool{},
		strangers: map[string]stranger{}, former: map[string]bool{}, hashed: map[string]bool{}, knowledge: newKnowledge(),
	}
	var err error
	w.Lab, err = lab.New(w.ctx, lab.Options{
		Cluster: c, Model: model, Seed: seed, Log: w.log, Observe: w.observe, Profile: profileOf(seed),
		Now: func() time.Time { return time.Now().Add(w.skew) },
	})
	w.must(err)
	return w
}

// begin makes the model that the steps find.
func (w *world) begin() {
	w.must(w.Deploy(w.ctx, charm, map[string]any{"external-hostname": w.hostname, "routing-mode": "subdomain"}, true))
	w.interpose()
	_, err := w.Juju.AddUnit(w.ctx, charm)
	w.must(err)
	w.addAuthority()
	w.relateAuthority(w.authorities[0])
	w.addApplication(steady)
	w.addApplication("web0")
	w.addOther()
	w.settle()
}

func (w *world) addAuthority() *lab.Authority {
	authority, err := w.AddAuthority(fmt.Sprintf("ca%d", len(w.authorities)))
	w.must(err)
	w.authorities = append(w.authorities, authority)
	return authority
}

func (w *world) relateAuthority(authority *lab.Authority) {
	w.must(w.Relate(w.ctx, charm+":certificates", authority.Name))
	w.provider = authority
	w.certificates = w.relationOf(authority.Name)
	w.twins = w.twins || w.former[authority.Name]
}

// relationOf returns the id of the relation with an application, the newest one.
func (w *world) relationOf(app string) int {
	id := unrelated
	for _, relation := range w.Juju.Status().Relations {
		if strings.HasPrefix(relation.Provider, app+":") || strings.HasPrefix(relation.Requirer, app+":") {
			id = max(id, relation.ID)
		}
	}
	return id
}

func (w *world) addApplication(name string) {
	app, err := w.AddApp(w.ctx, name, 8080, 1)
	w.must(err)
	w.apps = append(w.apps, &application{App: app})
	w.relate(w.apps[len(w.apps)-1])
}

func (w *world) relate(app *application) {
	w.must(w.Relate(w.ctx, app.Name+":ingress", charm))
	app.related = true
	w.twins = w.twins || app.ghost
	w.known[w.host(app.Name)] = true
}

// related are the applications that ask for ingress, but the one that is spared.
func (w *world) related() []*application {
	return slices.DeleteFunc(slices.Clone(w.apps), func(a *application) bool { return !a.related || a.Name == steady })
}

func (w *world) host(app string) string { return model + "-" + app + "." + w.hostname }

// hosts returns the hosts that the applications should have, without the spared one.
func (w *world) hosts() []string {
	var all []string
	for _, app := range w.related() {
		all = append(all, w.host(app.Name))
	}
	return all
}

// one picks one of several by chance.
func one[T any](w *world, all []T) T { return all[w.rand.IntN(len(all))] }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.fatalf("%v", err)
	}
}

func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	w.trace = append(w.trace, line)
	if *show {
		w.t.Log(line)
	}
}

// fatalf ends the test, and tells how to see it again and what went before.
func (w *world) fatalf(format string, args ...any) {
	w.t.Helper()
	const lines = 150
	trace := w.trace[max(0, len(w.trace)-lines):]
	w.t.Fatalf("seed %d, step %d: %s\n\nsteps and hooks:\n%s\n\n%s\nlog of the units:\n%s", *seed, w.round,
		fmt.Sprintf(format, args...), strings.Join(trace, "\n"), w.Juju.Status(), w.log.tail())
}

// startProbe has a client ask for the application that is spared. It trusts every
// authority there is.
func (w *world) startProbe() {
	if w.probe == nil {
		w.probe = w.Probe("https://"+w.host(steady)+"/", lab.PoolOf(w.authorities...))
	}
}

// checkProbe ends the test when a request has failed.
func (w *world) checkProbe() {
	w.t.Helper()
	if w.probe != nil && w.probe.Trouble() != nil {
		w.pauseProbe()
	}
}

// pauseProbe ends the client's requests, and counts them.
func (w *world) pauseProbe() {
	if w.probe == nil {
		return
	}
	w.probe.Stop()
	w.sent, w.failed = w.sent+w.probe.Sent, w.failed+w.probe.Failed
	failed, first := w.probe.Failed, w.probe.First
	w.probe = nil
	if failed > 0 {
		w.fatalf("%d requests to the spared application failed, first: %v", failed, first)
	}
}

// leader is the unit that leads, empty for none.
func (w *world) leader() string {
	for _, unit := range w.Juju.Status().Application(charm).Units {
		if unit.Leader {
			return unit.Name
		}
	}
	return ""
}

// units are those of the charm that are not being removed. There are two.
func (w *world) units() []string {
	return slices.DeleteFunc(w.allUnits(), func(unit string) bool { return w.leaving[unit] })
}

// allUnits are all units of the charm.
func (w *world) allUnits() []string {
	var all []string
	for _, unit := range w.Juju.Status().Application(charm).Units {
		all = append(all, unit.Name)
	}
	return all
}

// standby is a unit that does not lead.
func (w *world) standby() string {
	units := w.units()
	return units[(slices.Index(units, w.leader())+1)%len(units)]
}

// calls reports whether a run of a hook has called the tool.
func calls(run jujutest.HookRun, tool string) bool {
	return slices.ContainsFunc(run.Calls, func(call jujutest.ToolCall) bool { return call.Tool == tool })
}
