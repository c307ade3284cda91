package jujutest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// errFlush means that the charm's changes were refused.
var errFlush = errors.New("cannot apply changes")

// execute runs dispatch in a context: socket up, process, flush, socket down. The error is one of the
// simulation itself (a hanging unit, a cancelled ctx); the charm's failure is in HookRun.Err.
func (j *Juju) execute(ctx context.Context, c *hookContext) (HookRun, error) {
	run := HookRun{Unit: c.unit.name, Kind: string(c.kind), Name: c.name}
	argv, err := j.findCommand(c)
	if err != nil || argv == nil {
		run.Err = err
		if err != nil && j.options.Observe != nil {
			j.options.Observe(run)
		}
		return run, nil
	}
	server, err := serveTools(j.socketAddress(c.unit.name), j.serveContext(c))
	if err != nil {
		return run, err
	}
	j.mu.Lock()
	run.Env = j.environment(c)
	c.unit.agent.busy = true
	j.mu.Unlock()
	began := time.Now()
	ended, err := c.output.run(ctx, command{
		argv: argv, env: run.Env, dir: j.CharmDir(c.unit.name),
		timeout: j.options.HookTimeout, patience: j.outputPatience(c.kind),
		logLine: func(level, line string) {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.logUnit(c.unit, level, "unit."+c.unit.name+"."+c.name, line)
		},
	})
	run.ExitCode = ended.code
	run.Err = ended.reason(err, j.options.HookTimeout)
	j.mu.Lock()
	if run.Err == nil || (c.kind == runExec && err == nil) {
		if flushErr := j.flush(c); flushErr != nil {
			run.Err = fmt.Errorf("%w: %w", errFlush, flushErr)
		}
	}
	j.mu.Unlock()
	left := server.close(j.options.SocketPatience)
	j.mu.Lock()
	run.Duration, run.Calls, run.Output = time.Since(began), c.calls, c.output.text()
	c.unit.agent.busy = false
	j.mu.Unlock()
	if j.options.Observe != nil {
		j.options.Observe(run)
	}
	if left > 0 {
		return run, fmt.Errorf("unit agent of %s hangs after %q: %d connection(s) to the agent socket still open",
			c.unit.name, c.name, left)
	}
	if ended.outputHeld && c.kind == runExec {
		return run, fmt.Errorf("unit agent of %s hangs after juju-exec: a process still holds its output open", c.unit.name)
	}
	return run, ctx.Err()
}

// outputPatience is how long a run's output is read after its process has ended. The agent reads a
// tenth of a second for hooks and actions, and without limit for scripts.
func (j *Juju) outputPatience(kind runKind) time.Duration {
	if kind == runExec {
		return j.options.SocketPatience
	}
	return 100 * time.Millisecond
}

// reason turns the end of a process into the error of its run.
func (e exit) reason(err error, timeout time.Duration) error {
	switch {
	case err != nil:
		return err
	case e.timedOut:
		return fmt.Errorf("%w after %s", errHookTimeout, timeout)
	case e.terminated:
		return errTerminated
	case e.code != 0:
		return fmt.Errorf("exit status %d", e.code)
	}
	return nil
}

// findCommand follows internal/worker/uniter/runner: dispatch for everything, or hooks/<name> and
// actions/<name> without it, or nothing at all (nil) for a hook the charm does not have.
func (j *Juju) findCommand(c *hookContext) ([]string, error) {
	dir := j.CharmDir(c.unit.name)
	if _, err := os.Stat(filepath.Join(dir, "metadata.yaml")); err != nil {
		return nil, errors.New("charm missing from disk")
	}
	if c.kind == runExec {
		return execCommand(c.script), nil
	}
	for _, name := range []string{"dispatch", c.dispatchPath} {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if info.Mode()&0o111 == 0 {
			return nil, fmt.Errorf("exec: %q: permission denied", path)
		}
		return []string{path}, nil
	}
	if c.kind == runAction {
		return nil, fmt.Errorf("action not implemented on unit %q", c.unit.name)
	}
	return nil, nil
}

// text is everything written so far.
func (t *transcript) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) == 0 {
		return ""
	}
	return strings.Join(t.all, "\n") + "\n"
}
