package plan_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// stranger is an application of another model, at an address by which it can be told.
func stranger(relation int, model, name string) state.Requirer {
	return state.Requirer{
		RelationID: relation, Application: fmt.Sprintf("remote-%d", relation), Foreign: true, Model: model, Name: name, Port: 8080, Scheme: "http",
		HasUnits: true, Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 66, 0, byte(relation)})},
	}
}

// leadsTo gives what stands behind the routes at a host that forward.
func (w *world) leadsTo(host string) []string {
	var all []string
	for _, route := range w.routes {
		for _, parent := range route.Spec.ParentRefs {
			for _, listener := range w.gateway.Spec.Listeners {
				if listener.Name == *parent.SectionName && listenerName(listener) == host && forwards(route) {
					all = append(all, w.behind[string(route.Spec.Rules[0].BackendRefs[0].Name)])
				}
			}
		}
	}
	return all
}

// TestCrowdBesideNoHost: an application whose namespace is not known, and that names a host and
// none besides, is served at its host alone where another is closed. It did not count as served:
// whoever was related earlier could have its listener.
func TestCrowdBesideNoHost(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.config.HostsPerRelation = 32
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Foreign: true, Hostless: true, Hostnames: []string{"v.example.com"}})
	w.someHooks()
	if !w.told[5] {
		t.Fatal("it is not served")
	}
	w.writes("alpha", namesOf("crowd", 31)...)
	w.someHooks()
	if !w.told[5] {
		t.Error("it is not served any more")
	}
}
