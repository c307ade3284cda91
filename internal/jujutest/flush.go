package jujutest

import (
	"errors"
	"fmt"
	"maps"
)

// A FlushStep is one part of what a context leaves to its end.
type FlushStep int

// The parts, in the order in which Juju 4.0 carries them out (ports come before all of them).
const (
	FlushState FlushStep = iota
	FlushSecrets
	FlushRelations
)

// flushPart says how one part is carried out; check refuses it before anything of it is.
type flushPart struct {
	step    FlushStep
	pending bool // there is something to do
	check   func(*hookContext) error
	apply   func(*hookContext)
}

func (j *Juju) flushParts(c *hookContext) []flushPart {
	secrets := c.pending.secrets
	return []flushPart{
		{FlushState, len(c.pending.state) > 0, func(*hookContext) error { return nil }, applyState},
		{
			FlushSecrets, len(secrets.created)+len(secrets.updated)+len(secrets.removed)+len(secrets.grants)+len(secrets.tracked) > 0,
			j.checkSecretChanges, j.applySecretChanges,
		},
		{FlushRelations, len(c.pending.units)+len(c.pending.apps) > 0, j.checkRelationChanges, j.applyRelationChanges},
	}
}

// flush applies a context's buffered changes, as the agent's one CommitHookChanges call does after
// dispatch has exited 0: all or none, or part by part where the profile commits in steps
// (apiserver/facades/agent/uniter, commitHookChangesForOneUnit). Juju applies the changes of secrets one
// by one, too, in an order that differs by version. What depends on that order fails here, see
// checkSecretChanges.
func (j *Juju) flush(c *hookContext) error {
	if err := j.faults.takeFlush(c.unit.name); err != nil {
		return err
	}
	parts := j.flushParts(c)
	if j.traits.commitsInSteps {
		applyPorts(c)
		for _, part := range parts {
			if err := j.refusal(c, part); err != nil {
				return err
			}
			part.apply(c)
		}
		return nil
	}
	for _, part := range parts {
		if err := j.refusal(c, part); err != nil {
			return err
		}
	}
	applyPorts(c)
	for _, part := range parts {
		part.apply(c)
	}
	return nil
}

// refusal says why a part cannot be carried out.
func (j *Juju) refusal(c *hookContext, part flushPart) error {
	if part.pending {
		if err := j.faults.takeFlushStep(c.unit.name, part.step); err != nil {
			return err
		}
	}
	return part.check(c)
}

func applyState(c *hookContext) {
	for key, value := range c.pending.state {
		if value == nil {
			delete(c.unit.state, key)
		} else {
			c.unit.state[key] = *value
		}
	}
}

func applyPorts(c *hookContext) {
	for port, open := range c.pending.ports {
		if open {
			c.unit.ports[port] = true
		} else {
			delete(c.unit.ports, port)
		}
	}
}

func (j *Juju) applyRelationChanges(c *hookContext) {
	for id, changes := range c.pending.units {
		j.relations[id].units[c.unit.name].apply(changes)
	}
	for id, changes := range c.pending.apps {
		j.applyOwnApp(c.unit, j.relations[id], changes)
	}
}

// errLostLeadership is the flush's answer to writes that only the leader may do.
var errLostLeadership = errors.New("not the leader")

func (j *Juju) checkRelationChanges(c *hookContext) error {
	for _, changed := range []map[int]map[string]string{c.pending.units, c.pending.apps} {
		for _, id := range sortedKeys(changed) {
			if r, ok := j.relations[id]; !ok || r.gone {
				return fmt.Errorf("cannot write relation %d: relation not found", id)
			}
		}
	}
	if len(c.pending.apps) > 0 && c.unit.app.leader != c.unit.name {
		return fmt.Errorf("%w: %q does not lead %q", errLostLeadership, c.unit.name, c.unit.app.name)
	}
	return nil
}

// applyOwnApp writes the application's bag. In a peer relation the writer has no event of its own.
func (j *Juju) applyOwnApp(u *unit, r *relation, changes map[string]string) {
	b := r.apps[u.app.name]
	before := b.version
	if !b.apply(changes) || !r.isPeer() {
		return
	}
	if state := u.agent.relation[r.id]; state != nil && state.appVersion == before {
		state.appVersion = b.version
	}
}

// buffer merges changes into a context's pending writes of one relation.
func buffer(target map[int]map[string]string, id int, changes map[string]string) {
	if target[id] == nil {
		target[id] = make(map[string]string)
	}
	maps.Copy(target[id], changes)
}
