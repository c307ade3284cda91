package plan_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// TestFrozenUnderChanges has a controller that no longer takes changes of the Gateway, while there
// is a new one every four minutes. None of them is ever five minutes old, but the operator is told
// nevertheless.
func TestFrozenUnderChanges(t *testing.T) {
	t.Parallel()
	const note = unjudgedKey
	s := readState(t, "testdata/gateway-frozen.in.yaml")
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	made := func() plan.Plan { s.Now = now; return plan.Make(s) }
	planned := func(p plan.Plan) *gatewayv1.Gateway {
		for _, object := range p.Objects {
			if gateway, ok := object.(*gatewayv1.Gateway); ok {
				return gateway
			}
		}
		t.Fatal("no Gateway is planned")
		return nil
	}
	// apply writes what is planned, as the API server does.
	apply := func() {
		live, next := s.Cluster.Gateway, planned(made())
		live.Annotations, live.Spec = next.Annotations, next.Spec
		live.Generation++
		live.ManagedFields[0].Time = &metav1.Time{Time: now}
	}
	judge := func() {
		for i := range s.Cluster.Gateway.Status.Conditions {
			s.Cluster.Gateway.Status.Conditions[i].ObservedGeneration = s.Cluster.Gateway.Generation
		}
	}
	says := func(what string) {
		t.Helper()
		if got := made().Status.Message; !strings.HasPrefix(got, what) {
			t.Errorf("%s: status %q, not %q…", now.Format("15:04"), got, what)
		}
	}
	stable := func(want string) {
		t.Helper()
		if got := planned(made()).Annotations[note]; got != want || got != s.Cluster.Gateway.Annotations[note] {
			t.Errorf("%s: planned with the note %q, not %q, and there is %q", now.Format("15:04"), got, want, s.Cluster.Gateway.Annotations[note])
		}
	}
	const waiting, frozen = "Waiting for the controller of gateway class cilium to accept", "The controller of gateway class cilium has not taken the last change"

	judge()
	apply()
	stable("")
	says(waiting)
	for range 3 {
		now = now.Add(4 * time.Minute)
		s.Config.HSTSMaxAge++
		apply()
		stable(`{"since":"2026-11-23T12:00:00Z","observed":3}`)
	}
	says(frozen)

	// The controller takes a change, and the next one counts from its own time. The note goes with
	// the next change.
	judge()
	stable(`{"since":"2026-11-23T12:00:00Z","observed":3}`)
	now = now.Add(time.Minute)
	s.Config.HSTSMaxAge++
	apply()
	stable("")
	says(waiting)

	// Others can edit the note, and text that is no note is not kept.
	for _, odd := range []string{"x", `{"since":"2026-11-23T12:00:00Z"}`, `{"observed":7}`, `{"since":5,"observed":7}`, `{"since":"2999-01-01T00:00:00Z","observed":-1}`} {
		s.Cluster.Gateway.Annotations[note] = odd
		if got := planned(made()).Annotations[note]; got != "" {
			t.Errorf("the note %q is kept as %q", odd, got)
		}
		says(waiting)
	}
}
