package jujutest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// transcript is what a dispatch writes, and the means to kill it.
type transcript struct {
	mu     sync.Mutex
	stdout bytes.Buffer
	stderr bytes.Buffer
	all    []string // both, and juju-log, line by line
	pid    int      // of the process group's leader, while it runs
}

func (t *transcript) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, line)
}

// kill ends the running dispatch and its process group.
func (t *transcript) kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pid > 0 {
		// It may have ended by itself.
		_ = syscall.Kill(-t.pid, syscall.SIGKILL)
	}
}

// exit says how a process ended.
type exit struct {
	code       int
	terminated bool // by SIGTERM or SIGKILL from outside
	timedOut   bool
}

// runProcess runs a command as the agent does: no arguments but those given, no stdin, only the given
// environment, and no waiting for children that keep its output open. Each line goes to logLine.
func (t *transcript) runProcess(ctx context.Context, argv, env []string, dir string, timeout time.Duration,
	logLine func(level, line string),
) (exit, error) {
	command := exec.Command(argv[0], argv[1:]...)
	command.Env, command.Dir = env, dir
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var readers sync.WaitGroup
	var ends []*os.File
	for _, stream := range []struct {
		level  string
		buffer *bytes.Buffer
		target *io.Writer
	}{
		{"DEBUG", &t.stdout, &command.Stdout},
		{"WARNING", &t.stderr, &command.Stderr},
	} {
		read, write, err := os.Pipe()
		if err != nil {
			return exit{}, fmt.Errorf("cannot make pipe: %w", err)
		}
		*stream.target = write
		ends = append(ends, read)
		defer read.Close()
		defer write.Close()
		readers.Go(func() { t.collect(read, stream.buffer, stream.level, logLine) })
	}
	if err := startWhenReady(command); err != nil {
		return exit{}, err
	}
	closeOutputs(command)
	result, err := t.wait(ctx, command, timeout)
	drain(&readers, ends)
	return result, err
}

// startWhenReady starts a command that was written a moment ago: while another goroutine forks, its
// child may still hold the file open for writing, and the kernel refuses to run it.
func startWhenReady(command *exec.Cmd) error {
	const patience = 5 * time.Second
	deadline := time.Now().Add(patience)
	for {
		err := command.Start()
		if !errors.Is(err, syscall.ETXTBSY) || time.Now().After(deadline) {
			return err
		}
		again := exec.Command(command.Path)
		again.Args, again.Env, again.Dir = command.Args, command.Env, command.Dir
		again.SysProcAttr, again.Stdout, again.Stderr = command.SysProcAttr, command.Stdout, command.Stderr
		*command = *again //nolint:govet // a command that failed to start cannot be started again
		time.Sleep(time.Millisecond)
	}
}

func closeOutputs(command *exec.Cmd) {
	for _, w := range []io.Writer{command.Stdout, command.Stderr} {
		if f, ok := w.(*os.File); ok {
			_ = f.Close() // ours is the reading end
		}
	}
}

func (t *transcript) wait(ctx context.Context, command *exec.Cmd, timeout time.Duration) (exit, error) {
	t.mu.Lock()
	t.pid = command.Process.Pid
	t.mu.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errHookTimeout)
	stop := context.AfterFunc(ctx, t.kill)
	err := command.Wait()
	t.mu.Lock()
	t.pid = 0
	t.mu.Unlock()
	stop()
	cause := context.Cause(ctx)
	cancel()
	if errors.Is(cause, errHookTimeout) {
		return exit{timedOut: true}, nil
	}
	if cause != nil {
		return exit{}, cause
	}
	if err == nil {
		return exit{}, nil
	}
	failure, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return exit{}, err
	}
	if status, ok := failure.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		s := status.Signal()
		return exit{code: 128 + int(s), terminated: s == syscall.SIGKILL || s == syscall.SIGTERM}, nil
	}
	return exit{code: failure.ExitCode()}, nil
}

// errHookTimeout is the cause of the end of a dispatch that ran for too long.
var errHookTimeout = errors.New("hook timed out")

// collect reads one output stream line by line.
func (t *transcript) collect(from io.Reader, into *bytes.Buffer, level string, logLine func(level, line string)) {
	reader := bufio.NewReader(from)
	for {
		line, err := reader.ReadString('\n')
		if line != "" {
			t.mu.Lock()
			into.WriteString(line)
			t.all = append(t.all, strings.TrimRight(line, "\r\n"))
			t.mu.Unlock()
			logLine(level, strings.TrimRight(line, "\r\n"))
		}
		if err != nil {
			return
		}
	}
}

// drain waits a moment for the last lines, then stops reading: a child that outlives dispatch and
// still writes gets a broken pipe, as under Juju.
func drain(readers *sync.WaitGroup, ends []*os.File) {
	done := make(chan struct{})
	go func() { readers.Wait(); close(done) }()
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
	}
	for _, end := range ends {
		_ = end.Close() // unblocks the readers
	}
	<-done
}

// killByEnvironment ends the processes that have the variable in their environment: those a unit's
// hooks have left behind, in whatever process group or session.
func killByEnvironment(variable string) error {
	paths, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return fmt.Errorf("cannot list processes: %w", err)
	}
	self := os.Getpid()
	for _, path := range paths {
		environ, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile, or another user's
		}
		if !bytes.Contains(append([]byte{0}, environ...), []byte("\x00"+variable+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || pid == self {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("cannot end process %d: %w", pid, err)
		}
	}
	return nil
}
