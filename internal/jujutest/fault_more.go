package jujutest

import (
	"fmt"
	"time"
)

// ClearFaults removes the requested failures that have not happened yet.
func (j *Juju) ClearFaults() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults = faults{}
}

// KillHook kills (SIGKILL) the running hook of the unit, if there is one. Unlike the other failures
// it may happen at any point, such as between hook tool calls.
func (j *Juju) KillHook(unit string) error {
	return killByEnvironment("JUJU_CHARM_DIR=" + j.CharmDir(unit))
}

// RestartDuringHook restarts the unit's agent after the n-th hook tool call of a hook, once. That
// ends dispatch.
func (j *Juju) RestartDuringHook(unit string, n int) error {
	return j.addCallFault(unit, n, func(_ *Juju, c *hookContext) func() {
		c.unit.agent.restart = true
		return c.output.kill
	})
}

// denial makes reads of one relation fail.
type denial struct {
	relation int
	text     string
	left     int
}

// DenyReads makes the unit's next relation-get calls on a relation fail, as many as given, with
// exit code 1 and the text, such as "permission denied" or "relation 3 not found". relation-ids
// still lists the relation: the controller has not noticed yet.
func (j *Juju) DenyReads(unit string, relationID int, text string, times int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	u, err := j.agentUnit(unit)
	if err != nil {
		return err
	}
	if u.agent.relation[relationID] == nil {
		return fmt.Errorf("unit %q is not in relation %d", unit, relationID)
	}
	if times < 1 {
		return fmt.Errorf("cannot deny %d reads", times)
	}
	if j.faults.denials == nil {
		j.faults.denials = make(map[string]*denial)
	}
	j.faults.denials[unit] = &denial{relation: relationID, text: text, left: times}
	return nil
}

// takeDenial returns the error of a read that is to fail.
func (f *faults) takeDenial(unit string, relationID int) error {
	d := f.denials[unit]
	if d == nil || d.relation != relationID || d.left == 0 {
		return nil
	}
	d.left--
	return failf("%s", d.text)
}

// RemoveUnitDuringHook starts the removal of the unit after the n-th hook tool call of one of its
// hooks, once.
func (j *Juju) RemoveUnitDuringHook(unit string, n int) error {
	return j.addCallFault(unit, n, func(j *Juju, c *hookContext) func() {
		j.destroyUnit(c.unit)
		return nil
	})
}

// GhostDuringHook does what GhostRelation does, after the n-th hook tool call of one of the unit's hooks,
// once.
func (j *Juju) GhostDuringHook(unit string, n int, a, b string) error {
	j.mu.Lock()
	r, err := j.findRelation(a, b)
	j.mu.Unlock()
	if err != nil {
		return err
	}
	return j.addCallFault(unit, n, func(j *Juju, _ *hookContext) func() {
		j.makeGhost(r)
		return nil
	})
}

// DelayTool delays the unit's next call of a hook tool. If Kubernetes keeps the contents of
// secrets, an agent asks it up to ten times before it gives up, and a secret-get or a hook's end
// may take minutes.
func (j *Juju) DelayTool(unit, tool string, delay time.Duration) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.agentUnit(unit); err != nil {
		return err
	}
	if j.faults.delays == nil {
		j.faults.delays = make(map[string]time.Duration)
	}
	j.faults.delays[unit+" "+tool] = delay
	return nil
}

// takeDelay waits as long as the call is to take.
func (j *Juju) takeDelay(unit, tool string) {
	j.mu.Lock()
	delay := j.faults.delays[unit+" "+tool]
	delete(j.faults.delays, unit+" "+tool)
	j.mu.Unlock()
	<-time.After(delay)
}
