package jujutest

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

// The child of a fork holds every socket of its parent until it executes its program. The hook is
// over all the same.
func TestNobodyConnectsAfterTheHook(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "agent.socket")
	for _, address := range []string{path, "@" + path} {
		server, err := serveTools(address, func(ToolRequest, *ToolResponse) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		copied, err := server.listener.(*net.UnixListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer copied.Close()
		if left := server.close(time.Second); left != 0 {
			t.Errorf("%s: %d connections left", address, left)
		}
		if connection, err := net.Dial("unix", address); err == nil {
			t.Errorf("%s is still served after the hook", address)
			_ = connection.Close()
		}
	}
}
