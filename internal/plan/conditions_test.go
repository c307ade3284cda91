package plan_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestConditionsBelieved changes what the controller reports on something that is served well.
// Absent does not mean old: a condition without a generation is as new as those beside it.
func TestConditionsBelieved(t *testing.T) {
	t.Parallel()
	const (
		accepted = "Waiting for the controller of gateway class cilium to accept the Gateway; checked again at update-status"
		program  = "Waiting for the controller of gateway class cilium to program the Gateway; checked again at update-status"
		listener = "Waiting for the gateway controller to set up the HTTPS listener of web.example.com; 1 of 2 listeners set up"
		route    = "Waiting for the gateway controller to accept the routes of shop"
		well     = "Gateway addresses: 10.43.45.1"
	)
	yes := func(kind string, generation int64) metav1.Condition {
		return metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: kind, ObservedGeneration: generation}
	}
	no := func(kind, reason, message string, generation int64) metav1.Condition {
		return metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: message, ObservedGeneration: generation}
	}
	// What the CRD sets on a new Gateway, or a new class.
	born := func(kind, reason string) metav1.Condition {
		return metav1.Condition{Type: kind, Status: metav1.ConditionUnknown, Reason: reason, Message: "Waiting for controller"}
	}
	gateway := func(conditions ...metav1.Condition) func(*state.State) {
		return func(s *state.State) { s.Cluster.Gateway.Status.Conditions = conditions }
	}
	https := func(conditions ...metav1.Condition) func(*state.State) {
		return func(s *state.State) { s.Cluster.Gateway.Status.Listeners[1].Conditions = conditions }
	}
	class := func(conditions ...metav1.Condition) func(*state.State) {
		return func(s *state.State) { s.Cluster.Classes[0].Status.Conditions = conditions }
	}
	// The route of shop has generation 4.
	report := func(namespace string, conditions ...metav1.Condition) gatewayv1.RouteParentStatus {
		ref := gatewayv1.ParentReference{Name: "gateway", SectionName: ptr.To[gatewayv1.SectionName]("gateway-https-web-example-com")}
		if namespace != "" {
			ref.Namespace = ptr.To(gatewayv1.Namespace(namespace))
		}
		return gatewayv1.RouteParentStatus{ControllerName: "io.cilium/gateway-controller", ParentRef: ref, Conditions: conditions}
	}
	routed := func(reports ...gatewayv1.RouteParentStatus) func(*state.State) {
		return func(s *state.State) {
			s.Cluster.Routes[1].Generation, s.Cluster.Routes[1].Status.Parents = 4, reports
		}
	}
	everywhere := func(s *state.State) {
		undate := func(conditions []metav1.Condition) {
			for i := range conditions {
				conditions[i].ObservedGeneration = 0
			}
		}
		undate(s.Cluster.Classes[0].Status.Conditions)
		undate(s.Cluster.Gateway.Status.Conditions)
		for _, one := range s.Cluster.Gateway.Status.Listeners {
			undate(one.Conditions)
		}
		for _, one := range s.Cluster.Routes {
			undate(one.Status.Parents[0].Conditions)
		}
	}
	// As recorded with Cilium, for a missing Secret.
	const unresolved = "HTTPS listener of web.example.com cannot use its Secret: " +
		`"Secret 'x' not found"; see ` + "`kubectl -n prod describe gateway`"
	badSecret := no("ResolvedRefs", "InvalidCertificateRef", `Secret "x" not found`, 0)

	for name, c := range map[string]struct {
		change func(*state.State)
		want   string
	}{
		"no generation anywhere":                  {everywhere, well},
		"a Gateway without generations":           {gateway(yes("Accepted", 0), yes("Programmed", 0)), well},
		"a Gateway refused without a generation":  {gateway(no("Accepted", "Invalid", "no", 0)), "Gateway is not accepted: Invalid: \"no\"; see `kubectl -n prod describe gateway`"},
		"a Gateway as it is born":                 {gateway(born("Accepted", "Pending"), born("Programmed", "Pending")), accepted},
		"a Gateway judged by halves":              {gateway(yes("Accepted", 3), born("Programmed", "Pending")), program},
		"a Gateway judged, undated beside old":    {gateway(yes("Accepted", 2), yes("Programmed", 0)), accepted},
		"a Gateway judged, undated beside new":    {gateway(yes("Accepted", 3), yes("Programmed", 0)), well},
		"a listener without generations":          {https(yes("Accepted", 0), yes("Programmed", 0)), well},
		"a listener undated beside old":           {https(yes("Accepted", 2), yes("Programmed", 0)), listener},
		"a bad Secret, with Cilium 1.17":          {https(yes("Accepted", 3), no("Programmed", "Invalid", "Listener not valid", 0), badSecret), unresolved},
		"a bad Secret, with Cilium 1.19":          {https(badSecret, no("Accepted", "Invalid", `Listener not valid. Invalid CertificateRef, Secret "x" not found`, 3)), unresolved},
		"a bad Secret of the generation before":   {https(badSecret, no("Accepted", "Invalid", "Listener not valid", 2)), listener},
		"a class without a generation":            {class(yes("Accepted", 0)), well},
		"a class as it is born":                   {class(born("Accepted", "Waiting")), "No gateway class is accepted by a controller: [cilium]; see `kubectl describe gatewayclass`"},
		"a route without generations":             {routed(report("", yes("Accepted", 0))), well},
		"a route undated beside old":              {routed(report("", yes("Accepted", 3), yes("ResolvedRefs", 0))), route},
		"a route's report of before comes first":  {routed(report("prod", yes("Accepted", 3)), report("", yes("Accepted", 4))), well},
		"a route's report of before comes last":   {routed(report("", yes("Accepted", 4)), report("prod", yes("Accepted", 3))), well},
		"a route was refused before":              {routed(report("prod", no("Accepted", "UnsupportedValue", "no", 3)), report("", yes("Accepted", 4))), well},
		"a route is refused now":                  {routed(report("prod", yes("Accepted", 3)), report("", no("Accepted", "NoMatchingParent", "no", 4))), "Route of shop is not accepted: NoMatchingParent: \"no\""},
		"a route's undated report beside old":     {routed(report("prod", no("Accepted", "Old", "", 3)), report("", yes("Accepted", 0))), well},
		"a route's undated report beside new":     {routed(report("prod", no("Accepted", "Undated", "", 0)), report("", yes("Accepted", 4))), well},
		"a route's newest report is not new":      {routed(report("prod", yes("Accepted", 1)), report("", yes("Accepted", 3))), route},
		"a route's only report is another's":      {routed(report("staging", yes("Accepted", 4))), route},
		"a route's report says nothing, then old": {routed(report(""), report("prod", yes("Accepted", 3))), route},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := readState(t, "testdata/conditions-odd.in.yaml")
			c.change(&s)
			if got := plan.Make(s).Status.Message; got != c.want {
				t.Errorf("status\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestPolicyReportsBelieved does the same for reports on a policy of generation 2: of the reports
// on each of our listeners, the newest count.
func TestPolicyReportsBelieved(t *testing.T) {
	t.Parallel()
	report := func(listener string, status metav1.ConditionStatus, generation int64) gatewayv1.PolicyAncestorStatus {
		ref := gatewayv1.ParentReference{Name: "gateway"}
		if listener != "" {
			ref.SectionName = ptr.To(gatewayv1.SectionName(listener))
		}
		return gatewayv1.PolicyAncestorStatus{
			ControllerName: "gateway.envoyproxy.io/gatewayclass-controller", AncestorRef: ref,
			Conditions: []metav1.Condition{{Type: "Accepted", Status: status, Reason: "Invalid", ObservedGeneration: generation}},
		}
	}
	const (
		pending = "Waiting for the gateway controller to accept the TLS policies of vault; 1 of 2 applications served"
		invalid = "1 of 2 applications served; vault: TLS policy is not accepted: Invalid; see `kubectl -n prod describe backendtlspolicy`"
		well    = "Gateway addresses: 10.43.45.1"
	)
	for name, c := range map[string]struct {
		reports []gatewayv1.PolicyAncestorStatus
		want    string
	}{
		"old":                        {[]gatewayv1.PolicyAncestorStatus{report("", "True", 1)}, pending},
		"undated":                    {[]gatewayv1.PolicyAncestorStatus{report("", "True", 0)}, well},
		"an old refusal first":       {[]gatewayv1.PolicyAncestorStatus{report("", "False", 1), report("a", "True", 2)}, well},
		"an undated refusal first":   {[]gatewayv1.PolicyAncestorStatus{report("", "False", 0), report("a", "True", 2)}, well},
		"an undated refusal, an old": {[]gatewayv1.PolicyAncestorStatus{report("", "True", 1), report("a", "False", 0)}, invalid},
		"one listener's refusal":     {[]gatewayv1.PolicyAncestorStatus{report("a", "True", 2), report("b", "False", 2)}, invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := readState(t, "testdata/https-backend-policy-stale.in.yaml")
			s.Cluster.Policies[0].Status.Ancestors = c.reports
			if got := plan.Make(s).Status.Message; got != c.want {
				t.Errorf("status\n got %q\nwant %q", got, c.want)
			}
		})
	}
}
