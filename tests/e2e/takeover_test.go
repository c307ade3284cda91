package e2e_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// leftovers are objects as the Python charm makes them: created, not applied, by
// a client with our field manager's name.
var leftovers = map[string]string{
	"gateways": `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway-api-integrator}
spec:
  gatewayClassName: traefik
  listeners:
  - {name: gateway-api-integrator-http-old-example-com, port: 80, protocol: HTTP, hostname: old.example.com, allowedRoutes: {namespaces: {from: All}}}
  - {name: gateway-api-integrator-http-taken-example-com, port: 80, protocol: HTTP, hostname: taken.example.com, allowedRoutes: {namespaces: {from: All}}}
`,
	"httproutes": `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: gateway-api-integrator-http}
spec:
  hostnames: [old.example.com]
  parentRefs: [{name: gateway-api-integrator, sectionName: gateway-api-integrator-http-old-example-com}]
`,
}

// TestTakeOver shows that nothing of such objects is left: no listener, no host name, no wider
// permission; and that they cost no request afterwards.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	f := newModel(t, "taken")
	for resource, text := range leftovers {
		var object unstructured.Unstructured
		f.must(yaml.Unmarshal([]byte(text), &object.Object))
		object.SetLabels(map[string]string{"gateway-api-integrator.charm.juju.is/managed-by": charm})
		_, err := shared.Dynamic().Resource(gatewayAPI(resource)).Namespace("taken").
			Create(f.ctx, &object, metav1.CreateOptions{FieldManager: charm})
		f.must(err)
	}
	f.deploy(map[string]any{"external-hostname": "taken.example.com"})
	f.withAuthority()
	f.app("web", 8080, nil)
	f.awaitStatus("active", active)

	gateway, err := shared.Dynamic().Resource(gatewayAPI("gateways")).Namespace("taken").Get(f.ctx, charm, metav1.GetOptions{})
	f.must(err)
	listeners, _, err := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
	f.must(err)
	var got []string
	for _, listener := range listeners {
		name, _, _ := unstructured.NestedString(listener.(map[string]any), "name")
		from, _, _ := unstructured.NestedString(listener.(map[string]any), "allowedRoutes", "namespaces", "from")
		got = append(got, name+" "+from)
	}
	slices.Sort(got)
	want := []string{charm + "-http-taken-example-com Same", charm + "-https-taken-example-com Same"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
	redirect, err := shared.Dynamic().Resource(gatewayAPI("httproutes")).Namespace("taken").Get(f.ctx, lab.RedirectRoute(charm, "taken.example.com"), metav1.GetOptions{})
	f.must(err)
	if hosts, found, _ := unstructured.NestedSlice(redirect.Object, "spec", "hostnames"); found {
		t.Errorf("host names linger: %v", hosts)
	}

	// An object that was taken over costs nothing any more.
	if counts, _ := f.atRest(); counts["list gateways"] == 0 {
		t.Errorf("the hook did not look: %v", counts)
	}
}

func gatewayAPI(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: resource}
}
