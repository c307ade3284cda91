package plan_test

import (
	"slices"
	"strings"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// evilRoutes is an application of another model that writes routes of its own.
func evilRoutes(hosts ...string) state.RouteRequirer {
	return state.RouteRequirer{RelationID: 4, Application: "evil", Foreign: true, Namespace: "far", Hostnames: hosts}
}

// hostsThere are those that the Gateway has listeners for.
func (w *world) hostsThere() []string {
	var all []string
	for _, l := range w.gateway.Spec.Listeners {
		all = append(all, listenerName(l))
	}
	return all
}

// TestNamesWhatWasLeftOut: of an application that names more hosts than it may have, those stay that have
// listeners. When another named one that had been left out, that one was there, too, and came before.
func TestNamesWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	for _, before := range []bool{false, true} {
		w := greedyWorld(t)
		had := namesOf("v", 8)
		w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: had}, evilRoutes("e.example.com"))
		w.someHooks()
		if before {
			w.writes("evil", "a.example.net")
			w.someHooks()
		}
		w.writes("victim", append([]string{"a.example.net"}, had...)...)
		w.someHooks()
		w.writes("evil", "a.example.net")
		w.someHooks()
		if left := slices.DeleteFunc(had, func(host string) bool { return slices.Contains(w.hostsThere(), host) }); len(left) > 0 {
			t.Errorf("named before: %t: there is no listener any more for %q", before, left)
		}
	}
}

// TestNamesMoreThanItHas: a host that an application names counted as its own, also if it was left out
// since it named too many, or could not be had. The listeners of hosts that read the same were taken for
// forged, or given another name, and whoever was served there was not any more.
func TestNamesMoreThanItHas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		names  int          // how many hosts the other one has
		change func(*world) // what happens at the same time
	}{
		"it has as many as it may": {8, func(*world) {}},
		"the host is changed":      {8, func(w *world) { w.config.ExternalHostname = "other.example.com" }},
		"the Gateway is deleted":   {1, func(w *world) { w.aHook(); w.gateway = nil }},
	} {
		for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
			for _, first := range []bool{true, false} { // Who is on gateway-route came first, and the listener of the other has a hash.
				w := greedyWorld(t)
				host, alike := "v.example.com", "v-example.com"
				if mode == state.RoutingSubdomain {
					host, alike = "far-shop.v.example.com", "far-shop-v.example.com"
				}
				asked := alike
				if first {
					asked = host
					w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{alike}})
					w.someHooks()
				}
				w.config.RoutingMode, w.config.ExternalHostname, w.config.EnforceHTTPS = mode, "v.example.com", true
				w.requirers = append(w.requirers, stranger(9, "far", "shop"))
				w.routeRequirers = append(w.routeRequirers, evilRoutes(namesOf("e", c.names)...))
				w.someHooks()
				before := w.neighbours()
				w.writes("evil", append(namesOf("e", c.names), asked)...)
				c.change(w)
				for range 4 {
					w.aHook()
					if problem := w.robbed(before); problem != "" {
						t.Fatalf("%s, %s, the listener has a hash: %t: %s", name, mode, first, problem)
					}
				}
			}
		}
	}
}

// TestPathOfVersion0: an application of another model asked for a path at which a route is kept for one
// that speaks version 0. At the same host it had the path, too; at another it had the route, until the
// controller had judged its own.
func TestPathOfVersion0(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"a.example.com", "alpha.example.net"} {
		w := greedyWorld(t)
		w.config.ExternalHostname = host
		w.someHooks()
		w.speaks0("gateway-my-web-https", "my-web", "/my-web")
		w.someHooks()
		before := w.leadsTo("alpha.example.net")
		w.requirers, w.away = append(w.requirers, stranger(9, "my", "web")), true
		for range 4 {
			w.aHook()
			if got := w.leadsTo("alpha.example.net"); !slices.Equal(got, before) {
				t.Errorf("%s: where %q were is %q", host, before, got)
			}
		}
		if got := w.urls[9]; (got != "") != (host == "a.example.com") {
			t.Errorf("%s: it is told %q", host, got)
		}
	}
}

// TestHostOfVersion0: where each application has a host of its own, an older one of another model got that
// of one that speaks version 0, of another model as well.
func TestHostOfVersion0(t *testing.T) {
	t.Parallel()
	const host = "my-web.example.com"
	w := greedyWorld(t)
	w.config.ExternalHostname = "example.com"
	w.requirers = append(w.requirers, stranger(4, "my", "web"))
	w.someHooks()
	w.speaks0("gateway-x-https", "x", "/")
	w.routeRequirers[len(w.routeRequirers)-1].Foreign = true
	route := w.routes[len(w.routes)-1].DeepCopy()
	for i := range w.gateway.Spec.Listeners {
		if l := &w.gateway.Spec.Listeners[i]; listenerName(*l) == "alpha.example.net" {
			name := gatewayv1.Hostname(host)
			l.Hostname, l.Name = &name, gatewayv1.SectionName(strings.Replace(string(l.Name), "alpha-example-net", "my-web-example-com", 1))
			if l.TLS != nil {
				route.Spec.ParentRefs[0].SectionName, route.Spec.Hostnames = &l.Name, []gatewayv1.Hostname{name}
			}
		}
	}
	w.routes[len(w.routes)-1] = *route
	w.someHooks()
	w.config.RoutingMode = state.RoutingSubdomain
	w.someHooks()
	if got := w.leadsTo(host); !slices.Equal(got, []string{"x"}) || w.urls[4] == "" {
		t.Errorf("%s leads to %q; told are %v", host, got, w.urls)
	}
}

