package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestJoinsWhereVersion0Is: an application of another model waited for the path of one that speaks version
// 0. When options moved all to another host it could have that path there and, until there was a
// certificate, at the host that they left: where the route of the other was kept.
func TestJoinsWhereVersion0Is(t *testing.T) {
	t.Parallel()
	const host = "alpha.example.net"
	w := greedyWorld(t)
	w.config.ExternalHostname = host
	w.someHooks()
	w.speaks0("gateway-my-web-https", "my-web", "/my-web")
	w.requirers = append(w.requirers, stranger(9, "my", "web"))
	w.someHooks()
	before := w.leadsTo(host)
	w.config.ExternalHostname = "b.example.com"
	for range 3 {
		w.aHook()
		if got := w.leadsTo(host); !slices.Equal(got, before) || w.urls[9] != "" {
			t.Errorf("where %q were is %q; told are %v", before, got, w.urls)
		}
	}
	w.someHooks()
	w.someHooks()
	if got := w.leadsTo(host); !slices.Equal(got, []string{"my-web"}) || w.urls[9] != "https://b.example.com/my-web" {
		t.Errorf("in the end there is %q; told are %v", got, w.urls)
	}
	// It holds a path by now, and not at that host.
	w.config.ExternalHostname = host
	for range 3 {
		w.someHooks()
		if got := w.leadsTo(host); slices.Contains(got, "[10.66.0.9]") || !slices.Contains(got, "my-web") || w.urls[9] == "https://"+host+"/my-web" {
			t.Errorf("when options came back there is %q; told are %v", got, w.urls)
		}
	}
}

// TestHostThatItHadLeft: an application of another model could not be served when options moved it, and
// where it had been stayed on record. Another on gateway-route came to that host, and the former was
// served there again until it had a certificate for its own: at a path that it chose.
func TestHostThatItHadLeft(t *testing.T) {
	t.Parallel()
	for mode, host := range map[state.RoutingMode]string{state.RoutingPath: "example.org", state.RoutingSubdomain: "far-shop.example.org"} {
		w := greedyWorld(t)
		w.config.RoutingMode, w.config.ExternalHostname, w.config.EnforceHTTPS = mode, "example.org", true
		w.requirers = append(w.requirers, stranger(9, "far", "shop"))
		w.someHooks()
		w.remote(9).Scheme, w.remote(9).Hosts = "https", []string{"unit.far"}
		w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
		w.someHooks()
		w.someHooks()
		w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 15, Application: "victim", Namespace: "prod", Hostnames: []string{host}})
		w.someHooks()
		w.remote(9).Scheme, w.remote(9).Hosts = "http", nil
		for range 3 {
			w.aHook()
			if got := w.leadsTo(host); len(got) > 0 || !w.told[15] {
				t.Errorf("%s: %s leads to %q; told are %v", mode, host, got, w.urls)
			}
		}
		w.someHooks()
		if w.urls[9] != "https://far-shop.example.com/" {
			t.Errorf("%s: it is told %q", mode, w.urls[9])
		}
	}
}

// TestOneMoreHostThatOthersLeave: an application on gateway-route names one host more, whose listener would
// be called as that of a host which others are to leave. Until they had left, it had none of its hosts.
func TestOneMoreHostThatOthersLeave(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.org"
	w.requirers = append(w.requirers, stranger(9, "far", "shop"))
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 6, Application: "victim", Namespace: "prod", Hostnames: []string{"v.example.com"}})
	w.someHooks()
	w.config.ExternalHostname = "example.com"
	w.aHook()
	w.writes("victim", "v.example.com", "far-shop-example.org")
	for range 3 {
		w.aHook()
		if !w.told[6] || !slices.Contains(w.hostsThere(), "v.example.com") || slices.Contains(w.hostsThere(), "far-shop-example.org") {
			t.Errorf("it is told: %t; there are listeners for %q", w.told[6], w.hostsThere())
		}
	}
	w.someHooks()
	w.someHooks()
	if !slices.Contains(w.hostsThere(), "far-shop-example.org") {
		t.Errorf("in the end there are listeners for %q", w.hostsThere())
	}
}

// TestGatewayDeletedWhenTheHostIsChanged: while the certificate of the next host is to come, the host of
// before is served, also if somebody deletes the Gateway, which told what that was.
func TestGatewayDeletedWhenTheHostIsChanged(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.requirers = append(w.requirers, stranger(9, "far", "shop"))
	w.someHooks()
	before, was := w.neighbours(), w.urls[9]
	w.config.ExternalHostname = "b.example.com"
	w.aHook()
	w.aHook()
	w.gateway = nil
	for range 3 {
		w.aHook()
		if problem := w.robbed(before); problem != "" || w.urls[9] != was || was == "" {
			t.Fatalf("told is %q, and was %q: %s", w.urls[9], was, problem)
		}
	}
	w.someHooks()
	w.someHooks()
	if problem := w.robbed(before); problem != "" || w.urls[9] != "https://b.example.com/far-shop" {
		t.Errorf("told is %q: %s", w.urls[9], problem)
	}
}

// TestGatewayDeletedOfVersion0: a route that the Python charm made is kept, and nobody can make it again.
// When somebody deleted the Gateway, the charm deleted the route.
func TestGatewayDeletedOfVersion0(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"alpha.example.net", ""} {
		w := greedyWorld(t)
		if w.config.ExternalHostname = host; host == "" {
			w.someHooks()
		}
		w.speaks0("gateway-my-web-https", "my-web", "/my-web")
		if host == "" {
			i := slices.IndexFunc(w.gateway.Spec.Listeners, func(l gatewayv1.Listener) bool { return l.Hostname == nil && l.TLS != nil })
			route, namespace := &w.routes[len(w.routes)-1], gatewayv1.Namespace("prod")
			route.Spec.Hostnames = nil
			route.Spec.ParentRefs[0].Namespace, route.Spec.ParentRefs[0].SectionName = &namespace, &w.gateway.Spec.Listeners[i].Name
		}
		w.someHooks()
		before := w.leadsTo(host)
		w.gateway = nil
		w.someHooks()
		if got := w.leadsTo(host); !slices.Equal(got, before) || !slices.Contains(got, "my-web") {
			t.Errorf("at %q there were %q, and are %q", host, before, got)
		}
	}
}

// TestRecordOfEarlierBuilds: builds of before had a digest of the other place on record, not the place. Who
// stays there by that is served as before, and the next record has the place.
func TestRecordOfEarlierBuilds(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/mode-switch-to-subdomain-of-another.in.yaml")
	want := plan.Make(s)
	s.Record.Held[7] = state.HeldSum("/far-shop") + "@" + state.HeldSum("web.example.com", "/far-shop")
	got := plan.Make(s)
	if diff := cmp.Diff(want.Relations.URLs, got.Relations.URLs); diff != "" || got.Relations.URLs[0].URL == "" {
		t.Errorf("URLs (-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(got.Held[7], "@web.example.com") {
		t.Errorf("on record is %q", got.Held[7])
	}
}
