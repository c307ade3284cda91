package kube

import (
	"errors"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// A report collects the results of a rollout's steps.
type report struct {
	changes     []Change
	held        []Held
	answers     []rollout.Answer
	failed      map[string][]error // by kind
	unreachable bool               // the API server does not answer
}

func newReport() *report { return &report{failed: map[string][]error{}} }

// record adds the results of steps, and updates the snapshot.
func (r *report) record(snapshot *Snapshot, steps []rollout.Step, outcomes []outcome) {
	for i, step := range steps {
		ref, done := step.Object.Ref, outcomes[i]
		switch {
		case done.object != nil:
			snapshot.live[key(ref)] = done.object
		case done.gone:
			delete(snapshot.live, key(ref))
		}
		if done.change != "" {
			r.changes = append(r.changes, Change{ref.Kind, ref.Name, done.change})
		}
		answer := rollout.Answer{Step: step, Failed: done.err != nil}
		if done.object != nil {
			answer.UID = string(done.object.GetUID())
		}
		r.answers = append(r.answers, answer)
		switch {
		case done.err != nil:
			r.failed[ref.Kind] = append(r.failed[ref.Kind], done.err)
			r.unreachable = r.unreachable || isOutage(done.err)
		case step.Action == rollout.Hold:
			r.held = append(r.held, Held{ref.Kind, ref.Name, step.Reason.String()})
		}
	}
}

// missingSecrets returns the names of the Secrets that could not be written and do not exist.
func (r *report) missingSecrets(snapshot *Snapshot) []string {
	var names []string
	for _, answer := range r.answers {
		ref := answer.Step.Object.Ref
		if ref.Kind == rollout.KindSecret && answer.Failed && answer.Step.Action != rollout.Delete && snapshot.live[key(ref)] == nil {
			names = append(names, ref.Name)
		}
	}
	return names
}

// join joins all errors, in the order of the kinds.
func (r *report) join() error {
	var errs []error
	for _, kind := range rollout.Kinds() {
		for _, err := range r.failed[kind] {
			errs = append(errs, flatten(err)...)
		}
	}
	return errors.Join(errs...)
}
