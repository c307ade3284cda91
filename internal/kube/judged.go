package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// judges reports whether a condition is its controller's word on an object of that generation.
// One without a generation is too, since not every controller writes it; but not what a
// CRD gives an object at its birth, which says Unknown.
func judges(c metav1.Condition, generation int64) bool {
	return c.ObservedGeneration == generation || c.ObservedGeneration == 0 && c.Status != metav1.ConditionUnknown
}
