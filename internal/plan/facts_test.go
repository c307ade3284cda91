package plan_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// reportOf returns what the report says of an application.
func reportOf(t *testing.T, s state.State, application string) plan.Application {
	t.Helper()
	for _, one := range plan.ReportOn(s).Applications {
		if one.Application == application {
			return one
		}
	}
	t.Fatalf("there is no application %s", application)
	return plan.Application{}
}

// judgedAt sets when a controller changed its judgement.
func judgedAt(conditions []metav1.Condition, at time.Time) {
	for i := range conditions {
		conditions[i].LastTransitionTime = metav1.NewTime(at)
	}
}

// TestSince: an application is as it is since its own route was judged last or, if it writes routes
// of its own, one of its own listeners, and not since something of others was.
func TestSince(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/gateway-route-beside-ingress.in.yaml")
	minute := func(n int) time.Time { return s.Now.Add(time.Duration(n) * time.Minute) }
	for i := range s.Cluster.Gateway.Status.Listeners {
		at := map[string]int{"gateway-http-a-example-com": -20, "gateway-https-a-example-com": -10}
		listener := &s.Cluster.Gateway.Status.Listeners[i]
		judgedAt(listener.Conditions, minute(at[string(listener.Name)]))
	}
	for i := range s.Cluster.Routes {
		route := &s.Cluster.Routes[i]
		at := map[string]int{"gateway-prod-shop": -30}
		judgedAt(route.Status.Parents[0].Conditions, minute(at[route.Name]))
	}
	for application, want := range map[string]time.Time{"shop": minute(-30), "routes": minute(-10), "more": minute(0)} {
		if got := reportOf(t, s, application).Since; !got.Equal(want) {
			t.Errorf("%s is as it is since %s, want %s", application, got, want)
		}
	}
}

// TestReasonOfAll: while nobody can be served, the reason of each application is what the status says.
func TestReasonOfAll(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"class-none", "forbidden", "without-gateway-api"} {
		s := readState(t, "testdata/"+name+".in.yaml")
		got, want := reportOf(t, s, "shop"), plan.Make(s).Status.Message
		if got.State != plan.Pending || got.Reason != want {
			t.Errorf("%s: it is %s (%q), and the status says %q", name, got.State, got.Reason, want)
		}
	}
}

// TestCertificateIsServed: a certificate is served once it is in its Secret and the Gateway has the
// listener for it, and is issued before that.
func TestCertificateIsServed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*state.State)
		want   string
	}{
		"both are there":                  {func(*state.State) {}, "served"},
		"the listener is not there":       {func(s *state.State) { s.Cluster.Gateway.Spec.Listeners = s.Cluster.Gateway.Spec.Listeners[:1] }, "issued"},
		"the Secret is not there":         {func(s *state.State) { s.Cluster.Served = nil }, "issued"},
		"the Secret has an earlier chain": {func(s *state.State) { s.Cluster.Served[0].Chain = "CERT-0" }, "issued"},
	} {
		s := readState(t, "testdata/ip-certificate-issued.in.yaml")
		c.change(&s)
		if got := plan.ReportOn(s).Hosts[0]; got.Certificate != c.want || got.HTTPS != (c.want == "served") {
			t.Errorf("%s: the certificate is %q, served over HTTPS: %t", name, got.Certificate, got.HTTPS)
		}
	}
}
