package jujutest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
)

// ExecResult is the outcome of juju exec.
type ExecResult struct {
	Code   int
	Stdout string
	Stderr string
}

// execRequest is a script that waits for its turn between the hooks of a unit.
type execRequest struct {
	script     string
	relationID int // -1: none
	remoteUnit string
	done       chan execReply
}

type execReply struct {
	result ExecResult
	err    error
}

// Exec runs a shell script on a unit in a hook context of its own, as juju exec does: between
// hooks, without JUJU_DISPATCH_PATH, also while the unit is in error. Its changes are applied
// whatever its exit code is.
func (j *Juju) Exec(ctx context.Context, unit, script string) (ExecResult, error) {
	j.running.Lock()
	defer j.running.Unlock()
	j.mu.Lock()
	u, err := j.agentUnit(unit)
	if err == nil && !u.agent.installed {
		err = fmt.Errorf("cannot run a script: unit %q is not installed yet", unit)
	}
	j.mu.Unlock()
	if err != nil {
		return ExecResult{}, err
	}
	if err := j.runUrgent(ctx, u); err != nil {
		return ExecResult{}, err
	}
	return j.runScript(ctx, u, &execRequest{script: script, relationID: -1})
}

// runScript runs a script in its context.
func (j *Juju) runScript(ctx context.Context, u *unit, request *execRequest) (ExecResult, error) {
	j.mu.Lock()
	c := j.newContext(u, runExec, "juju-run")
	c.script = request.script
	if r, ok := c.relation(request.relationID); ok {
		c.event = &relationEvent{relation: r, remoteUnit: request.remoteUnit}
	} else if request.relationID >= 0 {
		j.mu.Unlock()
		return ExecResult{}, fmt.Errorf("unknown relation id: %d", request.relationID)
	}
	j.mu.Unlock()
	run, err := j.execute(ctx, c)
	if err != nil {
		return ExecResult{}, err
	}
	c.output.mu.Lock()
	defer c.output.mu.Unlock()
	result := ExecResult{Code: run.ExitCode, Stdout: c.output.stdout.String(), Stderr: c.output.stderr.String()}
	if run.ExitCode == 0 || errors.Is(run.Err, errFlush) {
		return result, run.Err
	}
	return result, nil
}

// execCommand has a script run by bash, as the agent does, or by sh where there is none.
func execCommand(script string) []string {
	shell := "/bin/bash"
	if _, err := os.Stat(shell); err != nil {
		shell = "/bin/sh"
	}
	return []string{shell, "-c", script}
}

// execService is the agent's second RPC service, for juju-exec on the unit's own machine.
type execService struct {
	juju *Juju
	unit *unit
}

// ExecRequest asks a unit agent to run a script. Field names and types are Juju's wire contract
// (internal/worker/uniter/runlistener.go).
type ExecRequest struct {
	Commands              string
	RelationId            int
	RemoteUnitName        string
	RemoteApplicationName string
	ForceRemoteUnit       bool
	UnitName              string
	Token                 string
	Operator              bool
}

// ExecResponse is the outcome of an ExecRequest.
type ExecResponse struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// RunCommands queues a script and waits until Step or Settle has run it.
func (s *execService) RunCommands(request ExecRequest, response *ExecResponse) error {
	queued := &execRequest{
		script: request.Commands, relationID: request.RelationId, remoteUnit: request.RemoteUnitName,
		done: make(chan execReply, 1),
	}
	s.juju.mu.Lock()
	if request.UnitName != s.unit.name || s.unit.agent.execListener == nil {
		s.juju.mu.Unlock()
		return fmt.Errorf("no agent for unit %q", request.UnitName)
	}
	s.unit.agent.scripts = append(s.unit.agent.scripts, queued)
	close(s.juju.scriptQueued)
	s.juju.scriptQueued = make(chan struct{})
	s.juju.mu.Unlock()
	reply := <-queued.done
	if reply.err != nil {
		return reply.err
	}
	response.Code = reply.result.Code
	response.Stdout, response.Stderr = []byte(reply.result.Stdout), []byte(reply.result.Stderr)
	return nil
}

// AwaitExec waits until a background process of the charm has called juju-exec on the unit. Step or
// Settle then runs the script.
func (j *Juju) AwaitExec(ctx context.Context, unit string) error {
	for {
		j.mu.Lock()
		u, err := j.agentUnit(unit)
		if err != nil {
			j.mu.Unlock()
			return err
		}
		waiting, queued := len(u.agent.scripts), j.scriptQueued
		j.mu.Unlock()
		if waiting > 0 {
			return nil
		}
		select {
		case <-queued:
		case <-ctx.Done():
			return fmt.Errorf("no juju-exec on %s: %w", unit, ctx.Err())
		}
	}
}

// takeScript runs the first queued script of a unit, if there is one.
func (j *Juju) takeScript(ctx context.Context, u *unit) error {
	j.mu.Lock()
	request := u.agent.scripts[0]
	u.agent.scripts = u.agent.scripts[1:]
	j.mu.Unlock()
	result, err := j.runScript(ctx, u, request)
	request.done <- execReply{result, err}
	if errors.Is(err, errFlush) {
		return nil // told to the caller; the unit goes on
	}
	return err
}

// startExec serves juju-exec for a pod. The program is found by JujuExec's path, or on the PATH of
// the unit's hooks.
func (j *Juju) startExec(u *unit) error {
	listener, err := net.Listen("unix", j.socketPath(u.name, "run"))
	if err != nil {
		return fmt.Errorf("cannot listen for juju-exec: %w", err)
	}
	u.agent.execListener = listener
	service := rpc.NewServer()
	if err := service.RegisterName("JujuExecServer", &execService{juju: j, unit: u}); err != nil {
		return fmt.Errorf("cannot register juju-exec: %w", err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return // closed by stopExec
			}
			go service.ServeConn(connection)
		}
	}()
	link := filepath.Join(j.agentDir(u.name), "bin", execTool)
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return fmt.Errorf("cannot make juju-exec: %w", err)
	}
	if err := os.Symlink(j.options.ToolBinary, link); err != nil {
		return fmt.Errorf("cannot make juju-exec: %w", err)
	}
	// A process may call it with any environment: the script says where the socket is.
	script := fmt.Sprintf("#!/bin/sh\n%s='%s' exec '%s' \"$@\"\n", runSocketVariable, j.socketPath(u.name, "run"), link)
	if err := os.WriteFile(j.JujuExec(u.name), []byte(script), 0o755); err != nil {
		return fmt.Errorf("cannot make juju-exec: %w", err)
	}
	return os.Symlink(j.JujuExec(u.name), filepath.Join(j.ToolsDir(u.name), execTool))
}

// stopExec ends what startExec began; scripts that wait are refused.
func (j *Juju) stopExec(u *unit) {
	if u.agent.execListener == nil {
		return
	}
	_ = u.agent.execListener.Close() // only says that it is closed
	u.agent.execListener = nil
	for _, request := range u.agent.scripts {
		request.done <- execReply{err: errors.New("the unit agent has stopped")}
	}
	u.agent.scripts = nil
}

// JujuExec is the path of the unit's juju-exec: what /usr/bin/juju-exec is in a charm container.
func (j *Juju) JujuExec(unit string) string { return filepath.Join(j.agentDir(unit), execTool) }
