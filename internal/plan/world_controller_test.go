package plan_test

import (
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about the Gateway's controller: what it has judged, and what it serves.

// id is Traefik's if the class claims nothing, and otherwise that of a controller that the charm
// does not know, which does what its class claims.
func (b backends) id() gatewayv1.GatewayController {
	if len(b.features) == 0 {
		return "traefik.io/gateway-controller"
	}
	return "example.com/gateway-controller"
}

// writeGateway does what the API server does when the Gateway is written.
func (w *world) writeGateway(gateway *gatewayv1.Gateway) {
	gateway.Generation = 1
	if w.gateway != nil {
		gateway.Status, gateway.Generation = w.gateway.Status, w.gateway.Generation
		if !reflect.DeepEqual(gateway.Spec, w.gateway.Spec) {
			gateway.Generation++
		}
	}
	w.gateway = gateway
}

// writeRoutes writes the routes, and deletes all others.
func (w *world) writeRoutes(routes []gatewayv1.HTTPRoute) {
	for i := range routes {
		route := &routes[i]
		route.Generation = 1
		for _, live := range w.routes {
			if live.Name != route.Name {
				continue
			}
			route.Status, route.Generation = live.Status, live.Generation
			if !reflect.DeepEqual(route.Spec, live.Spec) {
				route.Generation++
			}
		}
	}
	w.routes = routes
}

func judged(kind string, generation int64) []metav1.Condition {
	return []metav1.Condition{{Type: kind, Status: metav1.ConditionTrue, Reason: kind, ObservedGeneration: generation}}
}

// judge does what a controller does: it accepts what exists, and serves it.
func (w *world) judge() {
	if w.gateway == nil {
		return
	}
	w.gateway.Status.Conditions = append(judged("Accepted", w.gateway.Generation), judged("Programmed", w.gateway.Generation)...)
	w.gateway.Status.Listeners = nil
	for _, listener := range w.gateway.Spec.Listeners {
		conditions := append(judged("Accepted", w.gateway.Generation), judged("Programmed", w.gateway.Generation)...)
		w.gateway.Status.Listeners = append(w.gateway.Status.Listeners, gatewayv1.ListenerStatus{Name: listener.Name, Conditions: conditions})
	}
	for i := range w.routes {
		route := &w.routes[i]
		route.Status.Parents = nil
		for _, parent := range route.Spec.ParentRefs {
			route.Status.Parents = append(route.Status.Parents, gatewayv1.RouteParentStatus{
				ParentRef: parent, ControllerName: w.backends.id(), Conditions: judged("Accepted", route.Generation),
			})
		}
	}
	w.taken = w.ways()
}

// A taken is one way to an application over HTTPS, as the controller last took it from a route. A
// listener is identified by its host: package kube handles a listener that gets another name.
type taken struct{ application, route, host, path string }

// ways returns the ways that lead to applications with the present objects.
func (w *world) ways() []taken {
	var all []taken
	for _, route := range w.routes {
		for _, parent := range route.Spec.ParentRefs {
			i := slices.IndexFunc(w.gateway.Spec.Listeners, func(l gatewayv1.Listener) bool { return l.Name == *parent.SectionName && l.TLS != nil })
			if forwards(route) && i >= 0 && w.secrets[string(w.gateway.Spec.Listeners[i].TLS.CertificateRefs[0].Name)] != nil {
				all = append(all, taken{applicationOf(route), route.Name, listenerName(w.gateway.Spec.Listeners[i]), *route.Spec.Rules[0].Matches[0].Path.Value})
			}
		}
	}
	return all
}

// reached returns the applications that clients reach over HTTPS in whatever order the controller
// sees what was written since it last judged: those to which one way leads before and after.
func (w *world) reached() []string {
	if w.gateway == nil {
		return nil
	}
	var all []string
	for _, way := range w.ways() {
		if slices.Contains(w.taken, way) {
			all = append(all, way.application)
		}
	}
	return all
}

// cutOff returns the first application that could be reached, and could not be when the last hook
// had written and the controller had not judged yet, although it is still related and there is room
// for it.
func (w *world) cutOff(before []string) string {
	if !w.roomy() {
		return ""
	}
	for _, application := range before {
		related := slices.ContainsFunc(w.requirers, func(r state.Requirer) bool {
			return strings.TrimPrefix(application, "gateway-prod-") == r.Name && r.Problem == ""
		})
		if related && !slices.Contains(w.between, application) {
			return application
		}
	}
	return ""
}
