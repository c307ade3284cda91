package jujutest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// HookRun reports one run of dispatch to Options.Observe.
type HookRun struct {
	Unit     string
	Kind     string // "hook", "action" or "exec"
	Name     string // "config-changed", "ingress-relation-changed", "get-certificate"
	ExitCode int    // of dispatch; 128+n when killed by signal n
	Duration time.Duration
	Calls    []ToolCall
	Output   string // stdout, stderr and juju-log, in order of arrival
	Env      []string
	Err      error // why the run failed, if it did; the flush's error when ExitCode is 0
}

// HookError reports a hook that keeps failing. The hook stays first in its unit's queue.
type HookError struct {
	Unit     string
	Hook     string
	ExitCode int
	Output   string // the last lines of the charm's output and log
	Err      error
}

func (e *HookError) Error() string {
	text := fmt.Sprintf("hook %q of %s failed: %v", e.Hook, e.Unit, e.Err)
	if e.Output != "" {
		text += "\n" + e.Output
	}
	return text
}

// Unwrap returns the reason: the exit status, or the error of the flush.
func (e *HookError) Unwrap() error { return e.Err }

// errTerminated is the end of a dispatch killed from outside: not a failure, the hook comes again.
var errTerminated = errors.New("terminated")

// Step runs one pending hook of one unit. It reports whether there was one. A failed hook is a
// *HookError; it is run again by the next Step of its unit.
func (j *Juju) Step(ctx context.Context) (bool, error) {
	j.running.Lock()
	defer j.running.Unlock()
	u, _, err := j.step(ctx, nil)
	return u != nil, err
}

// maxRepeats is how often one unit may get events about one remote unit or application in one
// Settle. If two charms answer each other without end, one of them has a fault, and a test must not
// wait for that.
const maxRepeats = 200

// Settle runs hooks until no unit has one. A hook that fails more than Options.Retries times leaves
// its unit in error. The others go on, and Settle returns the *HookError. The next Settle tries
// again. If charms answer each other without end, Settle gives up and names the hook.
func (j *Juju) Settle(ctx context.Context) error {
	j.running.Lock()
	defer j.running.Unlock()
	skip := make(map[*unit]bool)
	attempts := make(map[*unit]int)
	ran := make(map[string]int)
	var failures []error
	for {
		u, h, err := j.step(ctx, skip)
		if u == nil {
			return errors.Join(append(failures, err)...)
		}
		if err == nil {
			attempts[u] = 0
			if h.event == nil {
				continue
			}
			what := fmt.Sprintf("%s of %s for %s of relation %d", h.name, u.name, cmp.Or(h.event.remoteUnit, "the application"), h.event.relation.id)
			if ran[what]++; ran[what] > maxRepeats {
				return errors.Join(append(failures, fmt.Errorf("cannot settle: %s ran %d times", what, maxRepeats+1))...)
			}
			continue
		}
		_, failed := errors.AsType[*HookError](err)
		if !failed {
			return errors.Join(append(failures, err)...)
		}
		if attempts[u]++; attempts[u] > j.options.Retries {
			skip[u] = true
			failures = append(failures, err)
		}
	}
}

// step runs the next hook, of a unit that is not to be skipped, and gives both; nil for none.
func (j *Juju) step(ctx context.Context, skip map[*unit]bool) (*unit, *hook, error) {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil, nil, errors.New("cannot run hooks: simulator is closed")
	}
	if err := errors.Join(ctx.Err(), j.cleanUp()); err != nil {
		j.mu.Unlock()
		return nil, nil, err
	}
	u, h := j.pick(skip)
	j.mu.Unlock()
	if u == nil {
		return nil, nil, nil
	}
	return u, h, j.runHook(ctx, u, h)
}

// runHook runs a hook with Juju's own changes of status around it, and records how it ended.
func (j *Juju) runHook(ctx context.Context, u *unit, h *hook) error {
	if h.kind == execTool {
		return j.takeScript(ctx, u)
	}
	j.mu.Lock()
	switch h.kind {
	case "install":
		u.status = workloadStatus{"maintenance", "installing charm software", j.options.Now()}
	case "stop":
		u.status = workloadStatus{"maintenance", "stopping charm software", j.options.Now()}
	case "remove":
		u.status = workloadStatus{"maintenance", "cleaning up prior to charm deletion", j.options.Now()}
	}
	c := j.hookContextFor(u, h)
	j.mu.Unlock()
	run, err := j.execute(ctx, c)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	a := u.agent
	if h.kind == "start" {
		a.rebooted = false
	}
	if run.Err == nil {
		j.logUnit(u, "INFO", "juju.worker.uniter.operation", fmt.Sprintf("ran %q hook (via hook dispatching script: dispatch)", h.name))
		j.commit(u, h)
	} else {
		a.pending = h
	}
	if a.stopping && h.kind == "stop" {
		// The pod goes whatever its stop hook says; one that failed runs in the new pod.
		err = j.newPod(u)
	} else {
		err = j.mayRestart(u)
	}
	if err != nil || run.Err == nil {
		return errors.Join(err, j.cleanUp())
	}
	failure := &HookError{Unit: u.name, Hook: h.name, ExitCode: run.ExitCode, Output: tail(run.Output, 30), Err: run.Err}
	if errors.Is(run.Err, errTerminated) {
		return failure
	}
	a.inError, a.problem = true, fmt.Sprintf("hook failed: %q", h.name)
	j.logUnit(u, "ERROR", "juju.worker.uniter.operation",
		fmt.Sprintf("hook %q (via hook dispatching script: dispatch) failed: %v", h.name, run.Err))
	return failure
}

func tail(text string, lines int) string {
	all := slices.Collect(strings.Lines(text))
	return strings.Join(all[max(0, len(all)-lines):], "")
}
