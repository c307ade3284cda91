package kube

import (
	"context"
	"encoding/json"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// What somebody has added to an object of ours must not stay. Applying the object does not remove
// it: the API server merges the owners and finalizers of all writers. For additions to the spec see
// additions.go.

// removeAdditions removes from an object of ours the owners that it should not have, and what
// somebody has added to its spec.
func (c *Client) removeAdditions(ctx context.Context, r resource, desired, live *unstructured.Unstructured) error {
	patch := additions(desired, live)
	if hasOtherOwners(desired, live) {
		owners, _, _ := unstructured.NestedSlice(desired.Object, "metadata", "ownerReferences")
		patch["metadata"] = map[string]any{"ownerReferences": owners}
	}
	if len(patch) == 0 {
		return nil
	}
	_, err := c.merge(ctx, r, live, patch)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // The next apply makes it again, or finds another object.
	}
	return classify(err, "apply", r.GroupVersionResource, live.GetName())
}

// hasOtherOwners reports whether a live object has owners beside the desired ones. As long as one
// of them exists, Kubernetes does not delete the object when the application is removed: its route,
// or the key in its Secret, would stay. An object that should have no owner is left alone. Owners
// that another application of this charm has applied are left to takeOver.
func hasOtherOwners(desired, live *unstructured.Unstructured) bool {
	wanted := desired.GetOwnerReferences()
	return len(wanted) > 0 && slices.ContainsFunc(live.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
		if owner.Kind == statefulSet && wrote(live, owner.Name) {
			return false
		}
		return !slices.ContainsFunc(wanted, func(one metav1.OwnerReference) bool { return one.UID == owner.UID })
	})
}

// merge patches the object that was read, and no other object of its name.
func (c *Client) merge(ctx context.Context, r resource, live *unstructured.Unstructured, patch map[string]any) (*unstructured.Unstructured, error) {
	metadata, _ := patch["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		patch["metadata"] = metadata
	}
	metadata["uid"] = string(live.GetUID())
	body, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	return c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).Patch(
		ctx, live.GetName(), types.MergePatchType, body, metav1.PatchOptions{FieldManager: c.options.Manager},
	)
}
