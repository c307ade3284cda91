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

// TestFiltersRepeatNothing: the API server refuses a rule that has two filters of one kind, or a filter that
// names a header twice.
func TestFiltersRepeatNothing(t *testing.T) {
	t.Parallel()
	seen := 0
	for name, planned := range goldenPlans(t) {
		for _, route := range routesIn(planned) {
			for _, rule := range route.Spec.Rules {
				var kinds, headers []string
				for _, filter := range rule.Filters {
					kinds = append(kinds, string(filter.Type))
					for _, changed := range []*gatewayv1.HTTPHeaderFilter{filter.RequestHeaderModifier, filter.ResponseHeaderModifier} {
						headers = append(headers, headersChanged(string(filter.Type), changed)...)
					}
				}
				seen += len(headers)
				for _, all := range [][]string{kinds, headers} {
					if sorted := slices.Sorted(slices.Values(all)); len(slices.Compact(sorted)) < len(all) {
						t.Errorf("%s: %s repeats one of %q", name, route.Name, all)
					}
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no case changes a header")
	}
}

func headersChanged(kind string, filter *gatewayv1.HTTPHeaderFilter) []string {
	if filter == nil {
		return nil
	}
	var all []string
	for _, header := range slices.Concat(filter.Set, filter.Add) {
		all = append(all, kind+" "+strings.ToLower(string(header.Name)))
	}
	for _, header := range filter.Remove {
		all = append(all, kind+" "+strings.ToLower(header))
	}
	return all
}

func routesIn(planned plan.Plan) []*gatewayv1.HTTPRoute {
	var all []*gatewayv1.HTTPRoute
	for _, object := range planned.Objects {
		if route, is := object.(*gatewayv1.HTTPRoute); is {
			all = append(all, route)
		}
	}
	return all
}

// TestFiltersSettle: a route that is kept for an application which speaks version 0 is planned from the live
// one. When what was planned is live, the next plan is the same.
func TestFiltersSettle(t *testing.T) {
	t.Parallel()
	settled := 0
	for _, input := range goldenInputs(t) {
		s := readState(t, input)
		if !slices.ContainsFunc(s.RouteRequirers, func(r state.RouteRequirer) bool { return r.Version0 }) {
			continue
		}
		first := routesIn(plan.Make(s))
		for i := range s.Cluster.Routes {
			for _, route := range first {
				if live := &s.Cluster.Routes[i]; live.Name == route.Name {
					live.Spec.Rules = route.Spec.Rules
				}
			}
		}
		for _, next := range routesIn(plan.Make(s)) {
			for _, route := range first {
				if route.Name != next.Name {
					continue
				}
				settled++
				if diff := cmp.Diff(route.Spec.Rules, next.Spec.Rules); diff != "" {
					t.Errorf("%s: %s (-first +next):\n%s", input, route.Name, diff)
				}
			}
		}
	}
	if settled == 0 {
		t.Error("no case has a route for version 0")
	}
}
