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

// takeOverTries is how often an object is taken over that changes all the while:
// controllers write the status of a Gateway several times a second when it is new.
const takeOverTries = 5

// takeOver makes fields that the manager wrote by other means than apply, as
// this charm's predecessor did when it created an object, count as applied by
// it. Without that they would have two owners, and those that are not desired
// any more would stay for good. So would the fields that another application of this charm
// has applied to the object: it was written over by each of them in turn, and is ours now.
// An object without such fields gets no request.
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
				continue // It was changed since it was read.
			}
		}
		if apierrors.IsNotFound(err) {
			return nil // What is applied now makes it anew.
		}
		return classify(err, "apply", r.GroupVersionResource, name)
	}
	// What is applied now is right anyway as far as it goes, and the next event tries
	// again.
	return nil
}

// asUpdated returns the object with what other managers than the last have applied as if
// they had updated it, which is what is taken over.
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
