package rollout

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Behind reports whether an object of that generation has been judged, but not as it is now,
// by the conditions of each report on it. One report is enough that is not old, and in it one
// condition: a controller may leave others as they were, and reports that nobody needs any
// more. Where a controller names no generation, what it says counts, or what a route has led
// to would stay for ever.
func Behind(generation int64, reports ...[]metav1.Condition) bool {
	before := false
	for _, conditions := range reports {
		observed, judged := newest(conditions)
		if judged && (observed == generation || observed == 0) {
			return false
		}
		before = before || judged
	}
	return before
}

// newest returns the newest generation that a controller names in conditions which it wrote
// together, 0 where it names none; judged is false where it has not written any. What a CRD
// gives an object at its birth, which says Unknown, is not a controller's.
func newest(conditions []metav1.Condition) (generation int64, judged bool) {
	for _, c := range conditions {
		generation = max(generation, c.ObservedGeneration)
		judged = judged || c.ObservedGeneration > 0 || c.Status != metav1.ConditionUnknown
	}
	return generation, judged
}
