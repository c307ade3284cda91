package kube

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
)

// takeOverTries is how often a takeover is tried if the object keeps changing: controllers write
// the status of a new Gateway several times a second.
const takeOverTries = 5

// takeOver takes over fields that our manager wrote by other means than apply, as this charm's
// predecessor did when it created an object: they count as applied from then on. Without that the
// fields would have two owners, and would stay for ever when they are no longer desired. The same
// holds for fields that another application of this charm has applied: the applications have
// overwritten the object in turn, and now it is ours. An object without such fields gets no
// request.
func (c *Client) takeOver(ctx context.Context, r resource, live *unstructured.Unstructured) error {
	client, name := c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace), live.GetName()
	for range takeOverTries {
		managers := append(otherInstances(live, c.options.Manager), c.options.Manager)
		patch, err := csaupgrade.UpgradeManagedFieldsPatch(asUpdated(live, managers), sets.New(managers...), c.options.Manager)
		if err != nil {
			return fmt.Errorf("cannot read who owns the fields of %s %s: %w", r.kind, name, err)
		}
		if patch == nil {
			return nil
		}
		_, err = client.Patch(ctx, name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: c.options.Manager})
		if apierrors.IsConflict(err) {
			live, err = client.Get(ctx, name, metav1.GetOptions{})
			if err == nil {
				continue // The object was changed since it was read.
			}
		}
		if apierrors.IsNotFound(err) {
			return nil // The next apply makes it again.
		}
		return classify(err, "apply", r.GroupVersionResource, name)
	}
	// The next apply sets the right fields in any case, and the next event tries to take over
	// again.
	return nil
}

// asUpdated returns the object with the fields that other applications have applied, marked as if
// they had updated them: UpgradeManagedFieldsPatch takes over only those. The last manager is our
// own.
func asUpdated(live *unstructured.Unstructured, managers []string) *unstructured.Unstructured {
	others := managers[:len(managers)-1]
	if len(others) == 0 {
		return live
	}
	entries := live.GetManagedFields()
	for i := range entries {
		if slices.Contains(others, entries[i].Manager) && entries[i].Subresource == "" {
			entries[i].Operation = metav1.ManagedFieldsOperationUpdate
		}
	}
	live = live.DeepCopy()
	live.SetManagedFields(entries)
	return live
}
