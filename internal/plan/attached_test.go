package plan_test

import (
	"slices"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestNoHoldOfAnothersHost guards against an earlier bug. An application of another model that
// could not be served when options changed, even through its own fault, still had its place on
// record. Later it got the host of an application on gateway-route that way, with a route for all
// paths.
func TestNoHoldOfAnothersHost(t *testing.T) {
	t.Parallel()
	const host = "far-shop.example.com"
	type change struct{ begin, end func(*world) }
	addresses := stranger(9, "far", "shop").Addresses
	for name, c := range map[string]change{
		"it asks for TLS": {
			func(w *world) { w.remote(9).Scheme, w.remote(9).Hosts = "https", []string{"unit.far"} },
			func(w *world) { w.remote(9).Scheme, w.remote(9).Hosts = "http", nil },
		},
		"it has no unit": {
			func(w *world) { w.remote(9).Addresses, w.remote(9).HasUnits = nil, false },
			func(w *world) { w.remote(9).Addresses, w.remote(9).HasUnits = addresses, true },
		},
		"its network is closed": {
			func(w *world) { w.config.CrossModelNetworks = "-10.66.0.9/32" },
			func(w *world) { w.config.CrossModelNetworks = "" },
		},
		"nobody has a certificate": {
			func(w *world) { w.related, w.orders, w.key = false, nil, 0; w.crowd.relations++ },
			func(w *world) { w.related = true },
		},
	} {
		for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
			t.Run(name+", "+string(mode), func(t *testing.T) {
				t.Parallel()
				w := greedyWorld(t)
				w.config.EnforceHTTPS, w.config.RoutingMode, w.config.ExternalHostname = true, mode, "example.org"
				w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{host}})
				w.requirers = append(w.requirers, stranger(9, "far", "shop"))
				w.someHooks()
				if w.urls[9] == "" || !w.told[5] {
					t.Fatalf("told are %v, %v", w.urls, w.told)
				}
				c.begin(w)
				w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
				w.someHooks()
				c.end(w)
				w.someHooks()
				if got := w.leadsTo(host); len(got) > 0 || !w.told[5] {
					t.Errorf("%s leads to %q; victim is told: %t", host, got, w.told[5])
				}
			})
		}
	}
}

// TestListenersForged guards against an earlier bug. Somebody who may edit the Gateway gave the
// listener of an application on gateway-route another host with the same label, which another
// application names. That application then had the listener for good.
func TestListenersForged(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(*gatewayv1.Listener){
		"for another host": func(l *gatewayv1.Listener) {
			readsAs(l, "v-example.com")
		},
		"of another name": func(l *gatewayv1.Listener) { l.Name += gatewayv1.SectionName("-" + state.ShortHash("v.example.com")) },
	} {
		for _, refreshed := range []bool{false, true} {
			w := greedyWorld(t)
			w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{"v.example.com"}})
			w.someHooks()
			w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 4, Application: "evil", Foreign: true, Namespace: "far", Hostnames: []string{"v-example.com"}})
			w.someHooks()
			if refreshed { // The release of before has not kept what each application had.
				w.crowd.allowance = state.Allowance{}
			}
			w.gateway = w.gateway.DeepCopy()
			for i := range w.gateway.Spec.Listeners {
				if l := &w.gateway.Spec.Listeners[i]; listenerName(*l) == "v.example.com" {
					forge(l)
				}
			}
			for range 3 {
				w.aHook()
				if !w.told[5] || w.told[4] {
					t.Errorf("%s, after a refresh: %t: told are %v", name, refreshed, w.told)
				}
			}
		}
	}
}

// TestListenersRenamed: if somebody gives the listeners of an application on gateway-route names that
// they would have beside others, the next hook gives them those back that the application expects.
func TestListenersRenamed(t *testing.T) {
	t.Parallel()
	const host = "v.example.com"
	w := greedyWorld(t)
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{host}})
	w.someHooks()
	names := func() (all []gatewayv1.SectionName) {
		for _, l := range w.gateway.Spec.Listeners {
			all = append(all, l.Name)
		}
		return all
	}
	before := names()
	w.gateway = w.gateway.DeepCopy()
	for i := range w.gateway.Spec.Listeners {
		if l := &w.gateway.Spec.Listeners[i]; listenerName(*l) == host {
			l.Name += gatewayv1.SectionName("-" + state.ShortHash(host))
		}
	}
	w.aHook()
	if now := names(); !slices.Equal(now, before) {
		t.Errorf("the listeners are called %q, and were called %q", now, before)
	}
}

// readsAs changes a listener: it is for another host, and accepts the routes of all namespaces.
func readsAs(l *gatewayv1.Listener, host gatewayv1.Hostname) {
	all := gatewayv1.NamespacesFromAll
	l.Hostname, l.AllowedRoutes.Namespaces.From = &host, &all
}

