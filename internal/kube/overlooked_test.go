package kube

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
)

// TestOverlookedService: a controller reports that a route has no backend. When the Service exists
// the route is changed, once for each Service with that name, and keeps the note.
func TestOverlookedService(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	route := httpRoute("r")
	route.Spec.Rules[0].BackendRefs = []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{
		BackendObjectReference: gatewayv1.BackendObjectReference{Name: "v"},
	}}}
	desired := []Object{gateway("gw", "a"), service("v", 80), route}
	apply := func(what string, want ...string) {
		t.Helper()
		changes, _, _, err := run(t, s, desired...)
		if err != nil {
			t.Fatal(err)
		}
		check(t, what, changes, want...)
	}
	said := func(reason string, by gatewayv1.GatewayController) {
		t.Helper()
		live := s.objects[routesPath+"/r"]
		condition := map[string]any{"type": "ResolvedRefs", "status": "False", "reason": reason}
		parents := []any{map[string]any{"controllerName": string(by), "conditions": []any{condition}}}
		if err := unstructured.SetNestedSlice(live, parents, "status", "parents"); err != nil {
			t.Fatal(err)
		}
	}
	apply("at first", "Gateway/gw created", "Service/v created", "HTTPRoute/r created")
	apply("at rest")
	said("InvalidKind", controller.Cilium)
	apply("with other trouble")
	// Traefik says it of a Service that has no endpoints yet.
	said("BackendNotFound", controller.Traefik)
	apply("where the controller looks again by itself")
	said("BackendNotFound", "example.com/controller")
	apply("where it is not known whether it does")
	said("", controller.Cilium)
	s.objects[routesPath+"/r"]["status"].(map[string]any)["parents"].([]any)[0].(map[string]any)["conditions"] = []any{
		map[string]any{"type": "ResolvedRefs", "status": "True", "reason": "BackendNotFound"},
		map[string]any{"type": "Accepted", "status": "False", "reason": "BackendNotFound"},
	}
	apply("where that is not what it says")
	said("BackendNotFound", controller.Cilium)
	apply("when it is overlooked", "HTTPRoute/r configured")
	apply("when it has been shown")
	said("ResolvedRefs", controller.Cilium)
	apply("when it is seen")

	delete(s.objects, servicesPath+"/v")
	apply("when it is made anew, and the controller says nothing", "Service/v created")
	s.objects[servicesPath+"/v"]["metadata"].(map[string]any)["uid"] = "another"
	said("BackendNotFound", controller.Cilium)
	apply("when the new one is overlooked", "HTTPRoute/r configured")
	apply("in the end")
}
