package kube

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// Object is a Kubernetes object as the Go types of its API have it; of the Gateway API those
// are the ones of sigs.k8s.io/gateway-api.
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

// A Held is one object that was not written, or not deleted, for the moment.
type Held struct {
	Kind, Name string
	// Reason follows the name: "kept until HTTPRoute web is observed to lead elsewhere".
	Reason string
}

// String reads as a line of a log.
func (h Held) String() string { return h.Kind + " " + h.Name + ": " + h.Reason }

// Apply makes the cluster as desired, by the steps of package rollout: it writes the objects
// that differ from the snapshot, kind by kind in the order of dependence, and then deletes,
// kind by kind backwards, the application's objects that are not desired. What has to wait, and
// why, comes back as held.
//
// One object that is refused keeps no other from being written, but what may depend on it
// waits. A new Secret that is refused ends everything with a *MissingSecretsError: the caller
// has to plan without it. So does an API server that does not answer.
//
// What was done comes back with the error, which Refusals takes apart. The snapshot is
// brought up to date.
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

// Rewrite writes those of the routes that are there and differ, and touches nothing else. What
// they lead to must have been made by Apply before. The snapshot is brought up to date.
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

// An outcome is what became of a step.
type outcome struct {
	change Action                     // what was done; empty for nothing
	object *unstructured.Unstructured // what is there now; nil where that is as before, or gone
	gone   bool
	err    error
}

// carryOut takes the steps at once, and returns what became of each.
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