// TestNextHostReadsAsTheLast: options move applications, and one of another model can call itself so that
// the listeners of its next host would be called as those at which others are served until they have
// moved. These were served nowhere until they had certificates.
func TestNextHostReadsAsTheLast(t *testing.T) {
	t.Parallel()
	for mode, evil := range map[state.RoutingMode]state.Requirer{
		state.RoutingPath: stranger(12, "my", "apps"), state.RoutingSubdomain: stranger(12, "far", "shop-my-apps"),
	} {
		for _, served := range []bool{true, false} {
			w := greedyWorld(t)
			w.config.RoutingMode, w.config.ExternalHostname, w.config.EnforceHTTPS = mode, "my.apps.example.com", true
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
			if served {
				w.requirers = append(w.requirers, evil)
			}
			w.someHooks()
			before := w.neighbours()
			if !served {
				w.requirers = append(w.requirers, evil)
			}
			w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
			for range 4 {
				w.aHook()
				if problem := w.robbed(before); problem != "" {
					t.Fatalf("%s, it was there before: %t: %s", mode, served, problem)
				}
			}
			w.someHooks()
			w.someHooks()
			if got := w.urls[12]; got != "https://"+evil.Label()+".example.com/" || w.urls[9] != "https://far-shop.example.com/" {
				t.Errorf("%s: told are %v", mode, w.urls)
			}
		}
	}
}

// TestMoveOutlivesAnOutage: who is to move stays where it is while another has named its next host. When
// nobody could be served for a while, nothing told any more where that had been: it was served nowhere.
func TestMoveOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
		w := greedyWorld(t)
		w.config.RoutingMode, w.config.ExternalHostname, w.config.EnforceHTTPS = mode, "example.org", true
		w.requirers = append(w.requirers, stranger(9, "far", "shop"))
		w.routeRequirers = append(w.routeRequirers, evilRoutes("e.example.com"))
		w.someHooks()
		before := w.neighbours()
		w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
		w.aHook()
		w.related, w.orders, w.key = false, nil, 0
		w.crowd.relations++
		w.aHook()
		w.writes("evil", "far-shop.example.com")
		w.aHook()
		w.related = true
		w.someHooks()
		if problem := w.robbed(before); problem != "" {
			t.Errorf("%s: %s", mode, problem)
		}
		w.writes("evil", "e.example.com")
		w.someHooks()
		w.someHooks()
		if got := w.urls[9]; got != "https://far-shop.example.com/" {
			t.Errorf("%s: told is %q in the end", mode, got)
		}
	}
}

// TestOneMoreHostMeanwhile: who names one host more is not on record with what it names, until the hook is
// over. When each application was to have a host of its own just then, one of another model had that of who
// named it; and when somebody edited its listener, who names a host that reads the same had that.
func TestOneMoreHostMeanwhile(t *testing.T) {
	t.Parallel()
	const host = "far-shop.example.com"
	for name, c := range map[string]struct {
		evil   []string
		change func(*world)
	}{
		"the mode is changed": {[]string{"e.example.com"}, func(w *world) { w.config.RoutingMode = state.RoutingSubdomain }},
		"its listener is forged": {[]string{"far-shop-example.com"}, func(w *world) {
			w.gateway = w.gateway.DeepCopy()
			for i := range w.gateway.Spec.Listeners {
				if l := &w.gateway.Spec.Listeners[i]; listenerName(*l) == host {
					readsAs(l, "far-shop-example.com")
				}
			}
		}},
	} {
		w := greedyWorld(t)
		w.config.ExternalHostname = "example.com"
		w.requirers = append(w.requirers, stranger(3, "far", "shop"))
		w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{host}})
		w.someHooks()
		w.routeRequirers = append(w.routeRequirers, evilRoutes(c.evil...))
		w.someHooks()
		w.writes("victim", host, "more.example.com")
		c.change(w)
		for range 4 {
			w.aHook()
			if got := w.leadsTo(host); len(got) > 0 || !w.told[5] || !slices.Contains(w.hostsThere(), host) {
				t.Errorf("%s: %s leads to %q; told are %v", name, host, got, w.told)
			}
		}
	}
}

// TestBoundWithoutGateway: what an application had before a smaller bound it keeps, also if somebody has
// deleted the Gateway, which told what that was.
func TestBoundWithoutGateway(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.writes("alpha", namesOf("v", 8)...)
	w.someHooks()
	had := w.secureRoutes()
	w.config.HostsPerRelation, w.gateway = 3, nil
	w.someHooks()
	if got := w.secureRoutes(); len(had) != 8 || !slices.Equal(had, got) {
		t.Errorf("served are %q, and were %q", got, had)
	}
}

// TestHostOfItsOwnThatOthersHaveToLeave: the host that one gets for its own can be that at which others are
// served until they have moved. It spoke to browsers for the whole host at once.
func TestHostOfItsOwnThatOthersHaveToLeave(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.config.ExternalHostname = "my-apps.example.com"
	w.requirers = append(w.requirers, stranger(4, "far", "shop"), stranger(7, "my", "apps"))
	w.someHooks()
	w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
	guarded := func() bool {
		w.aHook()
		w.aHook()
		i := slices.IndexFunc(w.routes, func(r gatewayv1.HTTPRoute) bool { return r.Name == "gateway-my-apps-b0e7dae8" })
		return slices.ContainsFunc(w.routes[i].Spec.Rules[0].Filters, func(f gatewayv1.HTTPRouteFilter) bool {
			return f.ResponseHeaderModifier != nil && slices.Contains(f.ResponseHeaderModifier.Remove, "Service-Worker-Allowed")
		})
	}
	if !guarded() || w.urls[7] != "https://my-apps.example.com/" {
		t.Errorf("told are %v", w.urls)
	}
	w.someHooks()
	w.someHooks()
	if guarded() {
		t.Errorf("others have left, and it may not say what it likes of its host; told are %v", w.urls)
	}
}
