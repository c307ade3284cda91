package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// judges reports whether a condition is about this generation of its object. A condition without a
// generation counts too, because not every controller sets it. The initial conditions that a CRD
// sets, with status Unknown, do not count.
func judges(c metav1.Condition, generation int64) bool {
	return c.ObservedGeneration == generation || c.ObservedGeneration == 0 && c.Status != metav1.ConditionUnknown
}
