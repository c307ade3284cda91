package gocharm

import (
	"context"
	"fmt"
	"slices"
)

// StatusKind is the word of a workload status.
type StatusKind string

// The statuses a charm may set.
const (
	Active      StatusKind = "active"
	Blocked     StatusKind = "blocked"     // the operator must do something
	Waiting     StatusKind = "waiting"     // somebody else must
	Maintenance StatusKind = "maintenance" // the charm is at it
)

// Status is the workload status of a unit or an application. The kind may be
// another than those above when read: "unknown" before any was set.
type Status struct {
	Kind    StatusKind
	Message string // one line
}

// SetStatus sets this unit's status, at once.
func (t *Tools) SetStatus(ctx context.Context, s Status) error {
	return t.setStatus(ctx, s)
}

// SetApplicationStatus sets the application's status, at once. Only the leader
// may: ErrNotLeader.
func (t *Tools) SetApplicationStatus(ctx context.Context, s Status) error {
	return t.setStatus(ctx, s, "--application")
}

func (t *Tools) setStatus(ctx context.Context, s Status, flags ...string) error {
	if !slices.Contains([]StatusKind{Active, Blocked, Waiting, Maintenance}, s.Kind) {
		return fmt.Errorf("cannot set status: %q is not one a charm may set", s.Kind)
	}
	args := append(flags, "--", string(s.Kind))
	if message := printable(s.Message, maxStatus, " "); message != "" {
		args = append(args, message)
	}
	if err := t.run(ctx, "status-set", args...); err != nil {
		return fmt.Errorf("cannot set status: %w", err)
	}
	return nil
}

// Status returns this unit's status.
func (t *Tools) Status(ctx context.Context) (Status, error) {
	var s struct {
		Status  StatusKind `json:"status"`
		Message string     `json:"message"`
	}
	if err := t.ask(ctx, &s, "status-get", "--include-data"); err != nil {
		return Status{}, fmt.Errorf("cannot read status: %w", err)
	}
	return Status{Kind: s.Status, Message: s.Message}, nil
}

// SetApplicationVersion sets the version of the workload that juju status shows,
// at once.
func (t *Tools) SetApplicationVersion(ctx context.Context, v string) error {
	if err := t.run(ctx, "application-version-set", "--", printable(v, maxStatus, " ")); err != nil {
		return fmt.Errorf("cannot set application version: %w", err)
	}
	return nil
}
