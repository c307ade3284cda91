package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// TestApplications looks at the report of every golden case: it has each application once, says why
// an application is not served, and has the same URLs as the plan.
func TestApplications(t *testing.T) {
	t.Parallel()
	seen := map[plan.ApplicationState]int{}
	for _, input := range goldenInputs(t) {
		s := readState(t, input)
		planned := plan.Make(s)
		told := map[int]string{}
		for _, one := range planned.Relations.URLs {
			told[one.RelationID] = one.URL
		}
		once := map[int]bool{}
		for _, row := range plan.ReportOn(s).Applications {
			seen[row.State]++
			if once[row.Relation] {
				t.Errorf("%s: %s is there twice", input, row.Application)
			}
			once[row.Relation] = true
			if (row.State == plan.Pending || row.State == plan.LeftOut) && row.Reason == "" {
				t.Errorf("%s: %s is %s for no reason", input, row.Application, row.State)
			}
			if !planned.KeepObjects && row.URL != told[row.Relation] {
				t.Errorf("%s: %s is shown %q, and told %q", input, row.Application, row.URL, told[row.Relation])
			}
			if row.Interface == "ingress" && row.State == plan.Served && row.URL == "" {
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
	for _, want := range []plan.ApplicationState{plan.Served, plan.Pending, plan.LeftOut, plan.NoData} {
		if seen[want] == 0 {
			t.Errorf("no case has an application that is %q", want)
		}
		delete(seen, want)
	}
	if len(seen) > 0 {
		t.Errorf("applications are in states that there are not: %v", seen)
	}
}

// TestReportOfACase shows one whole report.
func TestReportOfACase(t *testing.T) {
	t.Parallel()
	got := plan.ReportOn(readState(t, "testdata/https-enforced.in.yaml")).Applications
	want := []plan.Application{{
		Application: "shop", Relation: 7, Interface: "ingress", State: plan.Served,
		Hosts: []string{"web.example.com"}, Paths: []string{"/prod-shop"}, Services: []string{"gateway-shop-service"},
		URL: "https://web.example.com/prod-shop",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// TestReportAgreesWithStatus compares the facts with the status, in every golden case: the report
// has only planned listeners and routes, and none is refused or waiting while the status is active.
func TestReportAgreesWithStatus(t *testing.T) {
	t.Parallel()
	seen := map[plan.Judgement]int{}
	for _, input := range goldenInputs(t) {
		s := readState(t, input)
		planned, report := plan.Make(s), plan.ReportOn(s)
		var want, got []string
		for _, object := range planned.Objects {
			switch object := object.(type) {
			case *gatewayv1.Gateway:
				for _, listener := range object.Spec.Listeners {
					want = append(want, string(listener.Name))
				}
			case *gatewayv1.HTTPRoute:
				want = append(want, object.Name)
			}
		}
		well := planned.Status.Kind == plan.Active && !strings.Contains(planned.Status.Message, "applications served")
		judged := func(name string, judgement plan.Judgement, reason string) {
			got, seen[judgement] = append(got, name), seen[judgement]+1
			if well && judgement != plan.Ready || judgement == plan.Refused && reason == "" || judgement == plan.Ready && reason != "" {
				t.Errorf("%s: %s is %s (%q), and the status says %q", input, name, judgement, reason, planned.Status.Message)
			}
		}
		for _, one := range report.Listeners {
			judged(one.Name, one.State, one.Reason)
		}
		for _, one := range report.Routes {
			judged(one.Name, one.State, one.Reason)
		}
		if diff := cmp.Diff(want, got); diff != "" && !planned.KeepObjects {
			t.Errorf("%s: listeners and routes (-plan +report):\n%s", input, diff)
		}
	}
	for _, want := range []plan.Judgement{plan.Ready, plan.Awaited, plan.Refused} {
		if seen[want] == 0 {
			t.Errorf("no case has a listener or a route that is %q", want)
		}
	}
}
