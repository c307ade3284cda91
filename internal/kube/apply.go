package kube

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// Object is a Kubernetes object in the Go type of its API. Those of the Gateway API are in
// sigs.k8s.io/gateway-api.
type Object interface {
	metav1.Object
	GetObjectKind() schema.ObjectKind
}

// Action says what was done to an object.
type Action string

// What can be done to an object. One that already is as desired has no Change.
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

// String returns a line for the log: "HTTPRoute/web created".
func (c Change) String() string { return c.Kind + "/" + c.Name + " " + string(c.Action) }

// A Held is one object that is not written, or not deleted, for now.
type Held struct {
	Kind, Name string
	// Reason follows the name: "kept until HTTPRoute web is observed to lead elsewhere".
	Reason string
}

// String returns a line for the log.
func (h Held) String() string { return h.Kind + " " + h.Name + ": " + h.Reason }

// Apply makes the cluster as desired, by the steps of package rollout: it writes the objects that
// differ from the snapshot, kind by kind in the order of their dependencies. Then it deletes the
// application's objects that are not desired, kind by kind in the reverse order. What has to wait,
// and why, is returned as held.
//
// If one object is refused, the others are written, but what may depend on it waits. If a new
// Secret is refused, Apply stops with a *MissingSecretsError: the caller has to plan without it. It
// also stops if the API server does not answer.
//
// The changes are returned also if there is an error, which Refusals splits. The snapshot is
// updated.
func (c *Client) Apply(ctx context.Context, snapshot *Snapshot, desired []Object) ([]Change, []Held, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	wanted, err := c.compare(snapshot, desired)
	if err != nil {
		return nil, nil, err
	}
	live, report := c.live(snapshot), newReport()
	for !report.unreachable {
		steps := rollout.Next(live, wanted.objects, report.answers)
		if len(steps) == 0 {
			break
		}
		report.record(snapshot, steps, c.carryOut(ctx, snapshot, wanted, steps))
	}
	err = report.join()
	if names := report.missingSecrets(snapshot); len(names) > 0 && !report.unreachable {
		err = &MissingSecretsError{Names: names, err: err}
	}
	if len(report.changes) > 0 {
		err = errors.Join(err, snapshot.convert(c.options.Manager))
	}
	return report.changes, report.held, err
}

// Rewrite writes those of the routes that exist and differ, and nothing else. Apply must have
// written their backends before. The snapshot is updated.
func (c *Client) Rewrite(ctx context.Context, snapshot *Snapshot, routes []Object) ([]Change, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	wanted, err := c.compare(snapshot, routes)
	if err != nil {
		return nil, err
	}
	report := newReport()
	steps := rollout.Rewrite(c.live(snapshot), wanted.objects)
	report.record(snapshot, steps, c.carryOut(ctx, snapshot, wanted, steps))
	err = report.join()
	if len(report.changes) > 0 {
		err = errors.Join(err, snapshot.convert(c.options.Manager))
	}
	return report.changes, err
}

// An outcome is the result of a step.
type outcome struct {
	change Action                     // what was done; empty if nothing was
	object *unstructured.Unstructured // the object as it is now; nil if it is unchanged or gone
	gone   bool
	err    error
}

// carryOut carries out the steps at the same time, and returns the result of each.
func (c *Client) carryOut(ctx context.Context, snapshot *Snapshot, wanted *desiredSet, steps []rollout.Step) []outcome {
	outcomes := make([]outcome, len(steps))
	var jobs []func() error
	for i, step := range steps {
		r, live := resourceOf(step.Object.Kind), snapshot.live[key(step.Object.Ref)]
		var job func() outcome
		switch {
		case step.Action == rollout.Hold:
			if _, foreign := step.Reason.(rollout.Foreign); foreign {
				outcomes[i].err = refusedForeign(r, step.Object.Name, errors.New(foreignObject))
			}
			continue
		case step.Action == rollout.Delete || step.Detach:
			job = func() outcome { return c.remove(ctx, r, live, step) }
		default:
			object := asWritten(wanted.bodies[key(step.Object.Ref)], live, step.Object)
			job = func() outcome { return c.write(ctx, r, object, live) }
		}
		jobs = append(jobs, func() error {
			outcomes[i] = job()
			return outcomes[i].err
		})
	}
	_ = inParallel(jobs) // The errors are in the outcomes.
	return outcomes
}
