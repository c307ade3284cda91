package plan

import (
	"bytes"
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// What a controller has been silent about for too long. It may be gone; or it may fail at
// the same object again and again, as Cilium does when the API server refuses what it
// reports, and then nothing of that Gateway changes any more. Waiting would be for ever.

// patience is how long an object may stay as it is, unjudged, before nobody is expected to
// judge it any more. Conformant controllers need less than 180 seconds (the timeouts of
// the Gateway API's conformance tests).
const patience = 5 * time.Minute

// overdue reports whether a time is known, and longer ago than there is patience for.
func overdue(s observed, since time.Time) bool {
	return !since.IsZero() && s.Now.Sub(since) > patience
}

// changedAt is when an object's spec was last changed, or a little later: the API server
// notes when each of those who own parts of it last wrote something new. It is zero when
// nobody knows.
func changedAt(object metav1.Object) time.Time {
	at := object.GetCreationTimestamp().Time
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource != "" || entry.Time == nil || entry.FieldsV1 == nil || !bytes.Contains(entry.FieldsV1.GetRawBytes(), []byte(`"f:spec"`)) {
			continue
		}
		if entry.Time.After(at) {
			at = entry.Time.Time
		}
	}
	return at
}

// isLate reports whether a controller has had time enough for an object.
func isLate(s observed, object metav1.Object) bool {
	return object.GetDeletionTimestamp() == nil && overdue(s, changedAt(object))
}

// annotationUnjudged keeps, on the Gateway, since when its controller has not taken a
// change of it. The time of the last change is not enough: with a new host every four
// minutes it would never be five minutes ago. So whoever changes a Gateway of which the
// last change has not been taken for a while notes when that was. What is noted counts as
// long as the controller has taken nothing since. No other object needs this: routes and policies
// change when an application does, not when others come and go.
const annotationUnjudged = "gateway-api-integrator.charm.juju.is/unjudged"

// hesitation is how long a controller may need for a change without that being noted. In a
// burst of events they come faster than any controller takes them.
const unjudgedGrace = 30 * time.Second

// unjudgedNote is what annotationUnjudged holds.
type unjudgedNote struct {
	Since time.Time `json:"since"`
	// Observed is the newest generation that the controller had taken.
	Observed int64 `json:"observed"`
}

// unjudgedSince is since when the controller has not taken a change of the Gateway, of
// which it had taken others before; zero when it has taken all.
func unjudgedSince(gateway *gatewayv1.Gateway) time.Time {
	if gateway == nil || ageOf(gateway.Status.Conditions, gateway.Generation) != old {
		return time.Time{}
	}
	at := changedAt(gateway)
	if noted := noteOf(gateway); noted.Observed == newestGeneration(gateway) && noted.Since.Before(at) {
		return noted.Since
	}
	return at
}

// noteOf reads the note back; one that nobody can have written on purpose counts as none.
func noteOf(gateway *gatewayv1.Gateway) unjudgedNote {
	var noted unjudgedNote
	if json.Unmarshal([]byte(gateway.Annotations[annotationUnjudged]), &noted) != nil || noted.Since.IsZero() || noted.Observed <= 0 {
		return unjudgedNote{}
	}
	return noted
}

// newestGeneration is the newest that the controller has taken.
func newestGeneration(gateway *gatewayv1.Gateway) int64 {
	var newest int64
	for _, c := range gateway.Status.Conditions {
		newest = max(newest, c.ObservedGeneration)
	}
	return newest
}
