package kube

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// remove deletes an object, or detaches a route that a finalizer keeps, or both.
func (c *Client) remove(ctx context.Context, r resource, live *unstructured.Unstructured, step rollout.Step) outcome {
	deletes := step.Action == rollout.Delete
	var detached *unstructured.Unstructured
	var err error
	if step.Detach {
		detached, err = c.detach(ctx, r, live)
	}
	if err == nil && deletes {
		err = c.delete(ctx, r, live)
	}
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		// Somebody has deleted the object meanwhile. The next event handles what may have its name
		// now.
		return outcome{gone: true}
	case err != nil:
		return outcome{err: classify(err, "delete", r.GroupVersionResource, live.GetName())}
	case deletes:
		return outcome{change: Deleted, gone: true}
	default:
		return outcome{change: Configured, object: detached}
	}
}

// delete deletes the object that was read, and no other object of its name.
func (c *Client) delete(ctx context.Context, r resource, live *unstructured.Unstructured) error {
	var options metav1.DeleteOptions
	if uid := live.GetUID(); uid != "" {
		options.Preconditions = &metav1.Preconditions{UID: ptr.To(uid)}
	}
	return c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).Delete(ctx, live.GetName(), options)
}

// detach makes a route serve nothing. A route that a finalizer keeps stays when it is deleted, and
// controllers go on serving it.
func (c *Client) detach(ctx context.Context, r resource, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return c.merge(ctx, r, live, map[string]any{"spec": map[string]any{"parentRefs": []any{}}})
}
