package jujutest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ActionResult is the result of an action, as juju run shows it.
type ActionResult struct {
	ID      string
	Status  string            // "completed" or "failed"
	Message string            // of action-fail, or "exit status N"
	Results map[string]string // by dotted key; "return-code", "stdout", "stderr" among them
	Log     []string          // of action-log
}

// RunAction runs an action on a unit, after those hooks of the unit that come before actions. A
// failing action is a result, not an error. Errors are those of juju run itself (no such action,
// bad parameters) and of the simulation.
func (j *Juju) RunAction(ctx context.Context, unit, action string, params map[string]any) (ActionResult, error) {
	j.running.Lock()
	defer j.running.Unlock()
	u, run, err := j.prepareAction(unit, action, params)
	if err != nil {
		return ActionResult{}, err
	}
	if err := j.runUrgent(ctx, u); err != nil {
		return ActionResult{}, err
	}
	j.mu.Lock()
	c := j.newContext(u, runAction, action)
	c.dispatchPath = "actions/" + action
	c.action = run
	j.mu.Unlock()
	done, err := j.execute(ctx, c)
	if err != nil {
		return ActionResult{}, err
	}
	return finishAction(c, done), nil
}

func (j *Juju) prepareAction(unit, name string, params map[string]any) (*unit, *actionRun, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	u, err := j.agentUnit(unit)
	if err != nil {
		return nil, nil, err
	}
	definition, ok := u.charm.actions[name]
	if !ok {
		return nil, nil, fmt.Errorf("action %q not defined on unit %q", name, unit)
	}
	filled, err := definition.parameters(params)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot run action %q: %w", name, err)
	}
	if !u.agent.installed {
		return nil, nil, fmt.Errorf("cannot run action %q: unit %q is not installed yet", name, unit)
	}
	j.nextAction++
	return u, &actionRun{
		name: name, id: strconv.Itoa(j.nextAction), params: filled, results: make(map[string]string),
	}, nil
}

// runUrgent runs the hooks of a unit that come before actions: a new relation's, leadership, secrets.
// A unit in error runs none of them.
func (j *Juju) runUrgent(ctx context.Context, u *unit) error {
	for {
		j.mu.Lock()
		var h *hook
		if u.agent.pending == nil && !u.agent.inError {
			h = j.urgentHook(u)
		}
		j.mu.Unlock()
		if h == nil {
			return nil
		}
		if err := j.runHook(ctx, u, h); err != nil {
			if _, failed := errors.AsType[*HookError](err); failed {
				return nil // the action still runs
			}
			return err
		}
	}
}

// finishAction settles an action's outcome as finalizeAction in
// internal/worker/uniter/runner/context/context.go does: a non-zero exit hides action-fail's message.
func finishAction(c *hookContext, run HookRun) ActionResult {
	action := c.action
	result := ActionResult{ID: action.id, Status: "completed", Results: action.results, Log: action.log}
	c.output.mu.Lock()
	stdout, stderr := c.output.stdout.String(), c.output.stderr.String()
	c.output.mu.Unlock()
	switch {
	case run.Err == nil && action.failed:
		result.Status, result.Message = "failed", action.message
	case errors.Is(run.Err, errFlush):
		result.Status, result.Message = "failed", run.Err.Error()
		stderr += run.Err.Error()
	case errors.Is(run.Err, errTerminated):
		result.Status, result.Message = "failed", "action terminated"
	case run.Err != nil:
		result.Status, result.Message = "failed", run.Err.Error()
	}
	setOutput(result.Results, "stdout", stdout)
	setOutput(result.Results, "stderr", stderr)
	result.Results["return-code"] = strconv.Itoa(run.ExitCode)
	return result
}

func setOutput(results map[string]string, name, text string) {
	if text == "" {
		return
	}
	if !utf8.ValidString(text) {
		text = base64.StdEncoding.EncodeToString([]byte(text))
		results[name+"-encoding"] = "base64"
	}
	results[name] = text
}
