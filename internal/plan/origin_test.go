package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// headers returns what a route does to the headers of requests and of responses.
func headers(route gatewayv1.HTTPRoute) string {
	var all []string
	add := func(where string, filter *gatewayv1.HTTPHeaderFilter) {
		if filter == nil {
			return
		}
		for _, one := range filter.Set {
			all = append(all, fmt.Sprintf("%s %s=%s", where, one.Name, one.Value))
		}
		for _, one := range filter.Add {
			all = append(all, fmt.Sprintf("%s +%s=%s", where, one.Name, one.Value))
		}
		for _, one := range filter.Remove {
			all = append(all, where+" -"+one)
		}
	}
	for _, rule := range route.Spec.Rules {
		for _, filter := range rule.Filters {
			add("request", filter.RequestHeaderModifier)
			add("response", filter.ResponseHeaderModifier)
		}
	}
	return strings.Join(all, ", ")
}

// TestOneHostIsOneOrigin has applications on shared hosts, and on hosts of their own: what one of
// them, or a client, says must not apply to another.
func TestOneHostIsOneOrigin(t *testing.T) {
	t.Parallel()
	const (
		noPrefix = "request -X-Forwarded-Prefix"
		workers  = "response -Service-Worker-Allowed, response -NEL, response -Report-To, response -Alt-Svc"
		noHSTS   = "response -Strict-Transport-Security"
		year     = "response Strict-Transport-Security=max-age=31536000"
	)
	for name, c := range map[string]struct {
		state  string // of a golden case
		change func(*state.State)
		want   map[string]string // headers, by route
	}{
		"in clear": {
			state: "http-with-host",
			want:  map[string]string{"gateway-prod-shop-http": noPrefix + ", " + workers + ", " + noHSTS},
		},
		"over HTTPS, not enforced": {
			state: "http-and-https",
			want: map[string]string{
				"gateway-prod-blog":      noPrefix + ", " + workers + ", " + noHSTS,
				"gateway-prod-shop":      noPrefix + ", " + workers + ", " + noHSTS,
				"gateway-prod-shop-http": noPrefix + ", " + workers + ", " + noHSTS,
			},
		},
		"enforced": {
			state: "https-enforced",
			want:  map[string]string{"gateway-prod-shop": year + ", " + workers + ", " + noPrefix},
		},
		"a stripped prefix": {
			state: "strip-prefix",
			want:  map[string]string{"gateway-prod-shop": "request X-Forwarded-Prefix=/prod-shop, " + year + ", " + workers},
		},
		"a host of its own, enforced": {
			state: "subdomain-two-applications",
			want:  map[string]string{"gateway-prod-blog": year + ", " + noPrefix, "gateway-prod-shop": year + ", " + noPrefix},
		},
		"a host of its own, not enforced": {
			state:  "subdomain-two-applications",
			change: func(s *state.State) { s.Config.EnforceHTTPS = false },
			want: map[string]string{
				"gateway-prod-blog": noPrefix, "gateway-prod-shop": noPrefix, "gateway-prod-blog-http": noPrefix, "gateway-prod-shop-http": noPrefix,
			},
		},
		"a host of its own that others may attach routes to": {
			state: "subdomain-two-applications",
			change: func(s *state.State) {
				s.Config.EnforceHTTPS = false
				s.RouteRequirers = []state.RouteRequirer{{RelationID: 30, Application: "configurator", Hostnames: []string{"prod-shop.example.com"}}}
			},
			want: map[string]string{
				"gateway-prod-blog": noPrefix, "gateway-prod-blog-http": noPrefix,
				"gateway-prod-shop":      noPrefix + ", " + workers + ", " + noHSTS,
				"gateway-prod-shop-http": noPrefix + ", " + workers + ", " + noHSTS,
			},
		},
		"a class of which nothing is known": {
			state:  "http-with-host",
			change: func(s *state.State) { s.Cluster.Classes[0].Spec.ControllerName = "example.org/controller" },
			want:   map[string]string{"gateway-prod-shop-http": noPrefix},
		},
		"a class that claims to change answers": {
			state: "http-with-host",
			change: func(s *state.State) {
				s.Cluster.Classes[0].Spec.ControllerName = "example.org/controller"
				s.Cluster.Classes[0].Status.SupportedFeatures = []gatewayv1.SupportedFeature{{Name: "HTTPRouteResponseHeaderModification"}}
			},
			want: map[string]string{"gateway-prod-shop-http": noPrefix + ", " + workers + ", " + noHSTS},
		},
		"routes that the Python charm made": {
			state: "gateway-route-version-0-refreshed",
			want:  map[string]string{"gateway-https": noPrefix + ", " + workers + ", " + noHSTS},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := readState(t, "testdata/"+c.state+".in.yaml")
			if c.change != nil {
				c.change(&s)
			}
			got := map[string]string{}
			for _, route := range routesOf(plan.Make(s)) {
				if forwards(route) {
					got[route.Name] = headers(route)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

// unguarded names a route to an application that lets a client or that application speak for
// others; empty for none.
func unguarded(s state.State, route gatewayv1.HTTPRoute) string {
	path, said := *route.Spec.Rules[0].Matches[0].Path.Value, strings.Split(headers(route), ", ")
	says := func(what string) bool { return slices.Contains(said, what) }
	hsts := slices.ContainsFunc(said, func(one string) bool { return strings.HasPrefix(one, "response Strict-Transport-Security=") })
	switch {
	case !forwards(route):
		return ""
	case !says("request -X-Forwarded-Prefix") && !says("request X-Forwarded-Prefix="+path):
		return "a client's X-Forwarded-Prefix passes"
	case path == "/":
		return ""
	case !says("response -Service-Worker-Allowed"):
		return "an application may have the service worker of all"
	case !says("response -Alt-Svc"):
		return "an application has all that is asked of others sent elsewhere"
	case !says("response -NEL") || !says("response -Report-To"):
		return "an application is told what is asked of others"
	case !hsts && !says("response -Strict-Transport-Security"):
		return "an application's own Strict-Transport-Security holds for all"
	case hsts && !s.Config.EnforceHTTPS:
		return "Strict-Transport-Security where HTTPS is not enforced"
	}
	return ""
}
