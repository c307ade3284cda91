package jujutest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// execTool is the program with which a charm's background process asks for a hook context.
const execTool = "juju-exec"

// ExecResult is the outcome of juju exec.
type ExecResult struct {
	Code   int
	Stdout string
	Stderr string
}

// Exec runs a shell script on a unit in a hook context of its own, as juju exec does: changes are
// flushed whatever the exit code is, and JUJU_DISPATCH_PATH is not set.
func (j *Juju) Exec(ctx context.Context, unit, script string) (ExecResult, error) {
	j.running.Lock()
	defer j.running.Unlock()
	return j.exec(ctx, unit, script)
}

func (j *Juju) exec(ctx context.Context, unit, script string) (ExecResult, error) {
	j.mu.Lock()
	u, err := j.agentUnit(unit)
	if err == nil && !u.agent.installed {
		err = errors.New("cannot run a script: unit \"" + unit + "\" is not installed yet")
	}
	if err != nil {
		j.mu.Unlock()
		return ExecResult{}, err
	}
	j.mu.Unlock()
	if err := j.runUrgent(ctx, u); err != nil {
		return ExecResult{}, err
	}
	j.mu.Lock()
	c := j.newContext(u, runExec, "run-commands")
	c.script = script
	j.mu.Unlock()
	run, err := j.execute(ctx, c)
	if err != nil {
		return ExecResult{}, err
	}
	c.output.mu.Lock()
	defer c.output.mu.Unlock()
	result := ExecResult{Code: run.ExitCode, Stdout: c.output.stdout.String(), Stderr: c.output.stderr.String()}
	if run.ExitCode == 0 && run.Err != nil {
		return result, run.Err
	}
	return result, nil
}

// execCommand runs the context's script with bash, as the agent does, or with sh where there is none.
func (c *hookContext) execCommand(*Juju) []string {
	shell := "/bin/bash"
	if _, err := os.Stat(shell); err != nil {
		shell = "/bin/sh"
	}
	return []string{shell, "-c", c.script}
}

func callExec([]string, func(string) string) (ToolResponse, error) {
	return ToolResponse{}, errors.New(filepath.Base(execTool) + " is not simulated")
}
