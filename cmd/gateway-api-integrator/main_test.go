package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// asCharm has the test's own program be the charm.
const asCharm = "TEST_AS_CHARM"

func TestMain(m *testing.M) {
	if os.Getenv(asCharm) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// start starts the charm for an update-status, with an agent that accepts and never
// answers, and returns the agent's side of the connection.
func start(t *testing.T) (*exec.Cmd, net.Conn, *bytes.Buffer) {
	t.Helper()
	directory, err := os.MkdirTemp("", "agent") // A socket's path has at most 107 bytes.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	address := filepath.Join(directory, "agent.socket")
	listener, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	charm := exec.Command(os.Args[0])
	charm.Env = []string{
		asCharm + "=1", "JUJU_DISPATCH_PATH=hooks/update-status", "JUJU_HOOK_NAME=update-status", "JUJU_UNIT_NAME=gw/0",
		"JUJU_MODEL_NAME=prod", "JUJU_CHARM_DIR=" + directory, "JUJU_CONTEXT_ID=gw/0-update-status-1", "JUJU_VERSION=3.6.9",
		"JUJU_AGENT_SOCKET_NETWORK=unix", "JUJU_AGENT_SOCKET_ADDRESS=" + address,
	}
	var stderr bytes.Buffer
	charm.Stderr = &stderr
	if err := charm.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = charm.Process.Kill() })
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	// The first bytes of the first call: it is waiting for the answer from now on.
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return charm, conn, &stderr
}

// Juju takes a hook that dies of a signal for one to be run again, and one that exits with 1
// for a failed one.
func TestDiesOfTheSignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			charm, conn, stderr := start(t)
			if err := charm.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			// An open connection would hang the unit agent.
			if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
			var exit *exec.ExitError
			if err := charm.Wait(); !errors.As(err, &exit) {
				t.Fatalf("ended with %v", err)
			}
			status := exit.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != signal {
				t.Errorf("ended with %v, not of the signal", exit)
			}
			if stderr.Len() > 0 {
				t.Errorf("wrote to stderr: %s", stderr)
			}
		})
	}
}

func TestLostAgentIsAFailure(t *testing.T) {
	t.Parallel()
	charm, conn, stderr := start(t)
	conn.Close()
	var exit *exec.ExitError
	if err := charm.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("ended with %v", err)
	}
	if got := stderr.String(); !bytes.HasPrefix(stderr.Bytes(), []byte("error: cannot read stored state: ")) {
		t.Errorf("wrote to stderr: %q", got)
	}
}

// TestPodAddresses finds those of this machine, each without its network.
func TestPodAddresses(t *testing.T) {
	t.Parallel()
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	all := podAddresses()
	if len(all) != len(interfaces) {
		t.Errorf("%v of %v", all, interfaces)
	}
	for i, one := range all {
		if network, ok := interfaces[i].(*net.IPNet); !ok || network.IP.String() != one.String() {
			t.Errorf("%s of %s", one, interfaces[i])
		}
	}
}
