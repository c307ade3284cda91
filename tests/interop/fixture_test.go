package interop_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// charm is the name of the application under test in every model.
const charm = "gateway-api-integrator"

// A fixture is a model, and what a story does there.
type fixture struct {
	*lab.Lab
	t   *testing.T
	ctx context.Context
	ran []string // the hooks that ran, "ca/0 config-changed"
}

// newFixture makes a model, and deploys the charm under test, trusted.
func newFixture(t *testing.T, model string, config map[string]any, options ...func(*lab.Options)) *fixture {
	t.Helper()
	f := newModel(t, model, options...)
	f.must(f.Deploy(f.ctx, charm, config, true))
	f.must(f.Settle(f.ctx))
	return f
}

// newModel makes an empty model.
func newModel(t *testing.T, model string, options ...func(*lab.Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context()}
	o := lab.Options{Cluster: shared, Model: model, Observe: func(run jujutest.HookRun) {
		f.ran = append(f.ran, run.Unit+" "+run.Name)
	}}
	for _, option := range options {
		option(&o)
	}
	f.Lab = lab.ForTest(t, o)
	return f
}

// pythonCharm makes a charm of the sources in charms/ and gives its directory. Its
// dispatch is what charmcraft writes, with the environment of the tests in place of
// one in the charm.
func pythonCharm(t *testing.T, name string) string {
	t.Helper()
	directory := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(directory, os.DirFS(filepath.Join("charms", name))); err != nil {
		t.Fatal(err)
	}
	dispatch := fmt.Sprintf("#!/bin/sh\nexec %s ./src/charm.py\n", os.Getenv(interpreterVariable))
	if err := os.WriteFile(filepath.Join(directory, "dispatch"), []byte(dispatch), 0o755); err != nil {
		t.Fatal(err)
	}
	return directory
}

// python deploys a Python charm of charms/.
func (f *fixture) python(app, name string, options jujutest.DeployOptions) {
	f.t.Helper()
	f.must(f.Juju.Deploy(f.ctx, app, pythonCharm(f.t, name), options))
}

// withAuthority deploys the Python authority as "ca" and relates it to the charm.
func (f *fixture) withAuthority(config map[string]any) *fixture {
	f.t.Helper()
	f.python("ca", "authority", jujutest.DeployOptions{Config: config})
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	f.must(f.Settle(f.ctx))
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// settle lets all happen that is pending, and gives the hooks that ran.
func (f *fixture) settle() []string {
	f.t.Helper()
	f.ran = nil
	f.must(f.Settle(f.ctx))
	return f.ran
}

// configure is `juju config`.
func (f *fixture) configure(app string, config map[string]any) {
	f.t.Helper()
	f.must(f.Juju.SetConfig(f.ctx, app, config))
	f.must(f.Settle(f.ctx))
}

// updateStatus lets five minutes pass for an application.
func (f *fixture) updateStatus(app string) {
	f.t.Helper()
	f.must(f.Juju.UpdateStatus(f.ctx, app))
	f.must(f.Settle(f.ctx))
}

// action is `juju run unit action`, which must complete; what follows is settled.
func (f *fixture) action(unit, name string) map[string]string {
	f.t.Helper()
	result, err := f.Juju.RunAction(f.ctx, unit, name, nil)
	f.must(err)
	if result.Status != "completed" {
		f.t.Fatalf("action %s is %s: %s\n%s", name, result.Status, result.Message, result.Results["stderr"])
	}
	f.must(f.Settle(f.ctx))
	return result.Results
}

// report is what a Python charm's library says of the databags it sees.
func (f *fixture) report(unit string, into any) {
	f.t.Helper()
	f.must(json.Unmarshal([]byte(f.action(unit, "report")["report"]), into))
}

// status is a unit's, as "active message".
func (f *fixture) status(unit string) string {
	status := f.Juju.Status().Unit(unit)
	return strings.TrimSpace(status.Status + " " + status.Message)
}

// active is the charm's status at rest.
const active = "active Gateway addresses: 10.43.45.1"

// awaitStatus waits for a status of the charm, with update-status as the clock.
func (f *fixture) awaitStatus(want string) {
	f.t.Helper()
	f.await(func(got string) bool { return got == want }, want)
}

// awaitStatusLike waits for a status that begins so; what cures it may follow.
func (f *fixture) awaitStatusLike(want string) {
	f.t.Helper()
	f.await(func(got string) bool { return strings.HasPrefix(got, want) }, want)
}

func (f *fixture) await(good func(status string) bool, want string) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		if got := f.status(charm + "/0"); !good(got) {
			return fmt.Errorf("status is %q, not %q", got, want)
		}
		return nil
	}))
}

// awaitServed waits until a client that trusts the root gets an answer, and the
// certificate that it got is the one in PEM.
func (f *fixture) awaitServed(url, root, leaf string) {
	f.t.Helper()
	pool := poolOf(f.t, root)
	want := parse(f.t, leaf)
	f.must(cluster.Eventually(f.ctx, lab.Patience, func(context.Context) error {
		probe := f.Probe(url, pool)
		defer probe.Stop()
		if err := probe.AwaitMore(f.ctx, 1); err != nil {
			return err
		}
		probe.Stop()
		if probe.First != nil {
			return probe.First
		}
		if last := probe.Leaves[len(probe.Leaves)-1]; !last.Equal(want) {
			return fmt.Errorf("%s is served with number %d, not %d", url, last.SerialNumber, want.SerialNumber)
		}
		return nil
	}))
}

// awaitRefused waits until a client is not served over TLS.
func (f *fixture) awaitRefused(url, root string) {
	f.t.Helper()
	pool := poolOf(f.t, root)
	f.must(cluster.Eventually(f.ctx, lab.Patience, func(ctx context.Context) error {
		if _, err := f.Get(ctx, url, pool); err == nil {
			return fmt.Errorf("%s is still served over TLS", url)
		}
		return nil
	}))
}

func poolOf(t *testing.T, root string) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(root)) {
		t.Fatalf("no certificate: %s", root)
	}
	return pool
}

func parse(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no PEM: %q", text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
