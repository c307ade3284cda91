package plan_test

import (
	"net/netip"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about version 0 of gateway-route.

const (
	oldRoute   = "gateway-https"
	oldService = "gateway-old-service"
)

// speakVersion0 lets an application on gateway-route speak version 0, for an application for which
// the Python charm has made a route at some host that is served over HTTPS.
func (w *world) speakVersion0() {
	if w.gateway == nil || len(w.routeRequirers) == 0 {
		return
	}
	r := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))]
	*r = state.RouteRequirer{
		RelationID: r.RelationID, Application: r.Application, Version0: true, Backend: "old", Problem: "it speaks gateway-route version 0, which gets no routes",
	}
	var secure []gatewayv1.Listener
	for _, listener := range w.gateway.Spec.Listeners {
		if listener.Protocol == gatewayv1.HTTPSProtocolType && listener.Hostname != nil {
			secure = append(secure, listener)
		}
	}
	_, taken := w.foreign["HTTPRoute/"+oldRoute]
	_, takenService := w.foreign["Service/"+oldService]
	if len(secure) == 0 || taken || takenService || w.keepsOld() {
		return
	}
	at, path, kind, port := pick(w, secure...), "/old", gatewayv1.PathMatchPathPrefix, gatewayv1.PortNumber(8080)
	route := gatewayv1.HTTPRoute{}
	route.Name, route.Generation = oldRoute, 1
	route.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: "gateway", SectionName: &at.Name}}
	route.Spec.Hostnames = []gatewayv1.Hostname{*at.Hostname}
	route.Spec.Rules = []gatewayv1.HTTPRouteRule{{
		Matches:     []gatewayv1.HTTPRouteMatch{{Path: &gatewayv1.HTTPPathMatch{Type: &kind, Value: &path}}},
		BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Name: oldService, Port: &port}}}},
	}}
	w.routes = append(w.routes, route)
	if w.services == nil {
		w.services = map[string][]netip.Addr{}
	}
	w.services[oldService] = nil
}

// keepsOld reports whether what the Python charm has made exists.
func (w *world) keepsOld() bool {
	_, service := w.services[oldService]
	return service && slices.ContainsFunc(w.routes, func(r gatewayv1.HTTPRoute) bool { return r.Name == oldRoute })
}

// lostOld reports whether it existed, and no longer does, although somebody speaks version 0.
func (w *world) lostOld(before bool) bool {
	speaks := slices.ContainsFunc(w.routeRequirers, func(r state.RouteRequirer) bool { return r.Version0 })
	return before && speaks && w.roomy() && !w.keepsOld()
}
