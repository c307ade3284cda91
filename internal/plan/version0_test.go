package plan_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestVersion0HasNoRoutesOfOurs: who speaks version 0 of gateway-route keeps what the Python
// charm made for the application that it names, which may be any. It kept routes that this
// charm had made as well: of an application whose relation was removed, and, by one of another
// model that calls itself so, of an application that never was related.
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

// someHooks has hooks run, and certificates issued.
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
