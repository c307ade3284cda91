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

// What somebody has added to an object of ours may outlast what we do with it. To apply the object
// takes nothing away: owners and finalizers of all writers are joined; for additions to the spec see
// additions.go.

// hasOtherOwners reports whether a live object has owners beside those that it shall have. As
// long as one of them stands, Kubernetes does not collect the object when the application
// is removed: its route, or the key in its Secret, would stay. An object that shall have no
// owner is left alone. What another application of this charm has applied is taken over.
func hasOtherOwners(desired, live *unstructured.Unstructured) bool {
	wanted := desired.GetOwnerReferences()
	return len(wanted) > 0 && slices.ContainsFunc(live.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
		if owner.Kind == statefulSet && wrote(live, owner.Name) {
			return false
		}
		return !slices.ContainsFunc(wanted, func(one metav1.OwnerReference) bool { return one.UID == owner.UID })
	})
}

// disown takes away what an object of ours shall not have: owners, and what somebody has added to its
// spec.
func (c *Client) disown(ctx context.Context, r resource, desired, live *unstructured.Unstructured) error {
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
		return nil // What is applied now makes it anew, or finds another there.
	}
	return classify(err, "apply", r.GroupVersionResource, live.GetName())
}

// merge patches the very object that was read, not another of its name.
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
