package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Object is a Kubernetes object as the Go types of its API have it.
type Object interface {
	metav1.Object
	GetObjectKind() schema.ObjectKind
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
// Gateway is never deleted, and what a route has led to only when its controller has
// seen that it leads elsewhere: an event later, mostly.
//
// One object that is refused keeps no other from being written, but what may
// depend on it is left as it is: a Service that a BackendTLSPolicy is for is not written,
// nor a route to it, while the policy could not be; nor is a route to a Service that could
// not be made; and an object is not deleted while
// one that may refer to it could not be written. A new Secret that is refused ends
// everything with a *MissingSecretsError, because controllers have been seen to take no
// change of a Gateway with a listener like that: the caller has to plan without it. So
// does an API server that does not answer.
//
// What was done comes back with the error, which Refusals takes apart. The snapshot is
// brought up to date.
func (c *Client) Apply(ctx context.Context, snapshot *Snapshot, desired []Object) ([]Change, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	wanted, err := sortByKind(desired)
	if err != nil {
		return nil, err
	}
	changes, err := c.applyAll(ctx, snapshot, wanted)
	if len(changes) > 0 {
		err = errors.Join(err, snapshot.convert(c.options.Manager))
	}
	return changes, err
}

// Rewrite writes those of the routes that are there and differ, and touches nothing else. What
// they lead to must have been made by Apply before. The snapshot is brought up to date.
func (c *Client) Rewrite(ctx context.Context, snapshot *Snapshot, routes []Object) ([]Change, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	wanted, err := sortByKind(routes)
	if err != nil {
		return nil, err
	}
	r := resourceOf("HTTPRoute")
	standing := slices.DeleteFunc(wanted[r.kind], func(route *unstructured.Unstructured) bool {
		return snapshot.live[key{r.kind, route.GetName()}] == nil
	})
	changes, err := c.applyKind(ctx, r, snapshot, shownAgain(snapshot, standing))
	if len(changes) > 0 {
		err = errors.Join(err, snapshot.convert(c.options.Manager))
	}
	return changes, err
}

// sortByKind converts the objects, and finds those that no code here would
// write, or that two jobs would.
func sortByKind(desired []Object) (map[string][]*unstructured.Unstructured, error) {
	wanted := map[string][]*unstructured.Unstructured{}
	seen := map[key]bool{}
	for _, object := range desired {
		converted, err := toUnstructured(object)
		if err != nil {
			return nil, err
		}
		k := key{converted.GetKind(), converted.GetName()}
		if !slices.ContainsFunc(resources, func(r resource) bool { return r.kind == k.kind }) {
			return nil, fmt.Errorf("cannot apply %s %s: not a kind that is handled here", k.kind, k.name)
		}
		if seen[k] {
			return nil, fmt.Errorf("cannot apply %s %s: desired twice", k.kind, k.name)
		}
		seen[k] = true
		wanted[k.kind] = append(wanted[k.kind], converted)
	}
	return wanted, nil
}

func (c *Client) applyAll(ctx context.Context, snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured) ([]Change, error) {
	var changes []Change
	failed := map[string]error{}
	stay := lingeringOf(snapshot, wanted)
	now, kept := bridged(snapshot, wanted, c.options.Manager)
	for _, r := range resources {
		if needed := prerequisites[r.kind]; len(missing(snapshot, now[needed])) > 0 {
			failed[r.kind] = errHeldUp
			continue
		}
		objects := now[r.kind]
		if failed[kindPolicy] != nil {
			objects = c.guarded(snapshot, now, r.kind)
		}
		if r.kind == "HTTPRoute" && failed["Gateway"] != nil {
			objects = staying(snapshot, objects)
		}
		var heldUp error
		if r.kind == "HTTPRoute" {
			objects, heldUp = leadingSomewhere(objects, missing(snapshot, now["Service"]))
			objects = shownAgain(snapshot, objects)
		}
		done, err := c.applyKind(ctx, r, snapshot, objects)
		changes, failed[r.kind] = append(changes, done...), errors.Join(err, heldUp)
		if unanswered(err) {
			return changes, joinErrors(failed)
		}
		if names := missing(snapshot, now[r.kind]); r.kind == "Secret" && len(names) > 0 {
			return changes, &MissingSecretsError{Names: names, err: err}
		}
	}
	if len(kept) > 0 {
		wanted = withRoutesInUse(snapshot, wanted, kept)
	}
	for _, r := range slices.Backward(resources) {
		if len(kept) > 0 && r.kind != "HTTPRoute" {
			break // What is not wanted is still in use.
		}
		if r.kind == "Gateway" || slices.ContainsFunc(r.referrers, func(kind string) bool { return failed[kind] != nil }) {
			continue
		}
		if r.kind == kindConfigMap && len(snapshot.names(kindPolicy)) > len(wanted[kindPolicy]) {
			continue // Policies that stay for the moment refer to it.
		}
		done, err := c.prune(ctx, r, snapshot, wanted, stay)
		changes, failed[r.kind] = append(changes, done...), errors.Join(failed[r.kind], err)
		if unanswered(err) {
			break
		}
	}
	return changes, joinErrors(failed)
}

// prerequisites are the kinds of which all wanted objects must be there before one of
// another kind is written.
var prerequisites = map[string]string{kindPolicy: kindConfigMap}

// leadingSomewhere returns the routes that may be written while these Services are not there. One
// that leads to them stays as it is, and where it leads to: a controller may not look at it
// again when the Service comes, as Cilium 1.19 does not.
func leadingSomewhere(routes []*unstructured.Unstructured, absent []string) ([]*unstructured.Unstructured, error) {
	written := slices.DeleteFunc(slices.Clone(routes), func(route *unstructured.Unstructured) bool {
		return slices.ContainsFunc(backends(route), func(name string) bool { return slices.Contains(absent, name) })
	})
	if len(written) < len(routes) {
		return written, errHeldUp
	}
	return written, nil
}

// errHeldUp stands for what cannot be done for a reason that is told already.
var errHeldUp = errors.New("something that it needs is not there")

// missing returns the names of the objects that are not in the cluster.
func missing(snapshot *Snapshot, objects []*unstructured.Unstructured) []string {
	var names []string
	for _, object := range objects {
		if snapshot.live[key{object.GetKind(), object.GetName()}] == nil {
			names = append(names, object.GetName())
		}
	}
	return names
}

// joinErrors joins the errors of all kinds, in the order of the kinds.
func joinErrors(failed map[string]error) error {
	var errs []error
	for _, r := range resources {
		for _, err := range leaves(failed[r.kind]) {
			if !errors.Is(err, errHeldUp) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (c *Client) applyKind(ctx context.Context, r resource, snapshot *Snapshot, objects []*unstructured.Unstructured) ([]Change, error) {
	results := make([]*unstructured.Unstructured, len(objects))
	var jobs []func() error
	for i, object := range objects {
		live := snapshot.live[key{r.kind, object.GetName()}]
		if live != nil && same(object, live, c.options.Manager) {
			continue
		}
		jobs = append(jobs, func() (err error) {
			if results[i], err = c.write(ctx, r, snapshot, object, live); err == nil {
				return nil
			}
			if refused := (*RefusedError)(nil); errors.As(err, &refused) {
				refused.Stands = live != nil
			}
			return err
		})
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
	}
	return changes, err
}

// write applies an object. Only what was read and is ours is written over. What is made
// is not forced: where somebody was quicker, that is as refusing it.
func (c *Client) write(ctx context.Context, r resource, snapshot *Snapshot, object, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if _, foreign := snapshot.foreign[key{r.kind, object.GetName()}]; foreign {
		return nil, notOurs(r, object.GetName(), errors.New(anothersObject))
	}
	if live != nil {
		if err := c.takeOver(ctx, r, live); err != nil {
			return nil, err
		}
		if err := c.disown(ctx, r, object, live); err != nil {
			return nil, err
		}
		object = object.DeepCopy()
		object.SetUID(live.GetUID())
		result, err := c.apply(ctx, r, object, true)
		if !apierrors.IsConflict(err) {
			return result, err
		}
		found, lookErr := c.lookFor(ctx, r, []string{object.GetName()})
		if lookErr != nil || len(found) > 0 && found[0].UID == live.GetUID() {
			return nil, err
		}
		// It was deleted since it was read, and what may stand there now is another.
		object.SetUID("")
	}
	return c.apply(ctx, r, object, false)
}

// anothersObject is why an object is not written.
const anothersObject = "an object of that name is there, and is not ours"

func notOurs(r resource, name string, err error) error {
	return &RefusedError{Kind: r.kind, Name: name, Action: "apply " + r.Resource, Reason: anothersObject, err: err}
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
			return nil, notOurs(r, object.GetName(), classified)
		}
		return nil, classified
	}
	return result, nil
}

// toUnstructured returns the object as it goes over the wire: without what the
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
