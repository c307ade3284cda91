package status_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestControllerTakesNoChange has a controller that judged the Gateway, and is silent since
// it was changed. Five minutes are not waited for: that it has not taken a change of ten
// minutes ago is written where the charm notes it.
func TestControllerTakesNoChange(t *testing.T) {
	f := newFixture(t, "frozen", nil)
	f.await(active)
	ours := shared.Dynamic().Resource(gateways).Namespace("frozen")
	before, err := ours.Get(f.ctx, charm, metav1.GetOptions{})
	f.must(err)
	withoutTraefik(t, func() error { return nil })
	started := time.Now().Truncate(time.Second)
	f.configure("external-hostname", "other.example.com")
	const waiting = "waiting Waiting for the controller of gateway class traefik to accept the Gateway"
	if got := f.shown(); !strings.HasPrefix(got, waiting) {
		t.Errorf("status is %q, not %q…", got, waiting)
	}

	// The API server notes when what we own of the spec was changed.
	live, err := ours.Get(f.ctx, charm, metav1.GetOptions{})
	f.must(err)
	if at := specChanged(live); at.Before(started) {
		t.Errorf("the Gateway was changed after %v, and its fields tell of %v", started, at)
	}

	note := fmt.Sprintf(`{"since":%q,"observed":%d}`, started.Add(-10*time.Minute).UTC().Format(time.RFC3339), before.GetGeneration())
	annotations := live.GetAnnotations()
	annotations["gateway-api-integrator.charm.juju.is/unjudged"] = note
	live.SetAnnotations(annotations)
	_, err = ours.Update(f.ctx, live, metav1.UpdateOptions{})
	f.must(err)
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	f.expect("blocked The controller of gateway class traefik has not taken the last change of the Gateway for 5 minutes; see its log")

	f.must(shared.StartTraefik(f.ctx))
	f.await(active)
}

// specChanged is when the charm's fields of a spec were last changed.
func specChanged(object *unstructured.Unstructured) time.Time {
	var at time.Time
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == charm && entry.Subresource == "" && strings.Contains(entry.FieldsV1.String(), "f:spec") && entry.Time.After(at) {
			at = entry.Time.Time
		}
	}
	return at
}
