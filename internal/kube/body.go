package kube

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// asWritten returns a desired object as a step writes it: a route with those other parents of the
// live route that it has to keep, and with its note.
func asWritten(body, live *unstructured.Unstructured, o rollout.Object) *unstructured.Unstructured {
	if o.Kind != rollout.KindRoute || live == nil {
		return body
	}
	parents := parentsOf(body)
	count := len(parents)
	for _, parent := range parentsOf(live) {
		there := func(other any) bool { return section(other) == section(parent) }
		if slices.Contains(o.Parents, section(parent)) && !slices.ContainsFunc(parents, there) {
			parents = append(parents, parent)
		}
	}
	if len(parents) == count && o.Note == "" {
		return body
	}
	written := body.DeepCopy()
	if len(parents) > count && unstructured.SetNestedSlice(written.Object, parents, "spec", "parentRefs") != nil {
		return body
	}
	if o.Note != "" {
		annotations := written.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[rollout.AnnotationBackends] = o.Note
		written.SetAnnotations(annotations)
	}
	return written
}

func parentsOf(route *unstructured.Unstructured) []any {
	parents, _, _ := unstructured.NestedSlice(route.Object, "spec", "parentRefs")
	return parents
}

// section is the name of the listener that a route's parent reference names.
func section(parent any) string {
	reference, _ := parent.(map[string]any)
	name, _ := reference["sectionName"].(string)
	return name
}

// toUnstructured returns the object as it is sent to the API server: without the fields that the
// API server sets.
func toUnstructured(object Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("cannot convert %s: %w", object.GetName(), err)
	}
	delete(content, "status")
	unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
	return &unstructured.Unstructured{Object: content}, nil
}
