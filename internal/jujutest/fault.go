package jujutest

import (
	"fmt"
	"time"
)

// faults are the failures that a test has requested, by unit.
type faults struct {
	flush  map[string][]error
	steps  map[string]map[FlushStep]error
	onCall map[string][]callFault
	// denials are reads that fail, by unit.
	denials map[string]*denial
	// delays are how long calls are to take, by unit and tool.
	delays map[string]time.Duration
}

// callFault does something once, in the unit's first context that has made enough tool calls.
type callFault struct {
	due func([]ToolCall) bool
	do  func(*Juju, *hookContext) func()
}

func (f *faults) takeFlush(unit string) error {
	queue := f.flush[unit]
	if len(queue) == 0 {
		return nil
	}
	f.flush[unit] = queue[1:]
	return queue[0]
}

func (f *faults) takeFlushStep(unit string, step FlushStep) error {
	err := f.steps[unit][step]
	delete(f.steps[unit], step)
	return err
}

// FailFlushAt makes the next flush of the unit that has something to do in that step fail there,
// once. With a profile that commits in steps, the earlier steps stay. With any other profile
// nothing does.
func (j *Juju) FailFlushAt(unit string, step FlushStep, err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.agentUnit(unit); err != nil {
		return err
	}
	if j.faults.steps == nil {
		j.faults.steps = make(map[string]map[FlushStep]error)
	}
	if j.faults.steps[unit] == nil {
		j.faults.steps[unit] = make(map[FlushStep]error)
	}
	j.faults.steps[unit][step] = err
	return nil
}

// FailNextFlush makes the next flush of a unit's changes fail even though dispatch exits 0.
func (j *Juju) FailNextFlush(unit string, err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.agentUnit(unit); err != nil {
		return err
	}
	if j.faults.flush == nil {
		j.faults.flush = make(map[string][]error)
	}
	j.faults.flush[unit] = append(j.faults.flush[unit], err)
	return nil
}

// KillDuringHook kills (SIGKILL) the unit's dispatch after the n-th hook tool call of a hook, once.
func (j *Juju) KillDuringHook(unit string, n int) error {
	return j.addCallFault(unit, n, func(_ *Juju, c *hookContext) func() {
		return c.output.kill
	})
}

// KillAfterTool kills (SIGKILL) the unit's dispatch after the first call of a hook tool, once.
func (j *Juju) KillAfterTool(unit, tool string) error {
	return j.addFault(unit, callFault{
		due: func(calls []ToolCall) bool { return calls[len(calls)-1].Tool == tool },
		do:  func(_ *Juju, c *hookContext) func() { return c.output.kill },
	})
}

// LoseLeadershipDuringHook moves leadership to another unit after the n-th hook tool call of one of
// the unit's hooks, once. If heir is "", no unit leads until SetLeader.
func (j *Juju) LoseLeadershipDuringHook(unit string, n int, heir string) error {
	if heir != "" {
		j.mu.Lock()
		_, err := j.agentUnit(heir)
		j.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return j.addCallFault(unit, n, func(_ *Juju, c *hookContext) func() {
		c.unit.app.leader = heir
		return nil
	})
}

func (j *Juju) addCallFault(unit string, n int, do func(*Juju, *hookContext) func()) error {
	if n < 1 {
		return fmt.Errorf("cannot inject a fault after tool call %d: the first is 1", n)
	}
	return j.addFault(unit, callFault{due: func(calls []ToolCall) bool { return len(calls) >= n }, do: do})
}

func (j *Juju) addFault(unit string, fault callFault) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.agentUnit(unit); err != nil {
		return err
	}
	if j.faults.onCall == nil {
		j.faults.onCall = make(map[string][]callFault)
	}
	j.faults.onCall[unit] = append(j.faults.onCall[unit], fault)
	return nil
}

// faultsAfterCall runs the faults that are due after the call just recorded, and returns what must be
// done without the model's lock.
func (c *hookContext) faultsAfterCall() []func() {
	all := c.juju.faults.onCall[c.unit.name]
	var later []callFault
	var unlocked []func()
	for _, fault := range all {
		if !fault.due(c.calls) {
			later = append(later, fault)
			continue
		}
		if f := fault.do(c.juju, c); f != nil {
			unlocked = append(unlocked, f)
		}
	}
	if len(all) > 0 {
		c.juju.faults.onCall[c.unit.name] = later
	}
	return unlocked
}
