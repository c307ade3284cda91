package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A condition is one condition of an object, believed only if it speaks of the
// object's present generation; a missing or an older one is unknown.
type condition struct {
	known bool
	metav1.Condition
}

func conditionOf(conditions []metav1.Condition, kind string, generation int64) condition {
	for _, c := range conditions {
		if c.Type == kind && c.ObservedGeneration == generation && c.Status != metav1.ConditionUnknown {
			return condition{known: true, Condition: c}
		}
	}
	return condition{}
}

// acceptedOf is the condition of that name, which all kinds have. One that is false for
// the time being is unknown: nobody has judged yet.
func acceptedOf(conditions []metav1.Condition, generation int64) condition {
	c := conditionOf(conditions, "Accepted", generation)
	if c.is(false) && (c.Reason == "Pending" || c.Reason == "Waiting") {
		return condition{}
	}
	return c
}

// is says that the condition is known to be so. Only the status counts: the
// reason of a true condition differs from one controller to another.
func (c condition) is(value bool) bool {
	return c.known && (c.Status == metav1.ConditionTrue) == value
}

// because gives the controller's own words.
func (c condition) because() string {
	if c.Message == "" {
		return c.Reason
	}
	return c.Reason + ": " + c.Message
}
