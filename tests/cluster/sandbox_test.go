package cluster

import (
	"context"
	"net"
	"os"
	"testing"
)

// TestSandboxes listens on one port of two sandboxes and of the private network, and
// goes from there to here and back.
func TestSandboxes(t *testing.T) {
	t.Parallel()
	const port = ":7777"
	here := []string{listen(t, "10.9.0.2"+port)}
	if HasIPv6() {
		here = append(here, listen(t, "[fd09::2]"+port))
	}
	for name, address := range map[string]string{"sandbox-1": "10.1.254.1", "sandbox-2": "10.1.254.2"} {
		s, err := newSandbox(name, address, "fd10::fffe:1")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.close)
		inside := func(f func()) {
			t.Helper()
			if err := s.do(func() error { f(); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		inside(func() { listen(t, "0.0.0.0"+port) })
		if err := dial(address + port)(t.Context()); err != nil {
			t.Errorf("%s cannot be reached: %v", name, err)
		}
		inside(func() {
			for _, target := range here {
				if err := dial(target)(t.Context()); err != nil {
					t.Errorf("%s does not reach %s: %v", name, target, err)
				}
			}
		})
		s.close()
		if err := newSandboxAgain(name, address); err != nil {
			t.Errorf("%s left something behind: %v", name, err)
		}
	}
}

func newSandboxAgain(name, address string) error {
	again, err := newSandbox(name, address)
	if err == nil {
		again.close()
	}
	return err
}

func listen(t *testing.T, address string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{Control: listenAnywhere}).Listen(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go acceptAndClose(listener)
	return address
}

// TestSandboxRefused shows that a failure leaves the thread where it was.
func TestSandboxRefused(t *testing.T) {
	t.Parallel()
	network := func() string {
		link, err := os.Readlink(threadNetwork)
		if err != nil {
			t.Fatal(err)
		}
		return link
	}
	before := network()
	if _, err := newSandbox("a-name-that-no-link-can-have", "10.1.254.3"); err == nil {
		t.Error("a link got a name that is too long")
	}
	if after := network(); after != before {
		t.Errorf("the network is %s, not %s", after, before)
	}
}
