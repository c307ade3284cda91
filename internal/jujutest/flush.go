package jujutest

import (
	"errors"
	"fmt"
	"maps"
)

// A FlushStep is one part of the changes that are applied at the end of a context.
type FlushStep int

// The parts. Juju 3 applies the secrets first and one by one, Juju 4.0 everything or nothing.
const (
	FlushState FlushStep = iota
	FlushSecrets
	FlushRelations
)

// flush applies a context's buffered changes, as the agent's one CommitHookChanges call does after
// dispatch has exited 0. What refuses them makes the hook fail, and it comes again; what stands then
// differs by version.
func (j *Juju) flush(c *hookContext) error {
	if err := j.faults.takeFlush(c.unit.name); err != nil {
		return err
	}
	if !c.pending.any() {
		return nil
	}
	if err := j.ambiguous(c); err != nil {
		return err
	}
	// With contents in Kubernetes, those of removed revisions go before the controller is asked.
	j.dropContents(c)
	if j.traits.commitsAtOnce {
		return j.flushAtOnce(c)
	}
	return j.flushSecretsFirst(c)
}

// flushAtOnce is Juju 4.0 (domain/unitstate/state, CommitHookChanges): one transaction, for a unit that
// is as alive as it was when the hook began and relations that are all there.
func (j *Juju) flushAtOnce(c *hookContext) error {
	if c.unit.life != c.life {
		return errUnitLife
	}
	if err := j.checkRelations(c); err != nil {
		return err
	}
	if len(c.pending.apps) > 0 {
		if err := checkLeads(c.unit); err != nil {
			return err
		}
	}
	for _, step := range []FlushStep{FlushState, FlushSecrets, FlushRelations} {
		if err := j.refusal(c, step); err != nil {
			return err
		}
	}
	before := j.copySecrets()
	if err := j.commitSecrets(c); err != nil {
		j.secrets = before
		return err
	}
	j.commitRest(c)
	return nil
}

// flushSecretsFirst is Juju 3 (apiserver/facades/agent/uniter, commitHookChangesForOneUnit): relations
// that are gone refuse everything; secrets are carried out one by one, and stay so; the rest follows in
// one transaction.
func (j *Juju) flushSecretsFirst(c *hookContext) error {
	if err := j.checkRelations(c); err != nil {
		return err
	}
	if err := j.refusal(c, FlushSecrets); err != nil {
		return err
	}
	if err := j.commitSecrets(c); err != nil {
		return err
	}
	for _, step := range []FlushStep{FlushState, FlushRelations} {
		if err := j.refusal(c, step); err != nil {
			return err
		}
	}
	if len(c.pending.apps) > 0 {
		if err := checkLeads(c.unit); err != nil {
			return err
		}
	}
	j.commitRest(c)
	return nil
}

// refusal says why a part cannot be carried out, if a test has asked for that.
func (j *Juju) refusal(c *hookContext, step FlushStep) error {
	pending := map[FlushStep]bool{
		FlushState:     len(c.pending.state) > 0,
		FlushSecrets:   c.pending.secrets.any(),
		FlushRelations: len(c.pending.units)+len(c.pending.apps) > 0,
	}
	if !pending[step] {
		return nil
	}
	return j.faults.takeFlushStep(c.unit.name, step)
}

func (p pending) any() bool {
	return len(p.units)+len(p.apps)+len(p.state)+len(p.ports) > 0 || p.secrets.any()
}

func (j *Juju) commitRest(c *hookContext) {
	applyPorts(c)
	applyState(c)
	j.applyRelationChanges(c)
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

// errUnitLife is Juju 4.0's answer for a unit whose removal has begun while its hook ran.
var errUnitLife = errors.New("unit life precondition failed")

func checkLeads(u *unit) error {
	if u.app.leader != u.name {
		return fmt.Errorf("%w: %q does not lead %q", errLostLeadership, u.name, u.app.name)
	}
	return nil
}

// checkRelations refuses writes to relations that have gone.
func (j *Juju) checkRelations(c *hookContext) error {
	for _, changed := range []map[int]map[string]string{c.pending.units, c.pending.apps} {
		for _, id := range sortedKeys(changed) {
			if r, ok := j.relations[id]; !ok || r.gone {
				return fmt.Errorf("cannot write relation %d: relation not found", id)
			}
		}
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
