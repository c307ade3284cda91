package gocharm

import (
	"context"
	"fmt"
	"slices"
)

// StatusKind is the kind of a workload status.
type StatusKind string

// The statuses a charm may set.
const (
	Active      StatusKind = "active"
	Blocked     StatusKind = "blocked"     // the operator must act
	Waiting     StatusKind = "waiting"     // somebody else must act
	Maintenance StatusKind = "maintenance" // the charm is working
)

// Status is the workload status of a unit.
type Status struct {
	Kind    StatusKind
	Message string // one line
}

// SetStatus sets this unit's status, at once.
func (t *Tools) SetStatus(ctx context.Context, s Status) error {
	if !slices.Contains([]StatusKind{Active, Blocked, Waiting, Maintenance}, s.Kind) {
		return fmt.Errorf("cannot set status: %q is not one a charm may set", s.Kind)
	}
	args := []string{"--", string(s.Kind)}
	if message := printable(s.Message, maxStatus, " "); message != "" {
		args = append(args, message)
	}
	if err := t.run(ctx, "status-set", args...); err != nil {
		return fmt.Errorf("cannot set status: %w", err)
	}
	return nil
}

// SetApplicationVersion sets the version of the workload that juju status shows,
// at once.
func (t *Tools) SetApplicationVersion(ctx context.Context, v string) error {
	if err := t.run(ctx, "application-version-set", "--", printable(v, maxStatus, " ")); err != nil {
		return fmt.Errorf("cannot set application version: %w", err)
	}
	return nil
}
