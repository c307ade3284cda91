package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// shared is the cluster of all tests. Each test has a model and hosts of its own
// in it, and takes away nothing that others need: all run in parallel.
var shared *cluster.Cluster

func TestMain(m *testing.M) {
	jujutest.RunToolIfInvoked() // Its arguments are none of ours.
	plane := chooseDataPlane()
	options := cluster.Options{Progress: os.Stderr, DataPlane: plane, Dir: *clusterDir, BriskTraefik: true}
	os.Exit(lab.MainOn(options, func(c *cluster.Cluster) (int, error) {
		shared = c
		return m.Run(), nil
	}))
}

// charm is the application's name in every model.
const charm = "gateway-api-integrator"

// A fixture is a model with the charm in it, and what a test does there.
type fixture struct {
	*lab.Lab
	t   *testing.T
	ctx context.Context
	ca  *lab.Authority
	log *strings.Builder
	run func(jujutest.HookRun)
	ran []string // the hooks that ran, "gateway-api-integrator/0 config-changed"
}

// newFixture makes a model and deploys the charm, trusted.
func newFixture(t *testing.T, model string, config map[string]any, options ...func(*lab.Options)) *fixture {
	t.Helper()
	f := newModel(t, model, options...)
	f.deploy(config)
	return f
}

// newModel makes an empty model.
func newModel(t *testing.T, model string, options ...func(*lab.Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), log: &strings.Builder{}, run: func(jujutest.HookRun) {}}
	o := lab.Options{
		Cluster: shared, Model: model, Log: f.log,
		Observe: func(run jujutest.HookRun) {
			f.ran = append(f.ran, run.Unit+" "+run.Name)
			f.run(run)
		},
	}
	for _, option := range options {
		option(&o)
	}
	f.Lab = lab.ForTest(t, o)
	return f
}

func (f *fixture) deploy(config map[string]any) {
	f.t.Helper()
	f.must(f.Deploy(f.ctx, charm, config, true))
	f.must(f.Settle(f.ctx))
}

// withAuthority adds a certificate authority.
func (f *fixture) withAuthority() *fixture {
	f.t.Helper()
	var err error
	f.ca, err = f.AddAuthority("ca")
	f.must(err)
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	f.must(f.Settle(f.ctx))
	return f
}

// app adds an application of one unit and relates it, with changes to what it
// asks for.
func (f *fixture) app(name string, port int, request map[string]string) *lab.App {
	f.t.Helper()
	app, err := f.AddApp(f.ctx, name, port, 1)
	f.must(err)
	for key, value := range request {
		app.Request[key] = value
	}
	f.must(f.Relate(f.ctx, name+":ingress", charm))
	f.must(f.Settle(f.ctx))
	return app
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// awaitStatus waits for a status, with update-status as the clock.
func (f *fixture) awaitStatus(kind, message string) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		message := f.here(message) // The Gateway may get its address meanwhile.
		if unit := f.Juju.Status().Unit(charm + "/0"); unit.Status != kind || unit.Message != message {
			return fmt.Errorf("status is %s %q, not %s %q", unit.Status, unit.Message, kind, message)
		}
		return nil
	}))
}

// awaitStatusBeginning waits for a status, "active Gateway…", that begins so.
func (f *fixture) awaitStatusBeginning(want string) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		want := f.here(want)
		if got := f.status(); !strings.HasPrefix(got, want) {
			return fmt.Errorf("status is %q, not %q…", got, want)
		}
		return nil
	}))
}

// active is the message of a charm at rest; see here.
const active = "Gateway addresses: 10.43.45.1"

// awaitAnswer waits until a URL answers with the code.
func (f *fixture) awaitAnswer(url string, code int) lab.Response {
	f.t.Helper()
	var response lab.Response
	f.must(eventually(f.ctx, func(ctx context.Context) (err error) {
		var trusted *lab.Authority
		if trusted = f.ca; trusted == nil {
			response, err = f.Get(ctx, url, nil)
		} else {
			response, err = f.Get(ctx, url, trusted.Pool())
		}
		if err == nil && response.Code != code {
			err = fmt.Errorf("%s answers %d, not %d", url, response.Code, code)
		}
		return err
	}))
	return response
}

// awaitRefused waits until a TLS client is not served.
func (f *fixture) awaitRefused(url string) {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		if _, err := f.Get(ctx, url, f.ca.Pool()); err == nil {
			return errors.New(url + " is still served over TLS")
		}
		return nil
	}))
}

// awaitLeft waits until a TLS client is not served at a URL that its application has left
// for another, which takes some seconds and an event.
func (f *fixture) awaitLeft(url string) {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		if _, err := f.Get(f.ctx, url, f.ca.Pool()); err == nil {
			return errors.New(url + " is still served over TLS")
		}
		return nil
	}))
}

// awaitNothing waits until the cluster has nothing of the charm any more.
func (f *fixture) awaitNothing() {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		objects, err := f.Objects(ctx, charm)
		if err == nil && len(objects) > 0 {
			err = fmt.Errorf("left over: %v", objects)
		}
		return err
	}))
}

// atRest runs a hook that has nothing to change, once the controllers have judged all, and
// gives the requests by which it sees that, such as "list gateways", and how many they are.
// Any other request is an error.
func (f *fixture) atRest() (requests map[string]int, all int) {
	f.t.Helper()
	f.awaitJudged()
	requests, writes, all := f.lookOnce()
	for _, request := range writes {
		f.t.Errorf("a hook that changes nothing does %s", request)
	}
	return requests, all
}

// lookOnce runs update-status, and gives the requests of it, which of them write, and how
// many there are in all.
func (f *fixture) lookOnce() (requests map[string]int, writes []string, all int) {
	f.t.Helper()
	user := cluster.ServiceAccount(f.Model, charm)
	f.must(shared.ResetRequestCounts(user))
	f.updateStatus()
	requests, err := shared.RequestCount(user)
	f.must(err)
	for request, n := range requests {
		all += n
		if !strings.HasPrefix(request, "list ") && !strings.HasPrefix(request, "get ") {
			writes = append(writes, request)
		}
	}
	return requests, writes, all
}

func eventually(ctx context.Context, check func(context.Context) error) error {
	return cluster.Eventually(ctx, lab.Patience, check)
}

// unfailing runs do while a client asks for the URL, which must not fail once.
func (f *fixture) unfailing(url string, do func()) {
	f.t.Helper()
	f.awaitAnswer(url, 200)
	probe := f.Probe(url, f.ca.Pool())
	do()
	probe.Stop()
	f.t.Logf("%s: %d requests, %d failed", url, probe.Sent, probe.Failed)
	if probe.Failed > 0 || probe.Sent == 0 {
		f.t.Errorf("%d of %d requests failed, first: %v", probe.Failed, probe.Sent, probe.First)
	}
}