// TestListenersBesideHashes: a listener gets a hash in its name if another host, to which routes
// are attached, has the same label. An application that also named a host with the label and the
// hash left no name: the first host was served neither where it was nor where it was to be.
func TestListenersBesideHashes(t *testing.T) {
	t.Parallel()
	const host, alike = "far-shop.example.com", "far-shop-example.com"
	for name, c := range map[string]struct {
		hostname string
		change   func(*world)
	}{
		"the host is changed":    {"example.org", func(w *world) { w.someHooks(); w.config.ExternalHostname = "example.com" }},
		"the Gateway is deleted": {"example.com", func(w *world) { w.gateway = nil }},
		"the Gateway is edited": {"example.com", func(w *world) {
			w.gateway = w.gateway.DeepCopy()
			for i := range w.gateway.Spec.Listeners {
				if l := &w.gateway.Spec.Listeners[i]; listenerName(*l) == host {
					readsAs(l, alike)
				}
			}
		}},
	} {
		w := greedyWorld(t)
		w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, c.hostname
		w.requirers = append(w.requirers, stranger(9, "far", "shop"))
		for i, named := range []string{"far-shop.example-com-" + state.ShortHash(host), "evil.example.com"} {
			w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{
				RelationID: 10 + i, Application: []string{"hash", "evil"}[i], Foreign: true, Namespace: "far", Hostnames: []string{named},
			})
		}
		w.someHooks()
		w.writes("evil", alike)
		c.change(w)
		for range 4 {
			before := w.neighbours()
			delete(before.routes, 11) // It asks for another host than it was told of.
			w.someHooks()
			if problem := w.robbed(before); problem != "" || w.urls[9] == "" {
				t.Errorf("%s: told is %q: %s", name, w.urls[9], problem)
			}
		}
		if w.urls[9] != "https://"+host+"/" {
			t.Errorf("%s: told is %q", name, w.urls[9])
		}
	}
}

// TestOneMoreHost guards against an earlier bug. An application on gateway-route that named one
// more host got the turn of new applications. If all listeners were in use, or an older application
// waited for some, it lost the hosts that it had.
func TestOneMoreHost(t *testing.T) {
	t.Parallel()
	for name, hosts := range map[string][]string{"who waits": namesOf("e", 2), "who has the rest": namesOf("e", 1)} {
		w := greedyWorld(t)
		w.config.HostsPerRelation = 32
		w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{"v.example.com"}})
		w.writes("alpha", namesOf("crowd", 29)...)
		w.someHooks()
		w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 4, Application: "evil", Namespace: "prod", Hostnames: hosts})
		w.someHooks()
		for _, more := range [][]string{{"w.example.com"}, nil} {
			w.writes("victim", append([]string{"v.example.com"}, more...)...)
			for range 2 {
				w.someHooks()
				if w.told[4] != (len(hosts) == 1) || !w.told[5] {
					t.Errorf("%s: told are %v", name, w.told)
				}
			}
		}
	}
}

// TestStaysWhereItIs: after a change of options, applications of other models are to move to hosts
// that they cannot have, because an application on gateway-route has named them meanwhile, or all
// listeners are in use. They used to be served nowhere.
func TestStaysWhereItIs(t *testing.T) {
	t.Parallel()
	for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
		for name, hosts := range map[string][]string{
			"it is named": {"far-shop.example.com", "far-shop.example.org"}, "there is no room": nil,
			"it is named, and there is just room": append(namesOf("crowd", 28), "far-shop.example.com"),
		} {
			for _, enforce := range []bool{true, false} {
				w := greedyWorld(t)
				w.config.RoutingMode, w.config.ExternalHostname, w.config.HostsPerRelation, w.config.EnforceHTTPS = mode, "example.org", 32, enforce
				w.requirers = append(w.requirers, stranger(9, "far", "shop"))
				w.someHooks()
				w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 4, Application: "evil", Namespace: "prod", Hostnames: hosts})
				switch {
				case hosts != nil:
				case mode == state.RoutingPath:
					w.writes("evil", append(namesOf("crowd", 30), "example.org")...)
				default:
					w.writes("evil", append(namesOf("crowd", 29), "far-shop.example.org", "prod-app5.example.org")...)
				}
				w.someHooks()
				before := w.neighbours()
				was := w.urls[9]
				if was == "" || !w.told[4] {
					t.Fatalf("told are %v, %v", w.urls, w.told)
				}
				w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
				for range 6 {
					w.aHook()
					if problem := w.robbed(before); problem != "" {
						t.Fatalf("%s, %s: %s", mode, name, problem)
					}
				}
				w.someHooks()
				if problem := w.robbed(before); problem != "" || w.urls[9] != was {
					t.Errorf("%s, %s: told are %v: %s", mode, name, w.urls, problem)
				}
				w.addresses = nil
				w.someHooks()
				w.addresses = addressesOf("10.43.45.1")
				w.someHooks()
				if problem := w.robbed(before); problem != "" {
					t.Errorf("%s, %s: %s", mode, name, problem)
				}
				w.writes("evil", "evil.example.net")
				w.someHooks()
				w.someHooks()
				if w.urls[9] != "https://far-shop.example.com/" {
					t.Errorf("%s, %s: it is told %q, though it could move", mode, name, w.urls[9])
				}
			}
		}
	}
}

// TestGatewayDeletedInAMove: while certificates for new hosts are pending, applications are served
// where they were. When the Gateway was deleted then, they used to be served nowhere until the
// certificates arrived.
func TestGatewayDeletedInAMove(t *testing.T) {
	t.Parallel()
	for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
		w := greedyWorld(t)
		w.config.RoutingMode, w.config.ExternalHostname, w.config.EnforceHTTPS = mode, "example.org", true
		w.requirers = append(w.requirers, stranger(9, "far", "shop"))
		w.someHooks()
		before, was := w.neighbours(), w.urls[9]
		w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
		w.aHook()
		w.aHook()
		w.gateway = nil
		for range 3 {
			w.aHook()
			if problem := w.robbed(before); problem != "" || w.urls[9] != was || was == "" {
				t.Fatalf("%s: told is %q, and was %q: %s", mode, w.urls[9], was, problem)
			}
		}
		w.someHooks()
		w.someHooks()
		if problem := w.robbed(before); problem != "" || w.urls[9] != "https://far-shop.example.com/" {
			t.Errorf("%s: told is %q: %s", mode, w.urls[9], problem)
		}
	}
}
