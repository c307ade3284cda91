package e2e_test

import (
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// TestAddressPool has a Gateway without a pool of addresses, as on a cluster whose load balancer
// has none. The status says what is missing, and when there is a pool everything is served.
func TestAddressPool(t *testing.T) {
	t.Parallel()
	const host = "poolless.example.com"
	f := newFixture(t, cluster.ModelWithoutPool, map[string]any{"external-hostname": host}).withAuthority()
	web := f.app("web", 8080, nil)
	f.awaitStatus("waiting", `Waiting for gateway address: AddressNotAssigned: "Gateway waiting for address"`)
	mine := map[string]any{"matchLabels": map[string]any{cluster.LabelServiceNamespace: f.Model}}
	f.must(shared.CreateIPPool(f.ctx, "late", "10.43.46.1", "10.43.46.9", mine))
	f.awaitStatus("active", "Gateway addresses: 10.43.46.1")
	f.awaitUnit(web.URL(charm), "web/0")
}
