package hooks

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// charm is the charm under test, and the application's name where a story says
// no other.
const charm = "gateway-api-integrator"

// patience bounds one command of a story.
const patience = 2 * time.Minute

// A story is one script under way.
type story struct {
	lab         *lab.Lab // nil before `juju add-model`
	cluster     *cluster.Cluster
	authorities map[string]*lab.Authority
	rogues      map[string]*rogue
	deployed    []string         // applications of the charm
	keys        []*rsa.PublicKey // of requests, in the order in which they were seen

	script *testscript.TestScript // of the command under way
	out    io.Writer              // standard output of the command under way

	mu    sync.Mutex
	log   bytes.Buffer       // of the units, since the mark
	all   bytes.Buffer       // of the units
	runs  []jujutest.HookRun // all of them
	first int                // number of the first of them since the mark
	ahead time.Duration      // by how much Juju's clock is ahead of the machine's
}

// storyKey finds the story among a script's values.
type storyKey struct{}

// setup returns a script its story, and $CHARM: the charm as Juju unpacks it.
func setup(env *testscript.Env) error {
	s := &story{
		cluster:     shared.cluster,
		authorities: map[string]*lab.Authority{},
		rogues:      map[string]*rogue{},
	}
	env.Values[storyKey{}] = s
	env.Setenv("CHARM", shared.charm)
	env.Defer(func() {
		if failed, ok := env.T().(interface{ Failed() bool }); ok && failed.Failed() {
			env.T().Log(s.lastHooks())
		}
		if err := s.close(); err != nil {
			env.T().Fatal(fmt.Sprintf("cannot clear the model: %v", err))
		}
	})
	return nil
}

func (s *story) close() error {
	if s.lab == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.lab.Close(ctx)
}

// lastHooks is the end of the units' log, for whoever has to find out what went
// wrong.
func (s *story) lastHooks() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(s.all.String()), "\n")
	return "the log ends:\n" + strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// observe remembers a hook.
func (s *story) observe(run jujutest.HookRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, run)
}

// Write takes the units' log.
func (s *story) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Write(line)
	return s.log.Write(line)
}

// hooks are those that ran since the mark.
func (s *story) hooks() []jujutest.HookRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.runs[s.first:])
}

// everyHook are those that ran ever.
func (s *story) everyHook() []jujutest.HookRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.runs)
}

// mark forgets what hooks, log and API server have recorded.
func (s *story) mark(context.Context, []string) error {
	s.mu.Lock()
	s.first = len(s.runs)
	s.log.Reset()
	s.mu.Unlock()
	for _, app := range s.deployed {
		if err := s.cluster.ResetRequestCounts(cluster.ServiceAccount(s.lab.Model, app)); err != nil {
			return err
		}
	}
	return nil
}

// print writes a line to the command's standard output.
func (s *story) print(format string, args ...any) {
	fmt.Fprintf(s.out, format+"\n", args...)
}

// A command is what one word of a story does. Its output is the script's
// standard output; an error fails the story, unless it is preceded by "!".
type command func(s *story, ctx context.Context, args []string) error

// word makes a script's word of a command.
func word(do command) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		s := ts.Value(storyKey{}).(*story)
		s.script, s.out = ts, ts.Stdout()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := do(s, ctx, args)
		switch {
		case neg && err == nil:
			ts.Fatalf("unexpected success")
		case neg:
			fmt.Fprintln(ts.Stderr(), err)
		case err != nil:
			ts.Fatalf("%v", err)
		}
	}
}

// errUsage is what a command says of arguments that it does not understand.
var errUsage = errors.New("cannot understand the arguments")

// withoutModel can be told before there is a model.
var withoutModel = []string{"add-model", "install-crds", "remove-crds"}

// among makes one command of several: the first argument says which.
func among(commands map[string]command) command {
	return func(s *story, ctx context.Context, args []string) error {
		if len(args) == 0 {
			return errUsage
		}
		do, ok := commands[args[0]]
		if !ok {
			return fmt.Errorf("%w: there is no %q", errUsage, args[0])
		}
		if s.lab == nil && !slices.Contains(withoutModel, args[0]) {
			return errors.New("there is no model: begin with `juju add-model`")
		}
		return do(s, ctx, args[1:])
	}
}

// exactly takes as many arguments as there are pointers.
func exactly(args []string, to ...*string) error {
	if len(args) != len(to) {
		return fmt.Errorf("%w: %d of them, not %d", errUsage, len(args), len(to))
	}
	for i, arg := range args {
		*to[i] = arg
	}
	return nil
}

// pairs reads key=value arguments.
func pairs(args []string) (map[string]string, error) {
	values := map[string]string{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%w: %q is not key=value", errUsage, arg)
		}
		values[key] = value
	}
	return values, nil
}

// until runs a program again and again until a file matches: what an operator
// does who waits for a controller without Juju.
func (s *story) until(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return errUsage
	}
	pattern, err := regexp.Compile(args[0])
	if err != nil {
		return err
	}
	return cluster.Eventually(ctx, lab.Patience, func(context.Context) error {
		if err := s.script.Exec(args[2], args[3:]...); err != nil {
			return err
		}
		if text := s.script.ReadFile(args[1]); !pattern.MatchString(text) {
			return fmt.Errorf("%s has no %s: %s", args[1], pattern, text)
		}
		return nil
	})
}
