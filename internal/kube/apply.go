package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Object is a Kubernetes object as the Go types of its API have it.
type Object interface {
	metav1.Object
	runtime.Object
}

// Action says what was done to an object.
type Action string

// What can be done to an object; one that already is as desired has no Change.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Deleted    Action = "deleted"
)

// A Change is one object that was written.
type Change struct {
	Kind, Name string
	Action     Action
}

// String reads as a line of a log: "HTTPRoute/web created".
func (c Change) String() string { return c.Kind + "/" + c.Name + " " + string(c.Action) }

// Apply makes the cluster as desired: it writes the objects that differ from
// the snapshot, kind by kind in the order of dependence, and then deletes,
// kind by kind backwards, the application's objects that are not desired. The
// Gateway is never deleted.
//
// One object that cannot be written keeps no other from being written. What was
// done comes back with the error. The snapshot is brought up to date.
func (c *Client) Apply(ctx context.Context, snapshot *Snapshot, desired []Object) ([]Change, error) {
	wanted := map[key]bool{}
	byKind := map[string][]*unstructured.Unstructured{}
	for _, object := range desired {
		converted, err := toUnstructured(object)
		if err != nil {
			return nil, err
		}
		kind := converted.GetKind()
		wanted[key{kind, converted.GetName()}] = true
		byKind[kind] = append(byKind[kind], converted)
	}
	var changes []Change
	failed := map[string]error{}
	for _, r := range resources {
		done, err := c.applyKind(ctx, r, snapshot, byKind[r.kind])
		changes, failed[r.kind] = append(changes, done...), err
	}
	errs := []error{failed["Secret"], failed["Gateway"], failed["Service"], failed["EndpointSlice"], failed["HTTPRoute"]}
	for _, r := range slices.Backward(resources) {
		// A Gateway that could not be written may still refer to the Secrets.
		if r.kind == "Gateway" || r.kind == "Secret" && failed["Gateway"] != nil {
			continue
		}
		done, err := c.prune(ctx, r, snapshot, wanted)
		changes, errs = append(changes, done...), append(errs, err)
	}
	return changes, errors.Join(errs...)
}

func (c *Client) applyKind(ctx context.Context, r resource, snapshot *Snapshot, objects []*unstructured.Unstructured) ([]Change, error) {
	results := make([]*unstructured.Unstructured, len(objects))
	var jobs []func() error
	for i, object := range objects {
		if live := snapshot.live[key{r.kind, object.GetName()}]; live != nil && same(object, live, c.options.Manager) {
			continue
		}
		jobs = append(jobs, func() (err error) { results[i], err = c.apply(ctx, r, object); return err })
	}
	err := inParallel(jobs)
	var changes []Change
	for _, result := range results {
		if result == nil {
			continue
		}
		k := key{r.kind, result.GetName()}
		before := snapshot.live[k]
		snapshot.live[k] = result
		switch {
		case before == nil:
			changes = append(changes, Change{r.kind, k.name, Created})
		case before.GetResourceVersion() != result.GetResourceVersion():
			changes = append(changes, Change{r.kind, k.name, Configured})
		}
		if r.kind == "Gateway" {
			snapshot.Gateway = &gatewayv1.Gateway{}
			err = errors.Join(err, fromUnstructured(result, snapshot.Gateway))
		}
	}
	return changes, err
}

func (c *Client) apply(ctx context.Context, r resource, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(object.Object)
	if err != nil {
		return nil, fmt.Errorf("cannot encode %s %s: %w", r.kind, object.GetName(), err)
	}
	result, err := c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).Patch(ctx, object.GetName(), types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: c.options.Manager, Force: ptr.To(true), FieldValidation: metav1.FieldValidationStrict})
	return result, classify(err, "apply", r.GroupVersionResource, object.GetName())
}

func (c *Client) prune(ctx context.Context, r resource, snapshot *Snapshot, wanted map[key]bool) ([]Change, error) {
	var names []string
	for k := range snapshot.live {
		if k.kind == r.kind && !wanted[k] {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	deleted := make([]bool, len(names))
	var jobs []func() error
	for i, name := range names {
		jobs = append(jobs, func() error {
			err := c.api.Resource(r.GroupVersionResource).Namespace(c.options.Namespace).Delete(ctx, name, metav1.DeleteOptions{})
			if apierrors.IsNotFound(err) {
				err = nil // Somebody was quicker; it is gone, which is what we want.
			}
			deleted[i] = err == nil
			return classify(err, "delete", r.GroupVersionResource, name)
		})
	}
	err := inParallel(jobs)
	var changes []Change
	for i, name := range names {
		if deleted[i] {
			delete(snapshot.live, key{r.kind, name})
			changes = append(changes, Change{r.kind, name, Deleted})
		}
	}
	return changes, err
}

// toUnstructured gives the object as it goes over the wire: without what the
// API server writes.
func toUnstructured(object Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("cannot convert %s: %w", object.GetName(), err)
	}
	delete(content, "status")
	unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
	return &unstructured.Unstructured{Object: content}, nil
}

// WaitForAddress watches a Gateway until its controller has given it an address
// and judged it at its present generation, or the time is over; either way it
// gives the Gateway as last seen and no error, because the next event looks
// again. A watch that cannot be had ends the wait at once.
func (c *Client) WaitForAddress(ctx context.Context, gateway *gatewayv1.Gateway, limit time.Duration) *gatewayv1.Gateway {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	watcher, err := c.api.Resource(gatewayResource("gateways")).Namespace(c.options.Namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("metadata.name", gateway.Name).String(),
		ResourceVersion: gateway.ResourceVersion,
	})
	if err != nil {
		return gateway
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return gateway
		}
		var seen gatewayv1.Gateway
		if fromUnstructured(object, &seen) != nil {
			return gateway
		}
		gateway = &seen
		if settled(gateway) {
			return gateway
		}
	}
	return gateway
}

// settled says that the Gateway has an address and that its conditions, and
// those of its listeners, speak of its present generation.
func settled(gateway *gatewayv1.Gateway) bool {
	judged := func(conditions []metav1.Condition) bool {
		return len(conditions) > 0 && !slices.ContainsFunc(conditions, func(c metav1.Condition) bool {
			return c.ObservedGeneration != gateway.Generation
		})
	}
	for _, listener := range gateway.Status.Listeners {
		if !judged(listener.Conditions) {
			return false
		}
	}
	return len(gateway.Status.Addresses) > 0 && judged(gateway.Status.Conditions)
}
