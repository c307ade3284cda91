package status_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

const (
	charm   = "gateway-api-integrator"
	address = "10.43.45.7"
	active  = "active Gateway addresses: " + address
)

// shared is the cluster of all tests.
var shared *cluster.Cluster

func TestMain(m *testing.M) {
	options := cluster.Options{Addresses: []string{address}, Progress: os.Stderr, BriskTraefik: true}
	os.Exit(lab.MainOn(options, func(c *cluster.Cluster) (int, error) {
		shared = c
		return m.Run(), nil
	}))
}

// A fixture is a model with the charm, an authority and an application, web, served
// over HTTPS when all is well.
type fixture struct {
	*lab.Lab
	t   *testing.T
	ctx context.Context
	app *lab.App
}

// newFixture makes a model. Nothing in it has to be served yet.
func newFixture(t *testing.T, model string, config map[string]any) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), Lab: lab.ForTest(t, lab.Options{Cluster: shared, Model: model})}
	options := map[string]any{"external-hostname": model + ".example.com"}
	for name, value := range config {
		options[name] = value
	}
	f.must(f.Deploy(f.ctx, charm, options, true))
	_, err := f.AddAuthority("ca")
	f.must(err)
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	f.app, err = f.AddApp(f.ctx, "web", 8080, 1)
	f.must(err)
	f.must(f.Relate(f.ctx, "web:ingress", charm))
	f.must(f.Settle(f.ctx))
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// shown is the status of the unit, which the application has to show as well.
func (f *fixture) shown() string {
	f.t.Helper()
	status := f.Juju.Status()
	unit, app := status.Unit(charm+"/0"), status.Application(charm)
	if unit.Status != app.Status || unit.Message != app.Message {
		f.t.Errorf("the unit shows %s %q, the application %s %q", unit.Status, unit.Message, app.Status, app.Message)
	}
	return unit.Status + " " + unit.Message
}

// expect checks the status as it is now.
func (f *fixture) expect(want string) {
	f.t.Helper()
	if got := f.shown(); got != want {
		f.t.Errorf("status is %q, not %q", got, want)
	}
}

// await waits for a status, with update-status as the clock, and gives its message.
func (f *fixture) await(want string) string {
	f.t.Helper()
	f.must(f.Await(f.ctx, charm, func() error {
		if got := f.shown(); got != want {
			return fmt.Errorf("status is %q, not %q", got, want)
		}
		return nil
	}))
	_, message, _ := strings.Cut(want, " ")
	return message
}

// obey does what a message says.
func (f *fixture) obey(message string, choices map[string]string) {
	f.t.Helper()
	f.must(f.Obey(f.ctx, message, choices))
}
