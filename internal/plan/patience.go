package plan

import (
	"bytes"
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// What happens if a controller has been silent for too long. It may be gone. Or it fails at the
// same object again and again, as Cilium does when the API server refuses the status that it
// reports; then nothing of that Gateway changes any more. Waiting would never end.

// patience is how long a controller may leave an object unjudged before the charm reports it.
// Conformant controllers need less than 180 seconds (the timeouts of the Gateway API's conformance
// tests).
const patience = 5 * time.Minute

// overdue reports whether a time is known and longer ago than patience.
func overdue(s observed, since time.Time) bool {
	return !since.IsZero() && s.Now.Sub(since) > patience
}

// changedAt returns when an object's spec last changed, or slightly later: for each owner of
// fields, the API server stores when that owner last wrote something new. It is zero if unknown.
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

// isLate reports whether a controller has had enough time to judge an object.
func isLate(s observed, object metav1.Object) bool {
	return object.GetDeletionTimestamp() == nil && overdue(s, changedAt(object))
}

// annotationUnjudged stores, on the Gateway, since when its controller has not judged a change of
// it. The time of the last change is not enough: with a new host every four minutes, it would never
// be five minutes ago. So whenever the charm changes a Gateway whose last change has been unjudged
// for a while, it notes the time of that change. The note counts as long as the controller has
// judged nothing newer. No other object needs this: routes and policies change with their own
// application, not when others come and go.
const annotationUnjudged = "gateway-api-integrator.charm.juju.is/unjudged"

// unjudgedGrace is how long a change may stay unjudged before the charm notes it. In a burst of
// events, changes come faster than any controller judges them.
const unjudgedGrace = 30 * time.Second

// unjudgedNote is the content of annotationUnjudged.
type unjudgedNote struct {
	Since time.Time `json:"since"`
	// Observed is the newest generation that the controller had judged.
	Observed int64 `json:"observed"`
}

// unjudgedSince returns since when the controller has not judged a change of the Gateway, although
// it judged earlier ones; zero if it has judged all.
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

// noteOf reads the note. A note with values that the charm never writes counts as absent.
func noteOf(gateway *gatewayv1.Gateway) unjudgedNote {
	var noted unjudgedNote
	if json.Unmarshal([]byte(gateway.Annotations[annotationUnjudged]), &noted) != nil || noted.Since.IsZero() || noted.Observed <= 0 {
		return unjudgedNote{}
	}
	return noted
}

// newestGeneration returns the newest generation that the controller has judged.
func newestGeneration(gateway *gatewayv1.Gateway) int64 {
	var newest int64
	for _, c := range gateway.Status.Conditions {
		newest = max(newest, c.ObservedGeneration)
	}
	return newest
}
