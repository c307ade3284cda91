package charm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// servingTLS is a world behind Cilium in which an application of one unit is spoken to in TLS.
func servingTLS(t *testing.T) *world {
	t.Helper()
	w := withBackendTLS(t)
	w.controller = "io.cilium/gateway-controller"
	class := w.objects[gatewayAPI+"/gatewayclasses/c"]
	class["spec"].(map[string]any)["controllerName"] = w.controller
	class["status"].(map[string]any)["supportedFeatures"] = []any{map[string]any{"name": "BackendTLSPolicy"}}
	w.bags["receive-ca-cert:7"]["ca"] = map[string]string{"certificates": quoted(t, []string{backendCA(t)}), "version": "1"}
	for range 2 {
		w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
		w.control()
	}
	if got := w.weights(); got != "shop-0:1" {
		t.Fatalf("the route leads to %s; the status is %s", got, w.lastStatus())
	}
	w.units["gateway:1"] = append(w.units["gateway:1"], "shop/1")
	w.bags["gateway:1"]["shop/1"] = map[string]string{"host": `"shop-1"`}
	w.writes()
	return w
}

// weights is what the one route leads to, such as "shop-0:1 shop-1:0".
func (w *world) weights() string {
	for path, object := range w.objects {
		if !strings.Contains(path, "/httproutes/") {
			continue
		}
		var all []string
		rule := object["spec"].(map[string]any)["rules"].([]any)[0].(map[string]any)
		for _, one := range rule["backendRefs"].([]any) {
			ref := one.(map[string]any)
			name := strings.TrimSuffix(strings.TrimPrefix(ref["name"].(string), "gw-"), "-service")
			all = append(all, fmt.Sprintf("%s:%v", name, ref["weight"]))
		}
		return strings.Join(all, " ")
	}
	return ""
}

// TestUnitComesInOneHook: a Service that is new to a route is first named with weight 0 for Cilium,
// and gets requests by the end of the hook.
func TestUnitComesInOneHook(t *testing.T) {
	t.Parallel()
	w := servingTLS(t)
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	routes := slices.DeleteFunc(w.made(), func(write string) bool { return !strings.HasSuffix(write, " httproutes") })
	if got := w.weights(); got != "shop-0:1 shop-1:1" || len(routes) != 2 {
		t.Errorf("the route was written %d times, and leads to %s", len(routes), got)
	}
	w.control()
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := w.weights(); got != "shop-0:1 shop-1:1" {
		t.Errorf("then the route leads to %s", got)
	}
}

// TestUnitComesToASlowController: if no controller judges the route, the next hook writes the next
// stage.
func TestUnitComesToASlowController(t *testing.T) {
	t.Parallel()
	w := servingTLS(t)
	w.slow = true
	for range 2 {
		w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
		if got := w.weights(); got != "shop-0:1 shop-1:0" {
			t.Errorf("before it is judged the route leads to %s", got)
		}
	}
	w.control()
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := w.weights(); got != "shop-0:1 shop-1:1" {
		t.Errorf("the route leads to %s", got)
	}
}
