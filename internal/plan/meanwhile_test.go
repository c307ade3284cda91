package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestPlaceOutlivesItsNetwork guards against an earlier bug. An option says where units of other
// models may be. When it was changed and changed back, an application that was left out meanwhile
// had lost its path to an older relation that asked for it; and, if all listeners were in use, its
// host to an application that waited for one.
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
				w.remote(8).Addresses = nil // The new units have not written yet.
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

// TestHostsThatAreLeft: older applications that write routes of their own name the hosts of other
// applications. These could not get other hosts, because no listeners were left, and used to be
// served nowhere.
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

// TestGatewayDeleted: anybody who may edit the Gateway may delete it. The charm creates another, and
// applications that were served are served by that at once: not only in a later hook, and no other
// application instead.
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
				if hosts[0] == "far-victim-example.com" { // It existed before.
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

// TestGatewayDeletedOfWhoNamesTooMany: an application that names more hosts than it may have keeps
// those that it has, although the Gateway does not say any more which these are.
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

// TestRoomOutlivesTheNamespace guards against an earlier bug. While the namespace of an application
// is unknown, it has no listener for any host if hosts of others are restricted. If all listeners
// were in use, an application that waited for one got that listener, and when the namespace was
// known again, the first application had none at all.
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

// aHook runs one hook.
func (w *world) aHook() {
	s := w.state()
	p := w.make(&s)
	w.hook(s, p, 0)
}

// TestNoRoomToMove: a Gateway has no room for the next host of an application beside all hosts that
// are served. None of these is given up for it.
func TestNoRoomToMove(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.related, w.orders, w.key, w.config.EnforceHTTPS, w.config.HostsPerRelation = false, nil, 0, false, 31
	w.writes("alpha", namesOf("v", 31)...)
	w.someHooks()
	before := w.hostsThere()
	w.config.ExternalHostname = "b.example.com"
	for range 3 {
		w.aHook()
		if gone := slices.DeleteFunc(slices.Clone(before), func(host string) bool { return slices.Contains(w.hostsThere(), host) }); len(gone) > 0 {
			t.Errorf("there is no listener any more for %q", gone)
		}
	}
	if len(before) != 32 || w.urls[2] != "http://a.example.com/prod-app5" {
		t.Errorf("there were %d hosts, and it is told %q", len(before), w.urls[2])
	}
}

// TestOneComesInAMove: the next host of an application has got the last listener, and the controller
// has not judged that yet, when another application comes. Whoever is served stays so.
func TestOneComesInAMove(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.related, w.orders, w.key, w.config.EnforceHTTPS, w.config.HostsPerRelation = false, nil, 0, false, 31
	w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.org"
	w.writes("alpha", namesOf("v", 30)...)
	w.someHooks()
	before := w.hostsThere()
	w.away, w.config.ExternalHostname = true, "example.com"
	w.aHook()
	moving := len(w.hostsThere())
	w.requirers = append(w.requirers, state.Requirer{RelationID: 8, Application: "shop", Model: "prod", Name: "shop", Port: 8080, Scheme: "http"})
	for range 3 {
		w.aHook()
		if gone := slices.DeleteFunc(slices.Clone(before), func(host string) bool { return slices.Contains(w.hostsThere(), host) }); len(gone) > 0 {
			t.Errorf("there is no listener any more for %q", gone)
		}
	}
	if len(before) != 31 || moving != 32 || !slices.Contains(w.hostsThere(), "prod-shop.example.com") {
		t.Errorf("there were %d hosts, then %d, and there are %q", len(before), moving, w.hostsThere())
	}
}

// TestAnotherAddressDoesNotWait: a certificate for another address of the Gateway is requested at
// once, whatever an application has spent, also by a unit that did not see the earlier request.
func TestAnotherAddressDoesNotWait(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/gateway-route-certificate-covers-one.in.yaml")
	s.Allowance = plan.Make(s).Allowance
	s.Allowance.Hosts, s.Allowance.Times = nil, map[string][]int64{"routes": slices.Repeat([]int64{s.Now.Unix()}, state.DefaultCertificatesPerHour)}
	if p := plan.Make(s); len(p.Relations.Requests.Create) != 1 {
		t.Errorf("requested are %q; the log says %q", p.Relations.Requests.Create, p.Remarks)
	}
}
