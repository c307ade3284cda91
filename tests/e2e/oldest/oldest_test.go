package oldest_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// shared is the cluster.
var shared *cluster.Cluster

func TestMain(m *testing.M) {
	options := cluster.Options{Bundle: "1.2.0", Progress: os.Stderr, BriskTraefik: true}
	os.Exit(lab.MainOn(options, func(c *cluster.Cluster) (int, error) {
		shared = c
		return m.Run(), nil
	}))
}

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
	l := lab.ForTest(t, lab.Options{Cluster: shared, Model: "oldest"})

	must(l.Deploy(ctx, charm, map[string]any{"external-hostname": "oldest.example.com"}, true))
	ca, err := l.AddAuthority("ca")
	must(err)
	must(l.Relate(ctx, charm+":certificates", "ca"))
	app, err := l.AddApp(ctx, "web", 8080, 1)
	must(err)
	app.Request["strip-prefix"] = "true"
	must(l.Relate(ctx, "web:ingress", charm))
	must(l.Settle(ctx))
	must(l.Await(ctx, charm, func() error {
		unit := l.Juju.Status().Unit(charm + "/0")
		if unit.Status != "active" || unit.Message != "Gateway addresses: "+shared.GatewayAddress() {
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

	// The bundle has no BackendTLSPolicy. The test cluster has, because Traefik starts
	// with it only; once started, it can do without. Who needs the kind is named, and
	// nobody else notices.
	must(shared.Dynamic().Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}).
		Delete(ctx, "backendtlspolicies.gateway.networking.k8s.io", metav1.DeleteOptions{}))
	probe := l.Probe("https://oldest.example.com/oldest-web/a", ca.Pool())
	signer, err := lab.NewAuthority("backend")
	must(err)
	_, err = l.AddCASource("authorities", signer)
	must(err)
	must(l.Relate(ctx, charm+":receive-ca-cert", "authorities"))
	vault, err := l.AddTLSApp(ctx, "vault", 8443, 1, signer)
	must(err)
	must(l.Relate(ctx, "vault:ingress", charm))
	must(l.Settle(ctx))
	const want = "1 of 2 applications served; vault: the cluster has no BackendTLSPolicy; install Gateway API 1.4 or newer"
	must(l.Await(ctx, charm, func() error {
		if unit := l.Juju.Status().Unit(charm + "/0"); unit.Status != "active" || unit.Message != want {
			return fmt.Errorf("%s is %s %q", unit.Name, unit.Status, unit.Message)
		}
		return nil
	}))
	must(l.Expect(ctx, "https://oldest.example.com/oldest-vault", ca.Pool(), 404))
	must(probe.AwaitMore(ctx, 2))
	probe.Stop()
	if probe.Failed > 0 || vault.Reached.Load()+vault.Plain.Load() > 0 {
		t.Errorf("%d of %d requests failed, first: %v; the other application got %d", probe.Failed, probe.Sent, probe.First, vault.Reached.Load()+vault.Plain.Load())
	}
}
