package plan_test

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// What an editor makes, as if the charm had made it, is gone after the next hook, and nothing is
// decided by it.

// forgeRoute has an editor make a route that looks like one of the charm's, at a path of a host.
func (w *world) forgeRoute(name, host, path, service string) {
	i := slices.IndexFunc(w.gateway.Spec.Listeners, func(l gatewayv1.Listener) bool { return listenerName(l) == host && l.TLS != nil })
	forged := w.routes[slices.IndexFunc(w.routes, forwards)].DeepCopy()
	at := w.gateway.Spec.Listeners[i].Name
	forged.Name, forged.CreationTimestamp = name, metav1.NewTime(w.now.Add(time.Minute))
	forged.Spec.ParentRefs[0].SectionName = &at
	*forged.Spec.Rules[0].Matches[0].Path.Value = path
	forged.Spec.Rules[0].BackendRefs[0].Name = gatewayv1.ObjectName(service)
	w.routes = append(slices.DeleteFunc(slices.Clone(w.routes), func(r gatewayv1.HTTPRoute) bool { return r.Name == name }), *forged)
	w.judge()
}

// forgeHosts has an editor make the listeners of a host be for another.
func (w *world) forgeHosts(host string, instead gatewayv1.Hostname) {
	w.gateway = w.gateway.DeepCopy()
	for i := range w.gateway.Spec.Listeners {
		if l := &w.gateway.Spec.Listeners[i]; listenerName(*l) == host {
			l.Hostname = &instead
		}
	}
}

// TestRouteForgedAtAnothersHost: an application of another model does not get the host of one on
// gateway-route. With a route that looked like its own there it counted as served there, and was from
// then on.
func TestRouteForgedAtAnothersHost(t *testing.T) {
	t.Parallel()
	const host = "far-shop.example.com"
	w := greedyWorld(t)
	w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{host}})
	w.someHooks()
	w.requirers = append(w.requirers, stranger(9, "far", "shop"))
	w.someHooks()
	w.forgeRoute("gateway-far-shop", host, "/", "gateway-far-shop-service")
	w.someHooks()
	if got := w.leadsTo(host); len(got) > 0 || w.urls[9] != "" || !w.told[5] {
		t.Errorf("%s leads to %q; told are %v, %v", host, got, w.urls, w.told)
	}
}

// TestRouteForgedInAMove: until there are certificates for new hosts, applications are served where they
// were. With a route that looked like its own at the host of one on gateway-route, an application was
// served there instead, and told so.
func TestRouteForgedInAMove(t *testing.T) {
	t.Parallel()
	for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
		for _, deleted := range []bool{false, true} {
			w := greedyWorld(t)
			w.config.RoutingMode, w.config.ExternalHostname, w.config.EnforceHTTPS = mode, "example.org", true
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
			w.someHooks()
			before, was := w.neighbours(), w.urls[9]
			w.config.ExternalHostname = "example.com"
			w.aHook()
			w.aHook()
			if deleted { // Its own.
				w.routes = slices.DeleteFunc(w.routes, func(r gatewayv1.HTTPRoute) bool { return w.behind[servicesOf(r)] == "[10.66.0.9]" })
			}
			w.forgeRoute("gateway-far-shop-x", "alpha.example.net", "/far-shop", "gateway-far-shop-service")
			for range 3 {
				w.aHook()
				if problem := w.robbed(before); problem != "" || w.urls[9] != was || len(w.leadsTo("alpha.example.net")) > 0 {
					t.Fatalf("%s, its own is deleted: %t: told is %q: %s", mode, deleted, w.urls[9], problem)
				}
			}
			w.someHooks()
			w.someHooks()
			if problem := w.robbed(before); problem != "" || w.urls[9] == was {
				t.Errorf("%s: told is %q in the end: %s", mode, w.urls[9], problem)
			}
		}
	}
}

// servicesOf returns the Service that a route leads to; empty for a redirect.
func servicesOf(r gatewayv1.HTTPRoute) string {
	if !forwards(r) {
		return ""
	}
	return string(r.Spec.Rules[0].BackendRefs[0].Name)
}

