package plan_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestVersion0HasNoRoutesOfOurs: an application that speaks version 0 of gateway-route keeps what
// the Python charm made for the application that it names, which may be any. It used to keep routes
// that this charm had made, too: those of an application whose relation was removed and, if an
// application of another model took that name, those of an application that was never related.
func TestVersion0HasNoRoutesOfOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		served  state.Requirer
		backend string
	}{
		"one that was related": {state.Requirer{Application: "app5", Model: "prod", Name: "app5"}, "app5"},
		"one that never was": {
			state.Requirer{Application: "remote-7", Foreign: true, Model: "app", Name: "admin", HasUnits: true, Addresses: []netip.Addr{netip.MustParseAddr("10.1.0.7")}}, "app-admin",
		},
	} {
		for _, enforce := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := greedyWorld(t)
				w.config.EnforceHTTPS, w.routeRequirers = enforce, nil
				c.served.RelationID, c.served.Port, c.served.Scheme = 7, 8080, "http"
				w.requirers = []state.Requirer{c.served}
				w.someHooks()
				if len(w.behind) != 1 {
					t.Fatalf("there are Services for %v", w.behind)
				}
				evil := state.RouteRequirer{RelationID: 8, Application: "evil", Version0: true, Backend: c.backend, Problem: "it speaks gateway-route version 0, which gets no routes"}
				w.requirers, w.routeRequirers = nil, []state.RouteRequirer{evil}
				w.someHooks()
				for _, route := range w.routes {
					if forwards(route) {
						t.Errorf("route %s leads to %v", route.Name, w.behind)
					}
				}
			})
		}
	}
}

// TestVersion0KeepsItsNames guards against an earlier bug. An application of another model may
// choose its name so that its Service, or its route, would have the name of one that is kept for an
// application with version 0. It got the name, and the kept object was gone.
func TestVersion0KeepsItsNames(t *testing.T) {
	t.Parallel()
	for name, evil := range map[string]state.Requirer{
		"of the Service": stranger(9, "my", "web"),
		"of the route":   stranger(9, "my", "web-https"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greedyWorld(t)
			w.speaks0("gateway-my-web-https", "my-web", "/")
			w.someHooks()
			w.requirers = append(w.requirers, evil)
			w.someHooks()
			if got := w.leadsTo("alpha.example.net"); len(got) != 1 || got[0] != "my-web" {
				t.Errorf("what was kept leads to %q", got)
			}
			if got := w.leadsTo("a.example.com"); len(got) != 2 || w.urls[9] == "" {
				t.Errorf("the others lead to %q", got)
			}
			w.routeRequirers = w.routeRequirers[:1]
			w.someHooks()
			if got := w.leadsTo("alpha.example.net"); len(got) != 0 {
				t.Errorf("nobody speaks version 0 any more, and there still is %q", got)
			}
		})
	}
}

// speaks0 makes an application speak version 0. The Python charm has made a route for it that leads
// to another application, at the host of alpha.
func (w *world) speaks0(name, backend, path string) {
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{
		RelationID: 5, Application: "old", Version0: true, Backend: backend, Problem: "it speaks gateway-route version 0, which gets no routes",
	})
	i := slices.IndexFunc(w.gateway.Spec.Listeners, func(l gatewayv1.Listener) bool {
		return l.Protocol == gatewayv1.HTTPSProtocolType && listenerName(l) == "alpha.example.net"
	})
	service := "gateway-" + backend + "-service"
	at, kind, port := w.gateway.Spec.Listeners[i], gatewayv1.PathMatchPathPrefix, gatewayv1.PortNumber(8080)
	route := gatewayv1.HTTPRoute{}
	route.Name, route.Generation = name, 1
	route.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: "gateway", SectionName: &at.Name}}
	route.Spec.Hostnames = []gatewayv1.Hostname{*at.Hostname}
	route.Spec.Rules = []gatewayv1.HTTPRouteRule{{
		Matches: []gatewayv1.HTTPRouteMatch{{Path: &gatewayv1.HTTPPathMatch{Type: &kind, Value: &path}}},
		BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{
			BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(service), Port: &port},
		}}},
	}}
	w.routes = append(w.routes, route)
	w.services[service] = nil
}

// someHooks runs hooks, and issues certificates.
func (w *world) someHooks() {
	for range 4 {
		s := w.state()
		p := w.make(&s)
		w.hook(s, p, 0)
		for _, o := range w.orders {
			if o.state == state.CertificatePending {
				o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.Add(90*24*time.Hour)
			}
		}
	}
}
