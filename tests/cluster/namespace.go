package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// What a re-executed process is told by its environment.
const (
	stageVariable  = "GATEWAY_CLUSTER_STAGE"
	assetsVariable = "GATEWAY_CLUSTER_ASSETS"
	homeVariable   = "GATEWAY_CLUSTER_HOME" // a temporary directory that the outermost process removes
	stageInit      = "init"
	stageInside    = "inside"
)

// insideSocket is an abstract Unix socket that exists in the private network
// only (abstract names belong to a network namespace). A process that can
// reach it is inside, whatever its environment says.
const insideSocket = "@gateway-api-integrator/tests/cluster"

// Main runs run in a private network, in which [Start] can be called, and returns its exit code. It
// must be given the data planes other than Traefik that run needs. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(cluster.Main(m.Run)) }
//
// It first makes sure that the programs of the cluster are there (see [Prepare]; progress goes to
// standard error). Then it executes the program again in namespaces of its own and waits for it,
// passing signals on. A process that is already inside only calls run. If testscript commands are
// part of the test program, call Main from the Run method given to testscript.Main, so that
// commands do not get here.
//
// If the system forbids namespaces the exit code is 1, and standard error says what to allow.
func Main(run func() int, planes ...DataPlane) int {
	switch os.Getenv(stageVariable) {
	case stageInit:
		return beInit()
	case stageInside:
		// Children of the tests that call Main find insideSocket.
		_ = os.Unsetenv(stageVariable)
		return run()
	}
	if inside() {
		return run()
	}
	code, err := runInside(planes)
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		return 1
	}
	return code
}

// inside reports whether this process is in the private network already.
func inside() bool {
	connection, err := net.Dial("unix", insideSocket)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

// runInside is the outermost process: it prepares what needs the network,
// starts init in new namespaces and waits for it.
func runInside(planes []DataPlane) (int, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	assets, err := Prepare(ctx, os.Stderr, planes...)
	stop()
	if err != nil {
		return 0, err
	}
	encoded, err := assets.encode()
	if err != nil {
		return 0, err
	}

	home, err := os.MkdirTemp("", "cluster-")
	if err != nil {
		return 0, fmt.Errorf("cannot make a temporary directory: %w", err)
	}
	// However the tests end: what they leave is removed.
	defer os.RemoveAll(home)

	requests, theirs, err := socketPair()
	if err != nil {
		return 0, err
	}
	defer requests.Close()
	go serveListeners(requests)

	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	defer signal.Stop(signals)

	// Pdeathsig follows the thread that started the process, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	environment := append(os.Environ(), stageVariable+"="+stageInit, assetsVariable+"="+encoded, homeVariable+"="+home)
	command, err := startInNamespaces(environment, theirs)
	_ = theirs.Close()
	if err != nil {
		return 0, err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case received := <-signals:
				_ = command.Process.Signal(received)
			case <-done:
				return
			}
		}
	}()
	err = command.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exitCode(exit.Sys().(syscall.WaitStatus)), nil
	}
	return 0, err
}

// startInNamespaces starts this program as the first process of new
// namespaces. Root does without a user namespace where it may, so that it
// keeps its power over other users' files; everybody else becomes root of a
// user namespace, which is what the network's set-up and ports 80 and 443 need.
func startInNamespaces(environment []string, requests *os.File) (*exec.Cmd, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program: %w", err)
	}
	const own = syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS
	start := func(flags uintptr) (*exec.Cmd, error) {
		command := exec.Command(executable, os.Args[1:]...)
		command.Args[0] = os.Args[0]
		command.Env = environment
		command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
		command.ExtraFiles = []*os.File{requests}
		command.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: flags,
			// A terminal's Ctrl-C reaches the outermost process alone, which passes it on once.
			Setpgid:   true,
			Pdeathsig: syscall.SIGKILL,
		}
		if flags&syscall.CLONE_NEWUSER != 0 {
			command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
			command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
		}
		return command, command.Start()
	}
	if os.Geteuid() == 0 {
		if command, err := start(own); err == nil {
			return command, nil
		}
	}
	command, err := start(own | syscall.CLONE_NEWUSER)
	if err != nil {
		return nil, namespaceError(err)
	}
	return command, nil
}

// namespaceError says what to allow when namespaces or the network's set-up
// were refused.
func namespaceError(err error) error {
	hints := []string{}
	for _, setting := range []struct{ path, refuses, hint string }{
		{"/proc/sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"},
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
	} {
		content, readErr := os.ReadFile(setting.path)
		if readErr == nil && strings.TrimSpace(string(content)) == setting.refuses {
			hints = append(hints, setting.hint)
		}
	}
	hint := "in a container, start it with --privileged (or --cap-add SYS_ADMIN,NET_ADMIN and a seccomp profile that allows clone with namespaces)"
	if len(hints) > 0 {
		hint = "as root, run: " + strings.Join(hints, "; ")
	}
	return fmt.Errorf("cannot make a private network for the cluster: %w\n"+
		"the tests run in a user, process and network namespace of their own, which this system refuses; %s", err, hint)
}

// beInit is the first process of the namespaces: it sets the network up,
// starts the tests and does what is asked of process 1, namely to reap
// orphans and to pass signals on. The tests are a process of their own, since
// reaping and os/exec's waiting would rob each other of exit codes.
func beInit() int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	mountProc()
	if err := setUpNetwork(); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", namespaceError(err))
		return 1
	}
	marker, err := net.Listen("unix", insideSocket)
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: cannot mark the private network: %v\n", err)
		return 1
	}
	go acceptAndClose(marker)

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_ = os.Setenv(stageVariable, stageInside)
	executable, err := os.Executable()
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: cannot find this program: %v\n", err)
		return 1
	}
	child, err := syscall.ForkExec(executable, os.Args, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2, requestsDescriptor},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: cannot start the tests: %v\n", err)
		return 1
	}
	go func() {
		for received := range signals {
			_ = syscall.Kill(child, received.(syscall.Signal))
		}
	}()
	return reapUntil(child)
}

// reapUntil reaps every process that ends and returns the exit code of child
// when that one has. The kernel then kills whatever is left.
func reapUntil(child int) int {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			fmt.Fprintf(os.Stderr, "error: cannot wait for the tests: %v\n", err)
			return 1
		case pid == child && (status.Exited() || status.Signaled()):
			return exitCode(status)
		}
	}
}

// exitCode is a shell's reading of a wait status: 128 and the signal's number
// for a process ended by a signal.
func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// mountProc returns the new process namespace its own /proc, so that process
// numbers found there are those of the tests. Some containers refuse it; the
// old /proc then stays, which only such look-ups notice.
func mountProc() {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return // Without this the mount below would show outside.
	}
	_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

func acceptAndClose(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		_ = connection.Close()
	}
}
