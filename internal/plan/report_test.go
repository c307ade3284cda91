package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// TestRoutes looks at the report of every golden case: it has each application once, says why
// one is not served, and tells no other URL than the plan.
func TestRoutes(t *testing.T) {
	t.Parallel()
	seen := map[plan.RouteState]int{}
	for _, input := range goldenInputs(t) {
		s := readState(t, input)
		planned := plan.Make(s)
		told := map[int]string{}
		for _, one := range planned.Relations.URLs {
			told[one.RelationID] = one.URL
		}
		once := map[int]bool{}
		for _, row := range plan.Routes(s) {
			seen[row.State]++
			if once[row.Relation] {
				t.Errorf("%s: %s is there twice", input, row.Application)
			}
			once[row.Relation] = true
			if (row.State == plan.RoutePending || row.State == plan.RouteLeftOut) && row.Reason == "" {
				t.Errorf("%s: %s is %s for no reason", input, row.Application, row.State)
			}
			if !planned.KeepObjects && row.URL != told[row.Relation] {
				t.Errorf("%s: %s is shown %q, and told %q", input, row.Application, row.URL, told[row.Relation])
			}
			if row.Interface == "ingress" && row.State == plan.RouteServed && row.URL == "" {
				t.Errorf("%s: %s is served nowhere", input, row.Application)
			}
			if encoded, err := json.Marshal(row); err != nil || strings.Contains(string(encoded), "null") {
				t.Errorf("%s: %s, %v", input, encoded, err)
			}
		}
		if len(once) != len(s.Requirers)+len(s.RouteRequirers) {
			t.Errorf("%s: %d applications are shown, of %d", input, len(once), len(s.Requirers)+len(s.RouteRequirers))
		}
	}
	for _, want := range []plan.RouteState{plan.RouteServed, plan.RoutePending, plan.RouteLeftOut, plan.RouteSilent} {
		if seen[want] == 0 {
			t.Errorf("no case has an application that is %q", want)
		}
	}
}

// TestRoutesOfACase shows one report as it is.
func TestRoutesOfACase(t *testing.T) {
	t.Parallel()
	got := plan.Routes(readState(t, "testdata/https-enforced.in.yaml"))
	want := []plan.RouteRow{{
		Application: "shop", Relation: 7, Interface: "ingress", State: plan.RouteServed,
		Hosts: []string{"web.example.com"}, Paths: []string{"/prod-shop"}, Services: []string{"gateway-shop-service"},
		URL: "https://web.example.com/prod-shop",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}
