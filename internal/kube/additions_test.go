package kube

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// TestAdditionsAreTakenAway: somebody gave a route hostnames, which the charm did not set and so did not
// compare: the route served nobody who was told of it, for good. The same goes for listeners, and for what
// verifies those who speak TLS.
func TestAdditionsAreTakenAway(t *testing.T) {
	t.Parallel()
	anyHost := gateway("gw", "a.example.com")
	anyHost.Spec.Listeners[0].Hostname = nil
	routes := gatewayv1.NamespacesFromSame
	anyHost.Spec.Listeners[0].AllowedRoutes = &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: &routes}}
	cleaned := []any{map[string]any{
		"name": "gw-a.example.com", "port": 80.0, "protocol": "HTTP",
		"allowedRoutes": map[string]any{"namespaces": map[string]any{"from": "Same"}},
	}}
	gone := map[string]any{"spec": map[string]any{"validation": map[string]any{"subjectAltNames": nil}}}
	for name, c := range map[string]struct {
		object Object
		path   string
		edit   func(spec map[string]any)
		want   map[string]any
	}{
		"hostnames of a route": {httpRoute("r"), routesPath, func(spec map[string]any) {
			spec["hostnames"] = []any{"nowhere.example.com"}
		}, map[string]any{"spec": map[string]any{"hostnames": nil}}},
		"names that are verified": {policy("p", "p.example.com"), policiesPath, func(spec map[string]any) {
			spec["validation"].(map[string]any)["subjectAltNames"] = []any{map[string]any{"type": "Hostname", "hostname": "evil.example.com"}}
		}, gone},
		"the host of a listener for any": {anyHost, gatewaysPath, func(spec map[string]any) {
			spec["listeners"].([]any)[0].(map[string]any)["hostname"] = "nowhere.example.com"
		}, map[string]any{"spec": map[string]any{"listeners": cleaned}}},
		"the kinds of routes of a listener": {anyHost, gatewaysPath, func(spec map[string]any) {
			spec["listeners"].([]any)[0].(map[string]any)["allowedRoutes"].(map[string]any)["kinds"] = []any{map[string]any{"kind": "GRPCRoute"}}
		}, map[string]any{"spec": map[string]any{"listeners": cleaned}}},
		"another name for a Service": {service("v", 80), servicesPath, func(spec map[string]any) {
			spec["type"], spec["externalName"] = "ExternalName", "evil.example.com"
		}, map[string]any{"spec": map[string]any{"type": nil, "externalName": nil}}},
		"pods for a Service that has none of its own": {withoutSelector(service("v", 80)), servicesPath, func(spec map[string]any) {
			spec["selector"] = map[string]any{"app": "evil"}
		}, map[string]any{"spec": map[string]any{"selector": nil}}},
		"the address of a Gateway": {anyHost, gatewaysPath, func(spec map[string]any) {
			spec["addresses"] = []any{map[string]any{"value": "10.0.0.1"}}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			live := applied(t, c.object).Object
			c.edit(live["spec"].(map[string]any))
			s.has(t, c.path, live)
			s.answer("PATCH "+c.path+"/"+c.object.GetName(), func(w http.ResponseWriter, _ *http.Request) {
				reply(w, http.StatusOK, applied(t, c.object).Object)
			})
			client := s.client(t)
			snapshot, err := client.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.written()
			if _, _, err := client.Apply(t.Context(), snapshot, []Object{c.object}); err != nil {
				t.Fatal(err)
			}
			merged := s.merges(t)
			if c.want == nil {
				if len(merged) > 0 {
					t.Errorf("merged %v", merged)
				}
				return
			}
			c.want["metadata"] = map[string]any{"uid": "uid-" + c.object.GetName()}
			if diff := cmp.Diff([]map[string]any{c.want}, merged); diff != "" {
				t.Errorf("merged (-want +got):\n%s", diff)
			}
		})
	}
}

func withoutSelector(object *corev1.Service) *corev1.Service {
	object.Spec.Selector = nil
	return object
}

// TestImmutableIsMadeAnew: somebody made a Secret immutable. It could not be given the next certificate,
// and the host went when the present one expired.
func TestImmutableIsMadeAnew(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	live := applied(t, secret("s")).Object
	live["immutable"] = true
	s.has(t, secretsPath, live)
	if _, written, _, err := run(t, s, secret("s")); err != nil || len(written) > 0 {
		t.Errorf("with what is desired in it, written is %q, %v", written, err)
	}
	live["data"] = map[string]any{"tls.crt": "b2xk"}
	s.has(t, secretsPath, live)
	changes, written, _, err := run(t, s, secret("s"))
	if err != nil || !slices.Equal(written, []string{"DELETE secrets/s", "PATCH secrets/s"}) || !slices.Equal(changes, []string{"Secret/s created"}) {
		t.Errorf("%q, %q, %v", changes, written, err)
	}
	if _, written, _, err = run(t, s, secret("s")); err != nil || len(written) > 0 {
		t.Errorf("written again is %q, %v", written, err)
	}
}
