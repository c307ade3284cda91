package charm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// admitted tells of each listener of the Gateway which namespaces may attach routes to it.
func (w *world) admitted() map[string]string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	all := map[string]string{}
	for _, listener := range w.objects[gatewayAPI+"/namespaces/prod/gateways/gw"]["spec"].(map[string]any)["listeners"].([]any) {
		fields := listener.(map[string]any)
		allowed := fields["allowedRoutes"].(map[string]any)["namespaces"].(map[string]any)
		text := allowed["from"].(string)
		if selector, ok := allowed["selector"].(map[string]any); ok {
			text = fmt.Sprint(selector["matchExpressions"].([]any)[0].(map[string]any)["values"])
		}
		all[fields["name"].(string)] = text
	}
	return all
}

// The namespace from which routes may come is found by the model's UUID. Juju gives that, not the
// relation data. For an application of our model Juju is asked once, and the cluster is not asked.
func TestNamespaceOfRoutes(t *testing.T) {
	t.Parallel()
	const remote = "remote-0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		application, uuid string
		unsupported       bool
		want              string
	}{
		"of our model":                                 {application: "routes", want: "Same"},
		"of another model":                             {application: remote, uuid: "uuid-far", want: "[far prod]"},
		"of a model that is not in the cluster":        {application: remote, uuid: "uuid-none", want: "All"},
		"by an alias of our operator's":                {application: "alias", uuid: "uuid-far", want: "[far prod]"},
		"of our model, which an old Juju does not say": {application: "routes", unsupported: true, want: "Same"},
		"of another, which an old Juju does not say":   {application: remote, unsupported: true, want: "All"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withRoutes()
			w.remotes["gateway-route:3"], w.models = c.application, map[string]string{"gateway-route:3": c.uuid}
			w.bags["gateway-route:3"][c.application] = w.bags["gateway-route:3"]["routes"]
			w.objects["/api/v1/namespaces/far"] = map[string]any{"metadata": map[string]any{
				"name": "far", "annotations": map[string]any{"model.juju.is/id": "uuid-far"},
			}}
			if c.unsupported {
				w.before = func(call gocharm.Call) error {
					if call.Tool == "relation-model-get" {
						return gocharm.ErrUnsupported
					}
					return nil
				}
			}
			w.quiet()
			if diff := cmp.Diff(map[string]string{"gw-http-a-example-com": c.want, "gw-http-web-example-com": "Same"}, w.admitted()); diff != "" {
				t.Errorf("routes may come (-want +got):\n%s", diff)
			}
			asks := slices.Contains(w.calls, "relation-model-get gateway-route:3 gateway-route:3")
			if ours := c.uuid == "" && !c.unsupported; ours && asks {
				t.Error("the model of one of ours is asked for again")
			}
		})
	}
}

// An application without a host is served beside one with a host only from its own namespace. If
// that is not known, and the class does not claim isolation, the application is refused, and the
// status names it.
func TestHostlessRoutes(t *testing.T) {
	t.Parallel()
	const remote = "remote-0123456789abcdef0123456789abcdef"
	w := newWorld(t)
	w.withRoutes()
	w.remotes["gateway-route:3"], w.models = remote, map[string]string{"gateway-route:3": "uuid-far"}
	w.bags["gateway-route:3"][remote] = map[string]string{"hostname": "null", "additional_hostnames": "[]"}
	w.quiet()
	if diff := cmp.Diff(map[string]string{"gw-http-web-example-com": "Same"}, w.admitted()); diff != "" {
		t.Errorf("routes may come (-want +got):\n%s", diff)
	}
	if got := w.lastStatus(); !strings.Contains(got, "without a hostname it would open other hosts; give it a hostname") {
		t.Errorf("status is %q", got)
	}
	w.objects["/api/v1/namespaces/far"] = map[string]any{"metadata": map[string]any{
		"name": "far", "annotations": map[string]any{"model.juju.is/id": "uuid-far"},
	}}
	w.quiet()
	if diff := cmp.Diff(map[string]string{"gw-http": "[far prod]", "gw-http-web-example-com": "Same"}, w.admitted()); diff != "" {
		t.Errorf("routes may come, its namespace being known (-want +got):\n%s", diff)
	}
}
