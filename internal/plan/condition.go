package plan

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// A condition is one condition of an object. It counts only for the object's present generation; a
// missing or older condition is unknown.
type condition struct {
	known bool
	metav1.Condition
}

// conditionOf finds a condition by its type in what a controller reports on an object. A condition
// without a generation is as old as the conditions beside it: some controllers never write the
// generation, and Cilium omits it from what it reports on a bad certificate. The conditions that a
// CRD sets on a new object have no generation either; their status is Unknown, and no controller
// wrote them.
func conditionOf(conditions []metav1.Condition, kind string, generation int64) condition {
	age := ageOf(conditions, generation)
	for _, c := range conditions {
		if c.Type != kind || c.Status == metav1.ConditionUnknown {
			continue
		}
		if c.ObservedGeneration == generation || c.ObservedGeneration == 0 && age != old {
			return condition{known: true, Condition: c}
		}
	}
	return condition{}
}

// An age says how far a controller's report applies to the object as it is now. Of two ages the
// greater is the more reliable one.
type age int

const (
	old     age = iota // about an earlier generation of the object
	undated            // about no generation: absent does not mean old
	present
)

// ageOf returns the age of the newest of conditions that were written together.
func ageOf(conditions []metav1.Condition, generation int64) age {
	newest := undated
	for _, c := range conditions {
		switch {
		case c.ObservedGeneration == generation:
			return present
		case c.ObservedGeneration > 0:
			newest = old
		}
	}
	return newest
}

// newestOf returns the newest of the reports on an object, in their order. A list may hold several
// that fit: Cilium 1.17 to 1.19 never removes a report, and an earlier writer of the reference may
// have written it in another form.
func newestOf[R any](reports []R, conditions func(R) []metav1.Condition, generation int64) []R {
	var newest []R
	reached := old
	for _, report := range reports {
		switch age := ageOf(conditions(report), generation); {
		case age > reached:
			newest, reached = []R{report}, age
		case age == reached:
			newest = append(newest, report)
		}
	}
	return newest
}

// acceptedOf returns the condition Accepted, which all kinds have. If it is false only for the
// moment, it is unknown: nobody has judged yet.
func acceptedOf(conditions []metav1.Condition, generation int64) condition {
	c := conditionOf(conditions, string(gatewayv1.GatewayConditionAccepted), generation)
	if c.is(false) && (c.Reason == "Pending" || c.Reason == "Waiting") {
		return condition{}
	}
	return c
}

// is reports whether the condition is known and has this value. Only the status counts: the reason
// of a true condition differs between controllers.
func (c condition) is(value bool) bool {
	return c.known && (c.Status == metav1.ConditionTrue) == value
}

// because returns the reason, which is one of the controller's identifiers, and then the
// controller's own words in quotes.
func (c condition) because() string {
	if c.Message == "" {
		return c.Reason
	}
	return c.Reason + ": " + pyjson.Said(c.Message)
}

// message returns the controller's own words without the reason. It is for places where our own
// text already says as much as the reason.
func (c condition) message() string { return cmp.Or(pyjson.Said(c.Message), c.Reason) }
