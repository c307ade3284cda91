package kube

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// Fields that others add to our objects are left alone, such as annotations, or the address that a
// Gateway is to have. A few decide whose requests an object serves, though the charm sets them
// sometimes or never: with hostnames, a route serves no others. Left alone, such an edit would last
// for good. These fields are the charm's, and go where it does not set them.
var (
	ofSpec = map[string][][]string{
		rollout.KindRoute:   {{"hostnames"}},
		rollout.KindService: {{"externalName"}, {"selector"}},
		rollout.KindPolicy:  {{"options"}, {"validation", "subjectAltNames"}, {"validation", "wellKnownCACertificates"}},
	}
	ofListener = [][]string{{"hostname"}, {"allowedRoutes", "kinds"}}
)

// additions returns the merge patch that takes such fields away from a live object; empty if there
// are none.
func additions(desired, live *unstructured.Unstructured) map[string]any {
	patch := map[string]any{}
	for _, path := range ofSpec[desired.GetKind()] {
		if path = append([]string{"spec"}, path...); added(desired.Object, live.Object, path) {
			_ = unstructured.SetNestedField(patch, nil, path...) // Nothing in the patch is in its way.
		}
	}
	switch {
	case desired.GetKind() == rollout.KindService && added(desired.Object, live.Object, []string{"spec", "externalName"}):
		_ = unstructured.SetNestedField(patch, nil, "spec", "type") // It gets the default.
		return patch
	case desired.GetKind() != rollout.KindGateway:
		return patch
	}
	if listeners, changed := withoutAdditions(listenersOf(desired), listenersOf(live)); changed {
		patch["spec"] = map[string]any{"listeners": listeners}
	}
	return patch
}

// withoutAdditions returns the live listeners without what was added to those that are desired, and
// reports whether that is any different.
func withoutAdditions(desired, live []any) (listeners []any, changed bool) {
	for _, one := range live {
		listener, _ := one.(map[string]any)
		i := slices.IndexFunc(desired, func(other any) bool {
			wanted, _ := other.(map[string]any)
			return wanted != nil && listener != nil && wanted["name"] == listener["name"]
		})
		if i < 0 {
			listeners = append(listeners, one)
			continue
		}
		listener = runtime.DeepCopyJSON(listener)
		for _, path := range ofListener {
			if added(desired[i].(map[string]any), listener, path) {
				unstructured.RemoveNestedField(listener, path...)
				changed = true
			}
		}
		listeners = append(listeners, listener)
	}
	return listeners, changed
}

// isImmutable reports whether a Secret or a ConfigMap can be given no other content: neither the next
// certificate nor other authorities.
func isImmutable(live *unstructured.Unstructured) bool {
	immutable, _ := live.Object["immutable"].(bool)
	return immutable
}

// added reports whether a live object has a field that is not desired.
func added(desired, live map[string]any, path []string) bool {
	_, wanted, _ := unstructured.NestedFieldNoCopy(desired, path...)
	_, there, _ := unstructured.NestedFieldNoCopy(live, path...)
	return there && !wanted
}

// listenersOf returns the listeners of a Gateway, as they go over the wire.
func listenersOf(gateway *unstructured.Unstructured) []any {
	listeners, _, _ := unstructured.NestedFieldNoCopy(gateway.Object, "spec", "listeners")
	all, _ := listeners.([]any)
	return all
}
