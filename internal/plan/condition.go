package plan

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// A condition is one condition of an object, believed only if it speaks of the
// object's present generation; a missing or an older one is unknown.
type condition struct {
	known bool
	metav1.Condition
}

// conditionOf finds the condition of a kind in what a controller says of an object. One
// without a generation is of the age of those beside it: some controllers write the
// generation nowhere, and Cilium leaves it out of what it says of a bad certificate.
// What a CRD gives an object at its birth has no generation either; its status, Unknown,
// is nobody's word.
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

// An age tells how far what a controller says can be taken for its word on an object as
// it is now. The greater of two is the surer.
type age int

const (
	old     age = iota // on an earlier generation of the object
	undated            // on none: absent is not old
	present
)

// ageOf is the age of the newest of conditions that were written together.
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

// newestOf returns those reports of an object that are newest, in their order. A list may
// hold several that fit: Cilium 1.17 to 1.19 never remove one, and whoever wrote the
// reference before wrote it in other words.
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

// acceptedOf is the condition of that name, which all kinds have. One that is false for
// the time being is unknown: nobody has judged yet.
func acceptedOf(conditions []metav1.Condition, generation int64) condition {
	c := conditionOf(conditions, string(gatewayv1.GatewayConditionAccepted), generation)
	if c.is(false) && (c.Reason == "Pending" || c.Reason == "Waiting") {
		return condition{}
	}
	return c
}

// is reports whether the condition is known to be so. Only the status counts: the
// reason of a true condition differs from one controller to another.
func (c condition) is(value bool) bool {
	return c.known && (c.Status == metav1.ConditionTrue) == value
}

// because returns the controller's own words, in quotes, after the reason, which is one of its identifiers.
func (c condition) because() string {
	if c.Message == "" {
		return c.Reason
	}
	return c.Reason + ": " + pyjson.Said(c.Message)
}

// told returns the controller's own words without the reason, where what we say of it
// tells as much as that.
func (c condition) message() string { return cmp.Or(pyjson.Said(c.Message), c.Reason) }
