package e2e_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// TestAddressPool has a Gateway for which there is no pool of addresses, as on a cluster whose load balancer was given
// none: the status says what is waited for, and when there is a pool all is served.
func TestAddressPool(t *testing.T) {
	t.Parallel()
	const host = "poolless.example.com"
	f := newFixture(t, cluster.ModelWithoutPool, map[string]any{"external-hostname": host}).withAuthority()
	web := f.app("web", 8080, nil)
	f.awaitStatus("waiting", `Waiting for gateway address: AddressNotAssigned: "Gateway waiting for address"`)
	pools := shared.Dynamic().Resource(schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumloadbalancerippools"})
	pool := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": map[string]any{"name": "late"},
		"spec": map[string]any{
			"blocks":          []any{map[string]any{"start": "10.43.46.1", "stop": "10.43.46.9"}},
			"serviceSelector": map[string]any{"matchLabels": map[string]any{"io.kubernetes.service.namespace": f.Model}},
		},
	}}
	_, err := pools.Create(f.ctx, pool, metav1.CreateOptions{})
	f.must(err)
	f.awaitStatus("active", "Gateway addresses: 10.43.46.1")
	f.awaitUnit(web.URL(charm), "web/0")
}
