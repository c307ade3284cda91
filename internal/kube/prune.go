package kube

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
)

// prune deletes the application's objects of a kind that are not wanted, save for those
// of Services that stay for the moment and, while policies cannot be seen, what those need.
// A route that a finalizer holds is detached from the Gateway.
func (c *Client) prune(ctx context.Context, r resource, snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured, stay lingering) ([]Change, error) {
	keep := map[string]bool{}
	for _, object := range wanted[r.kind] {
		keep[object.GetName()] = true
	}
	names := slices.DeleteFunc(snapshot.names(r.kind), func(name string) bool {
		live := snapshot.live[key{r.kind, name}]
		return keep[name] || live.GetDeletionTimestamp() != nil && !isAttached(live) || stay.has(live) ||
			snapshot.hiding() && neededUnseen(live, wanted["Service"])
	})
	const unknown, gone, deleted, detached = 0, 1, 2, 3
	outcomes := make([]int, len(names))
	left := make([]*unstructured.Unstructured, len(names)) // of what was detached
	var jobs []func() error
	for i, name := range names {
		jobs = append(jobs, func() (err error) {
			live := snapshot.live[key{r.kind, name}]
			held := live.GetDeletionTimestamp() != nil
			if held || len(live.GetFinalizers()) > 0 && isAttached(live) {
				left[i], err = c.detach(ctx, r, live)
			}
			if err == nil && !held {
				err = c.delete(ctx, r, live)
			}
			switch {
			case err == nil && held:
				outcomes[i] = detached
			case err == nil:
				outcomes[i] = deleted
			case apierrors.IsNotFound(err), apierrors.IsConflict(err):
				// Somebody was quicker: what was read is gone, and what may
				// have come in its place is for the next event to judge.
				outcomes[i] = gone
				return nil
			}
			return classify(err, "delete", r.GroupVersionResource, name)
		})
	}
	err := inParallel(jobs)
	var changes []Change
	for i, name := range names {
		switch outcomes[i] {
		case unknown:
			continue
		case detached:
			snapshot.live[key{r.kind, name}] = left[i]
			changes = append(changes, Change{r.kind, name, Configured})
			continue
		case deleted:
			changes = append(changes, Change{r.kind, name, Deleted})
		}
		delete(snapshot.live, key{r.kind, name})
	}
	return changes, err
}

// delete deletes the very object that was read, not another of its name.
func (c *Client) delete(ctx context.Context, r resource, live *unstructured.Unstructured) error {
	var options metav1.DeleteOptions
	if uid := live.GetUID(); uid != "" {
		options.Preconditions = &metav1.Preconditions{UID: ptr.To(uid)}
	}
	return c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).Delete(ctx, live.GetName(), options)
}
