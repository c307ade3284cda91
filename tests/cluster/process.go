package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is one running program of the cluster, with its output in a file.
type process struct {
	name    string
	logFile string
	command *exec.Cmd
	ended   chan struct{} // closed when the program has ended
	err     error         // why, once ended is closed
}

// startProcess starts a program whose output is appended to <name>.log in
// directory. Its environment holds nothing that could lead it elsewhere, such
// as KUBECONFIG or a proxy.
func startProcess(directory, name, path string, arguments ...string) (*process, error) {
	command := exec.Command(path, arguments...)
	command.Dir = directory
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + directory, "TMPDIR=" + os.TempDir()}
	return startCommand(directory, name, command)
}

// startCommand starts a command as startProcess does, which says where it runs
// and with what environment.
func startCommand(directory, name string, command *exec.Cmd) (*process, error) {
	p := &process{name: name, logFile: filepath.Join(directory, name+".log"), command: command, ended: make(chan struct{})}
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log of %s: %w", name, err)
	}
	defer log.Close()
	p.command.Stdout, p.command.Stderr = log, log
	if p.command.SysProcAttr == nil {
		p.command.SysProcAttr = &syscall.SysProcAttr{}
	}
	p.command.SysProcAttr.Setpgid, p.command.SysProcAttr.Pdeathsig = true, syscall.SIGKILL
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	go func() {
		p.err = p.command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// waitUntil polls check until it returns nil. A program that ends meanwhile is
// a failure at once; each failure shows the end of the program's log.
func (p *process) waitUntil(ctx context.Context, timeouts Timeouts, check func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.ended:
			cancel(fmt.Errorf("it ended: %v", p.err))
		case <-ctx.Done():
		}
	}()
	err := poll(ctx, timeouts.Start, timeouts.Poll, check)
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("%s is not ready: %w\n%s", p.name, err, p.tail(20))
}

// stop ends the program: at once, or after it was asked to and given the time
// to finish.
func (p *process) stop(grace time.Duration) {
	if p == nil {
		return
	}
	if grace > 0 {
		_ = p.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
			return
		case <-time.After(grace):
		}
	}
	_ = p.command.Process.Kill()
	<-p.ended
}

// tail returns the last lines of the program's log under a heading.
func (p *process) tail(lines int) string {
	content, err := os.ReadFile(p.logFile)
	if err != nil {
		return fmt.Sprintf("(no log of %s: %v)", p.name, err)
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return fmt.Sprintf("--- the end of %s\n%s", p.logFile, strings.Join(all[max(0, len(all)-lines):], "\n"))
}
