package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// scenarioVariable names what this program does instead of testing: the tests
// run it anew to see cluster.Main from outside.
const scenarioVariable = "CLUSTER_SCENARIO"

// patience is how long a test waits for another process to do anything.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	switch scenario := os.Getenv(scenarioVariable); scenario {
	case "":
		os.Exit(m.Run())
	case "program":
		main()
	case "sleep":
		select {}
	default:
		os.Exit(cluster.Main(func() int { return inside(scenario) }))
	}
}

// inside is what the scenarios do in the private network.
func inside(scenario string) int {
	switch scenario {
	case "exit":
		return 7
	case "signal":
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		fmt.Println("ready")
		<-signals
		return 42
	case "network":
		listener, err := net.Listen("tcp", "10.9.8.7:80")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer listener.Close()
		if connection, err := net.DialTimeout("tcp", "192.0.2.1:80", time.Second); err == nil {
			_ = connection.Close()
			return 2
		}
		return 0
	case "nested":
		return nested()
	case "dial": // Run by "nested".
		connection, err := net.Dial("tcp", nestedAddress)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		_ = connection.Close()
		return 9
	case "orphan":
		// The orphan holds standard output open for as long as it lives.
		orphan := again("sleep")
		orphan.Stdout = os.Stdout
		orphan.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := orphan.Start(); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("ready")
		if os.Getenv("ORPHAN_WAIT") != "" {
			select {}
		}
		return 0
	}
	return 1
}

// nestedAddress is listened on by "nested" and reached by "dial".
const nestedAddress = "10.9.8.7:81"

// nested runs this program anew, as a test does that runs commands of its own
// with an environment of their own, and returns the command's exit code.
func nested() int {
	listener, err := net.Listen("tcp", nestedAddress)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer listener.Close()
	command := again("dial")
	command.Env = []string{scenarioVariable + "=dial"}
	command.Stdout = os.Stdout
	_ = command.Run()
	return command.ProcessState.ExitCode()
}

// again is this program doing a scenario.
func again(scenario string, arguments ...string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", arguments...)
	command.Env = append(os.Environ(), scenarioVariable+"="+scenario)
	command.Stderr = os.Stderr
	return command
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := err.(*exec.ExitError)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

func TestMainPassesTheExitCodeOn(t *testing.T) {
	t.Parallel()
	if code := exitCode(t, again("exit").Run()); code != 7 {
		t.Errorf("exit code %d, want 7", code)
	}
}

func TestMainInsideMainJustRuns(t *testing.T) {
	t.Parallel()
	if code := exitCode(t, again("nested").Run()); code != 9 {
		t.Errorf("exit code %d, want 9", code)
	}
}

func TestMainHasItsOwnNetwork(t *testing.T) {
	t.Parallel()
	command := again("network")
	output, err := command.Output()
	if code := exitCode(t, err); code != 0 {
		t.Errorf("exit code %d: %s", code, output)
	}
	if listener, err := net.Listen("tcp", "10.9.8.7:0"); err == nil {
		_ = listener.Close()
		t.Error("10.9.8.7 is an address of this machine outside too")
	}
}

func TestMainPassesSignalsOn(t *testing.T) {
	t.Parallel()
	command, output := started(t, again("signal"))
	waitForLine(t, output, "ready")
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, command.Wait()); code != 42 {
		t.Errorf("exit code %d, want 42", code)
	}
}

// Nothing outlives the tests, however they end: standard output is at its end
// when the last process that holds it is gone.
func TestMainLeavesNobodyBehind(t *testing.T) {
	t.Parallel()
	t.Run("when it ends", func(t *testing.T) {
		t.Parallel()
		command, output := started(t, again("orphan"))
		waitForLine(t, output, "ready")
		waitForEnd(t, output)
		if code := exitCode(t, command.Wait()); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
	})
	t.Run("when it is killed", func(t *testing.T) {
		t.Parallel()
		waiting := again("orphan")
		// A killed process leaves its temporary directory.
		waiting.Env = append(waiting.Env, "ORPHAN_WAIT=yes", "TMPDIR="+t.TempDir())
		command, output := started(t, waiting)
		waitForLine(t, output, "ready")
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		waitForEnd(t, output)
		_ = command.Wait()
	})
}

func TestStartOutsideMainIsRefused(t *testing.T) {
	t.Parallel()
	_, err := cluster.Start(t.Context(), cluster.Options{})
	if err == nil || !strings.Contains(err.Error(), "call cluster.Main from TestMain") {
		t.Errorf("got error %v, want one that says to call cluster.Main", err)
	}
}

// started starts command and returns what it writes. Whatever happens, it is
// killed in the end.
func started(t *testing.T, command *exec.Cmd) (*exec.Cmd, *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout = writer
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = reader.Close()
	})
	if err := reader.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return command, reader
}

// waitForLine returns all lines up to the one that contains want.
func waitForLine(t *testing.T, output *os.File, want string) []string {
	t.Helper()
	lines := []string{}
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		lines = append(lines, scanner.Text())
		if strings.Contains(scanner.Text(), want) {
			return lines
		}
	}
	t.Fatalf("no line with %q in:\n%s", want, strings.Join(lines, "\n"))
	return nil
}

func waitForEnd(t *testing.T, output *os.File) {
	t.Helper()
	if _, err := io.Copy(io.Discard, output); err != nil {
		t.Fatalf("a process still lives: %v", err)
	}
}
