package jujutest

import (
	"context"
	"fmt"
)

// SuspendRelation cuts a relation with an application of another model, as juju suspend-relation does:
// departed and broken follow, and the relation's data stay.
func (j *Juju) SuspendRelation(ctx context.Context, id int) error {
	return j.setSuspended(ctx, id, true)
}

// ResumeRelation restores a suspended relation, as juju resume-relation does: it appears as new,
// but without relation-created for units that have had it, and with empty unit bags.
func (j *Juju) ResumeRelation(ctx context.Context, id int) error {
	return j.setSuspended(ctx, id, false)
}

func (j *Juju) setSuspended(ctx context.Context, id int, suspended bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	r, err := j.relationOf(id)
	switch {
	case err != nil:
		return err
	case r.life != alive:
		return fmt.Errorf("relation %d is not alive", id)
	case r.isPeer() || (r.ends[0].app.modelUUID == "" && r.ends[1].app.modelUUID == ""):
		return fmt.Errorf("cannot suspend relation %d: it is not with another model", id)
	case r.suspended == suspended:
		return fmt.Errorf("relation %d is suspended: %t", id, suspended)
	}
	r.suspended = suspended
	switch {
	case suspended && j.known(r):
		r.status = "suspending"
	case suspended:
		r.status = "suspended"
	default:
		r.status = "joining"
	}
	return nil
}
