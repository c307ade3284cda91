package jujutest

import (
	"errors"
	"fmt"
	"maps"
)

// flush applies a context's buffered changes, all or none, as the agent's one CommitHookChanges call
// does after dispatch has exited 0. (Juju applies the changes of secrets one by one, in an order that
// differs by version. What depends on the order fails here, see checkSecretChanges.)
func (j *Juju) flush(c *hookContext) error {
	if err := j.faults.takeFlush(c.unit.name); err != nil {
		return err
	}
	if err := j.checkRelationChanges(c); err != nil {
		return err
	}
	if err := j.checkSecretChanges(c); err != nil {
		return err
	}
	for id, changes := range c.pending.units {
		j.relations[id].units[c.unit.name].apply(changes)
	}
	for id, changes := range c.pending.apps {
		j.applyOwnApp(c.unit, j.relations[id], changes)
	}
	for key, value := range c.pending.state {
		if value == nil {
			delete(c.unit.state, key)
		} else {
			c.unit.state[key] = *value
		}
	}
	for port, open := range c.pending.ports {
		if open {
			c.unit.ports[port] = true
		} else {
			delete(c.unit.ports, port)
		}
	}
	j.applySecretChanges(c)
	return nil
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
