package plan_test

import (
	"fmt"
	"slices"
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

// TestHostsThatAreLeft: applications that write routes of their own, and are older, name the hosts of
// others. These were not to have other hosts then: there were no listeners left, and nobody served
// them where they had been.
func TestHostsThatAreLeft(t *testing.T) {
	t.Parallel()
	for _, namespace := range []string{"prod", ""} {
		for _, enforce := range []bool{true, false} {
			w := greedyWorld(t)
			w.routeRequirers, w.requirers = nil, nil
			w.config.RoutingMode, w.config.ExternalHostname, w.config.EnforceHTTPS = state.RoutingSubdomain, "example.com", enforce
			for i := range 3 {
				w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{
					RelationID: 1 + i, Application: fmt.Sprint("evil", i), Namespace: namespace, Hostnames: []string{fmt.Sprintf("e%d.example.net", i)},
				})
			}
			for i := range 20 {
				name := fmt.Sprint("app", i)
				w.requirers = append(w.requirers, state.Requirer{RelationID: 10 + i, Application: name, Model: "prod", Name: name, Port: 8080, Scheme: "http"})
			}
			w.someHooks()
			w.someHooks()
			before := w.neighbours()
			for i := range 3 {
				var hosts []string
				for j := range 6 {
					hosts = append(hosts, fmt.Sprintf("prod-app%d.example.com", 6*i+j))
				}
				w.writes(fmt.Sprint("evil", i), hosts...)
			}
			w.config.ExternalHostname = "example.org"
			for range 8 {
				w.aHook()
				if problem := w.robbed(before); problem != "" {
					t.Fatalf("enforced: %t, in namespace %q: %s", enforce, namespace, problem)
				}
			}
			if len(before.requirers) != 20 || len(before.routes) != 3 {
				t.Errorf("at first there were %v", before)
			}
		}
	}
}

// TestGatewayDeleted: whoever may edit the Gateway may delete it. The charm makes another, and who was
// served is served by that at once: not only in a later hook, and nobody else instead.
func TestGatewayDeleted(t *testing.T) {
	t.Parallel()
	for name, hosts := range map[string][]string{
		"one names what reads the same": {"far-victim-example.com"},
		"one names the same host":       {"far-victim.example.com"},
		"one names another":             {"evil.example.com"},
	} {
		for _, related := range []bool{true, false} {
			for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
				w := greedyWorld(t)
				w.config.RoutingMode, w.config.ExternalHostname, w.config.EnforceHTTPS = mode, "example.com", related
				if w.related = related; !related {
					w.orders, w.key = nil, 0
				}
				w.requirers, w.routeRequirers = append(w.requirers, stranger(8, "far", "victim")), nil
				w.someHooks()
				w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 1, Application: "evil", Namespace: "prod", Hostnames: hosts})
				if hosts[0] == "far-victim-example.com" { // It had been there before.
					victims := w.requirers
					w.requirers = nil
					w.someHooks()
					w.requirers = victims
				}
				w.someHooks()
				before := w.neighbours()
				w.gateway = nil
				w.aHook()
				if problem := w.robbed(before); problem != "" || len(before.requirers) != 2 || len(before.routes) != 1 {
					t.Errorf("%s, %s, with certificates: %t: %s", name, mode, related, problem)
				}
			}
		}
	}
}

// TestGatewayDeletedOfWhoNamesTooMany: of more hosts than an application may have it keeps those that
// it has, though the Gateway does not tell any more which these are.
func TestGatewayDeletedOfWhoNamesTooMany(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.writes("alpha", namesOf("v", 8)...)
	w.someHooks()
	w.writes("alpha", append(namesOf("a", 2), namesOf("v", 8)...)...)
	w.someHooks()
	had := w.secureRoutes()
	w.gateway = nil
	w.someHooks()
	if got := w.secureRoutes(); len(had) != 8 || !slices.Equal(had, got) {
		t.Errorf("served are %q, and were %q", got, had)
	}
}

// TestRoomOutlivesTheNamespace: while the namespace of an application is not known, it has no
// listener for any host where those of others are closed. Where all listeners are in use, who waited
// for one had that, and when the namespace was known again, the application had none at all.
func TestRoomOutlivesTheNamespace(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.config.HostsPerRelation = 32
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "far", Foreign: true, Hostless: true, Hostnames: []string{"v.example.com"}})
	w.writes("alpha", namesOf("crowd", 29)...)
	w.someHooks()
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 4, Application: "evil", Namespace: "far", Foreign: true, Hostnames: []string{"e.example.com"}})
	for _, namespace := range []string{"far", "", "far"} {
		w.routeRequirers[1].Namespace = namespace
		w.someHooks()
		if !w.told[5] || w.told[4] {
			t.Errorf("in namespace %q: told are %v", namespace, w.told)
		}
	}
}

// aHook has one hook run.
func (w *world) aHook() {
	s := w.state()
	p := w.make(&s)
	w.hook(s, p, 0)
}
