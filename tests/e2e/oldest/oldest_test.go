package oldest_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

func TestMain(m *testing.M) { os.Exit(lab.Main(m.Run)) }

// TestBundle120 serves an application with everything an object of ours can
// have: redirect, stripped prefix, headers. The API server refuses fields it does
// not know (strict validation), so none of them is newer than the bundle.
func TestBundle120(t *testing.T) {
	t.Parallel()
	const charm = "gateway-api-integrator"
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := cluster.Start(ctx, cluster.Options{Bundle: "1.2.0", Progress: os.Stderr})
	must(err)
	t.Cleanup(func() { must(c.Stop()) })
	l, err := lab.New(ctx, lab.Options{Cluster: c, Model: "oldest"})
	must(err)
	t.Cleanup(func() { must(l.Close(context.Background())) })

	must(l.Deploy(ctx, charm, map[string]any{"external-hostname": "oldest.example.com"}, true))
	ca, err := l.AddAuthority("ca")
	must(err)
	must(l.Relate(ctx, charm, "ca"))
	app, err := l.AddApp(ctx, "web", 8080, 1)
	must(err)
	app.Request["strip-prefix"] = "true"
	must(l.Relate(ctx, "web:ingress", charm))
	must(l.Settle(ctx))
	must(l.Await(ctx, charm, func() error {
		unit := l.Juju.Status().Unit(charm + "/0")
		if unit.Status != "active" || unit.Message != "Gateway addresses: "+c.GatewayAddress() {
			return fmt.Errorf("%s is %s %q", unit.Name, unit.Status, unit.Message)
		}
		return nil
	}))
	must(cluster.Eventually(ctx, lab.Patience, func(ctx context.Context) error {
		response, err := l.Get(ctx, "https://oldest.example.com/oldest-web/a", ca.Pool())
		if err == nil && (response.Echo.Path != "/a" || response.Echo.Prefix != "/oldest-web") {
			err = fmt.Errorf("answer is %+v", response)
		}
		return err
	}))
	must(l.Expect(ctx, "http://oldest.example.com/oldest-web/a", nil, 301))
}
