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

// TestHostOfRoutesOfItsOwn: where each application has a host of its own, one of another model
// chooses what that is called: it was served at whatever the routes of who had that host left, by a
// route for all paths.
func TestHostOfRoutesOfItsOwn(t *testing.T) {
	t.Parallel()
	const host = "far-shop.example.com"
	subdomains := func(w *world) {
		w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
	}
	victim := state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{host}}
	for name, before := range map[string]func(*world){
		"it comes": func(w *world) {
			subdomains(w)
			w.someHooks()
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
		},
		"its relation is older": func(w *world) {
			subdomains(w)
			w.someHooks()
			w.requirers = append(w.requirers, stranger(4, "far", "shop"))
		},
		"it had a path": func(w *world) {
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
			w.someHooks()
			subdomains(w)
		},
		"it had the same subdomain": func(w *world) {
			subdomains(w)
			w.config.ExternalHostname = "example.org"
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
			w.someHooks()
			subdomains(w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greedyWorld(t)
			w.routeRequirers = append(w.routeRequirers, victim)
			w.someHooks()
			before(w)
			w.someHooks()
			if got := w.leadsTo(host); len(got) > 0 || !w.told[5] {
				t.Errorf("%s leads to %q; victim is told: %t", host, got, w.told[5])
			}
		})
	}
	// Who has the host keeps it, whoever names it later: so has one of the charm's own model.
	for _, first := range []state.Requirer{stranger(9, "far", "shop"), {RelationID: 9, Application: "shop", Model: "far", Name: "shop", Port: 8080, Scheme: "http"}} {
		w := greedyWorld(t)
		subdomains(w)
		named := victim
		if !first.Foreign {
			first.Model, named.Hostnames = "prod", []string{"prod-shop.example.com"}
			w.routeRequirers = append(w.routeRequirers, named)
		}
		w.requirers = append(w.requirers, first)
		w.someHooks()
		if first.Foreign {
			w.routeRequirers = append(w.routeRequirers, named)
		}
		w.someHooks()
		if got := w.leadsTo(named.Hostnames[0]); len(got) != 1 || !w.told[5] {
			t.Errorf("%s leads to %q", named.Hostnames[0], got)
		}
	}
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
