package jujutest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// TestMain lets this test binary be the hook tools on the PATH of the charms below.
func TestMain(m *testing.M) {
	jujutest.RunToolIfInvoked()
	os.Exit(m.Run())
}

const (
	providerMetadata = "name: gateway\nprovides:\n  gateway: {interface: ingress}\nrequires:\n  certificates: {interface: tls-certificates, limit: 1}\npeers:\n  peers: {interface: gateway-peers}\n"
	requirerMetadata = "name: web\nrequires:\n  ingress: {interface: ingress}\n"
)

// charmDir writes a charm whose dispatch is a shell script. Extra files come as name, content pairs.
func charmDir(t *testing.T, metadata, script string, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("metadata.yaml", metadata, 0o644)
	if script != "" {
		write("dispatch", "#!/bin/sh\nset -e\n"+script, 0o755)
	}
	for i := 0; i < len(files); i += 2 {
		mode := os.FileMode(0o644)
		if strings.HasPrefix(files[i+1], "#!") {
			mode = 0o755
		}
		write(files[i], files[i+1], mode)
	}
	return dir
}

// world is a simulated Juju with a record of what ran in it.
type world struct {
	*jujutest.Juju
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex
	runs []jujutest.HookRun
}

// newWorld makes a Juju that ends with the test. Changes to its options may be given.
func newWorld(t *testing.T, changes ...func(*jujutest.Options)) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	w := &world{t: t, ctx: ctx}
	options := jujutest.Options{Dir: t.TempDir(), Seed: 1, Observe: w.observe}
	for _, change := range changes {
		change(&options)
	}
	j, err := jujutest.New(options)
	if err != nil {
		t.Fatal(err)
	}
	w.Juju = j
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func profile(p jujutest.Profile) func(*jujutest.Options) {
	return func(o *jujutest.Options) { o.Profile = p }
}

func (w *world) observe(run jujutest.HookRun) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs = append(w.runs, run)
}

// take returns what ran since the last take.
func (w *world) take() []jujutest.HookRun {
	w.mu.Lock()
	defer w.mu.Unlock()
	runs := w.runs
	w.runs = nil
	return runs
}

// events returns the names of what ran on a unit since the last take, relation hooks with their
// remote unit or application.
func (w *world) events(unit string) []string {
	w.t.Helper()
	var names []string
	for _, run := range w.take() {
		if run.Unit == unit {
			names = append(names, label(run))
		}
	}
	return names
}

// label is a hook's name with the remote unit, or application, of a relation hook.
func label(run jujutest.HookRun) string {
	if remote := variable(run, "JUJU_REMOTE_UNIT"); remote != "" {
		return run.Name + " " + remote
	}
	return strings.TrimSpace(run.Name + " " + variable(run, "JUJU_REMOTE_APP"))
}

func variable(run jujutest.HookRun, name string) string {
	for _, v := range run.Env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) deploy(app, dir string, units int) {
	w.t.Helper()
	w.must(w.Deploy(w.ctx, app, dir, jujutest.DeployOptions{Units: units}))
}

func (w *world) settle() {
	w.t.Helper()
	w.must(w.Settle(w.ctx))
}

func (w *world) integrate(a, b string) int {
	w.t.Helper()
	id, err := w.Integrate(w.ctx, a, b)
	w.must(err)
	return id
}

// exec runs a script on a unit and returns its stdout, stderr and exit code as one text.
func (w *world) exec(unit, script string) string {
	w.t.Helper()
	result, err := w.Exec(w.ctx, unit, script)
	w.must(err)
	return fmt.Sprintf("%s%scode %d", result.Stdout, result.Stderr, result.Code)
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}
