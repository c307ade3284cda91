package plan_test

import (
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestPlaceOutlivesItsNetwork: where units of other models may be is an option. When it was changed,
// and changed back, an application that was left out meanwhile had lost its path to an older relation
// that asked for it; and, where all listeners are in use, its host to whoever waited for one.
func TestPlaceOutlivesItsNetwork(t *testing.T) {
	t.Parallel()
	for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
		for _, silent := range []bool{false, true} {
			w := greedyWorld(t)
			w.config.RoutingMode, w.config.HostsPerRelation = mode, 32
			w.requirers = append(w.requirers, stranger(7, "far", "evil"), stranger(8, "far", "victim"))
			w.someHooks()
			if mode == state.RoutingSubdomain {
				w.writes("alpha", namesOf("crowd", 29)...)
				w.someHooks()
			}
			before := w.neighbours()
			delete(before.requirers, 7)
			w.config.CrossModelNetworks = "-10.66.0.8/32"
			at := w.remote(8).Addresses
			if silent {
				w.remote(8).Addresses = nil // Those who come are not there yet.
			}
			w.someHooks()
			w.remote(7).Name = "victim"
			w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 9, Application: "late", Hostnames: []string{"late.example.net"}})
			w.someHooks()
			if w.urls[7]+w.urls[8] != "" {
				t.Errorf("%s: told are %v", mode, w.urls)
			}
			w.remote(8).Addresses, w.config.CrossModelNetworks = at, ""
			w.someHooks()
			if problem := w.robbed(before); problem != "" || w.urls[8] == "" {
				t.Errorf("%s, silent: %t: %s", mode, silent, problem)
			}
		}
	}
}
