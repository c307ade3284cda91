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
	outputHeld bool // by a process that is still there
}

// command is a process to run: nothing is inherited, stdin is empty.
type command struct {
	argv    []string
	env     []string
	dir     string
	timeout time.Duration
	// patience is how long the outputs are read after the process has ended; processes it left behind
	// may hold them open.
	patience time.Duration
	logLine  func(level, line string)
}

// run runs a command in a process group of its own and collects its output.
func (t *transcript) run(ctx context.Context, c command) (exit, error) {
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return exit{}, fmt.Errorf("cannot make pipe: %w", err)
	}
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		return exit{}, errors.Join(fmt.Errorf("cannot make pipe: %w", err), outRead.Close(), outWrite.Close())
	}
	process, err := startWhenReady(c, outWrite, errWrite)
	// The child has its own copies of the writing ends.
	err = errors.Join(err, outWrite.Close(), errWrite.Close())
	var readers sync.WaitGroup
	readers.Go(func() { t.collect(outRead, &t.stdout, "DEBUG", c.logLine) })
	readers.Go(func() { t.collect(errRead, &t.stderr, "WARNING", c.logLine) })
	var result exit
	if err == nil {
		result, err = t.wait(ctx, process, c.timeout)
	}
	result.outputHeld = !drain(&readers, c.patience, outRead, errRead)
	return result, err
}

// startWhenReady starts a program that was written a moment ago: while another goroutine forks, its
// child may still hold the file open for writing, and the kernel refuses to run it.
func startWhenReady(c command, stdout, stderr *os.File) (*exec.Cmd, error) {
	const patience = 5 * time.Second
	deadline := time.Now().Add(patience)
	for {
		process := exec.Command(c.argv[0], c.argv[1:]...)
		process.Env, process.Dir, process.Stdout, process.Stderr = c.env, c.dir, stdout, stderr
		process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		err := process.Start()
		if err == nil {
			return process, nil
		}
		if !errors.Is(err, syscall.ETXTBSY) || time.Now().After(deadline) {
			return nil, fmt.Errorf("cannot start: %w", err)
		}
		time.Sleep(time.Millisecond)
	}
}

func (t *transcript) wait(ctx context.Context, process *exec.Cmd, timeout time.Duration) (exit, error) {
	t.mu.Lock()
	t.pid = process.Process.Pid
	t.mu.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errHookTimeout)
	stop := context.AfterFunc(ctx, t.kill)
	err := process.Wait()
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
// still writes gets a broken pipe, as under Juju. It reports whether all was read.
func drain(readers *sync.WaitGroup, patience time.Duration, ends ...*os.File) bool {
	done := make(chan struct{})
	go func() { readers.Wait(); close(done) }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	complete := true
	select {
	case <-done:
	case <-timer.C:
		complete = false
	}
	for _, end := range ends {
		_ = end.Close() // unblocks the readers
	}
	<-done
	return complete
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