// TestRouteForgedBesideRenamedListener: where a listener was for another host, and a route of somebody
// seemed to be there, who has the host of its name was to wait until that one had moved: for a hook it was
// served nowhere.
func TestRouteForgedBesideRenamedListener(t *testing.T) {
	t.Parallel()
	const host = "far-shop.example.com"
	w := greedyWorld(t)
	w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
	w.requirers = append(w.requirers, stranger(4, "far", "shop"), stranger(9, "far", "shop"))
	w.urls[9] = "https://" + host + "/"
	w.someHooks()
	before := w.neighbours()
	w.forgeHosts(host, "x.example.com")
	w.forgeRoute("gateway-prod-app5-x", "x.example.com", "/prod-app5", "gateway-app5-service")
	for range 3 {
		w.aHook()
		if problem := w.robbed(before); problem != "" || w.urls[9] == "" {
			t.Errorf("told are %v: %s", w.urls, problem)
		}
	}
}

// TestRouteForgedToAnothersService: whose a Service is tells the place of the route that leads to it. With
// one more, at the place of one of another model whose Service would have the same name, that one got the
// Service, at times, while the route of the other led there.
func TestRouteForgedToAnothersService(t *testing.T) {
	t.Parallel()
	for range 8 {
		w := greedyWorld(t)
		w.requirers = append(w.requirers, state.Requirer{RelationID: 8, Application: "my-web", Model: "prod", Name: "my-web", Port: 8080, Scheme: "http"})
		w.someHooks()
		w.forgeRoute("gateway-my-web", "alpha.example.net", "/my-web", "gateway-my-web-service")
		w.requirers = append(w.requirers, stranger(9, "my", "web"))
		w.aHook()
		if got := w.behind["gateway-my-web-service"]; got != "my-web" {
			t.Fatalf("the Service leads to %q", got)
		}
	}
}

// TestRouteForgedForVersion0: what the Python charm made is kept for one that speaks version 0, and that
// came before all others. By a route that looked like that, for a host whose listener is called as that of
// another, the latter was served nowhere, as long as there was one that spoke version 0.
func TestRouteForgedForVersion0(t *testing.T) {
	t.Parallel()
	const host = "far-shop.example.com"
	w := greedyWorld(t)
	w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
	w.requirers = append(w.requirers, stranger(9, "far", "shop"))
	w.someHooks()
	before := w.neighbours()
	w.speaks0("gateway-evil-https", "evil", "/x") // This makes the route and its Service, too.
	w.forgeHosts(host, "far-shop-example.com")
	for i := range w.gateway.Spec.Listeners {
		if l := &w.gateway.Spec.Listeners[i]; listenerName(*l) == "far-shop-example.com" && l.TLS != nil {
			route := &w.routes[len(w.routes)-1]
			route.Spec.ParentRefs[0].SectionName, route.Spec.Hostnames[0] = &l.Name, *l.Hostname
		}
	}
	for range 3 {
		w.aHook()
		if problem := w.robbed(before); problem != "" || w.urls[9] == "" {
			t.Errorf("told are %v: %s", w.urls, problem)
		}
	}
}

// TestListenerForgedBesideOneMoreHost: where all listeners are in use, an application keeps the hosts that it
// has though it names one more. Without certificates listeners alone told which these are: by one that was
// made to be for a host that another names, that one had it from then on.
func TestListenerForgedBesideOneMoreHost(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.related, w.orders, w.key = false, nil, 0
	w.config.EnforceHTTPS, w.config.HostsPerRelation = false, 32
	w.routeRequirers = append(w.routeRequirers,
		state.RouteRequirer{RelationID: 6, Application: "victim", Namespace: "prod", Hostnames: []string{"v.example.com"}}, evilRoutes("e.example.com"))
	w.writes("alpha", namesOf("crowd", 29)...)
	w.someHooks()
	w.writes("victim", "v.example.com", "w.example.com")
	w.someHooks()
	w.writes("evil", "e.example.com", "f.example.com")
	w.gateway = w.gateway.DeepCopy()
	for i := range w.gateway.Spec.Listeners {
		if l := &w.gateway.Spec.Listeners[i]; listenerName(*l) == "v.example.com" {
			readsAs(l, "f.example.com")
			l.Name = "gateway-http-f-example-com"
		}
	}
	for range 3 {
		w.aHook()
		if there := w.hostsThere(); !slices.Contains(there, "v.example.com") || slices.Contains(there, "f.example.com") || !w.told[6] {
			t.Errorf("told are %v; there are listeners for %q", w.told, there)
		}
	}
}
