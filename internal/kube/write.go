package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// write applies an object. live is the object as it was read; nil if there is none. An object that
// somebody has made immutable is deleted first, since it could not be given other content.
func (c *Client) write(ctx context.Context, r resource, object, live *unstructured.Unstructured) outcome {
	if live != nil && isImmutable(live) && !reflect.DeepEqual(object.Object["data"], live.Object["data"]) {
		if err := c.delete(ctx, r, live); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return outcome{err: classify(err, "delete", r.GroupVersionResource, live.GetName())}
		}
		live = nil
	}
	result, err := c.applyOver(ctx, r, object, live)
	switch refused := (*RefusedError)(nil); {
	case errors.As(err, &refused):
		refused.Stands = live != nil
		return outcome{err: err}
	case err != nil:
		return outcome{err: err}
	case live == nil:
		return outcome{change: Created, object: result}
	case live.GetResourceVersion() != result.GetResourceVersion():
		return outcome{change: Configured, object: result}
	default:
		return outcome{object: result}
	}
}

// applyOver applies an object. It forces the write only over an object that was read and is ours.
// It does not force a new object: if somebody else has made one of that name meanwhile, that counts
// as a refusal.
func (c *Client) applyOver(ctx context.Context, r resource, object, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if live != nil {
		if err := c.takeOver(ctx, r, live); err != nil {
			return nil, err
		}
		if err := c.removeAdditions(ctx, r, object, live); err != nil {
			return nil, err
		}
		object = object.DeepCopy()
		object.SetUID(live.GetUID())
		result, err := c.apply(ctx, r, object, true)
		if !apierrors.IsConflict(err) {
			return result, err
		}
		found, lookErr := c.findByName(ctx, r, []string{object.GetName()})
		if lookErr != nil || len(found) > 0 && found[0].UID == live.GetUID() {
			return nil, err
		}
		// The object was deleted since it was read. What has its name now, if anything, is another
		// object.
		object.SetUID("")
	}
	return c.apply(ctx, r, object, false)
}

// foreignObject is the reason why an object of another owner is not written.
const foreignObject = "an object of that name is there, and is not ours"

func refusedForeign(r resource, name string, err error) error {
	return &RefusedError{Kind: r.kind, Name: name, Action: "apply " + r.Resource, Reason: foreignObject, err: err}
}

func (c *Client) apply(ctx context.Context, r resource, object *unstructured.Unstructured, force bool) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(object.Object)
	if err != nil {
		return nil, fmt.Errorf("cannot encode %s %s: %w", r.kind, object.GetName(), err)
	}
	result, err := c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).Patch(
		ctx, object.GetName(), types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: c.options.Manager, Force: &force, FieldValidation: metav1.FieldValidationStrict},
	)
	if err != nil {
		classified := classify(err, "apply", r.GroupVersionResource, object.GetName())
		if apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict) {
			return nil, refusedForeign(r, object.GetName(), classified)
		}
		return nil, classified
	}
	return result, nil
}
