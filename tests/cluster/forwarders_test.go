package cluster

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestForwardersFollowTheirPorts opens, moves and closes ports.
func TestForwardersFollowTheirPorts(t *testing.T) {
	t.Parallel()
	const address = "10.43.45.200"
	var f forwarders
	states := map[string]string{}
	note := func(from, state string) { states[from] = state }
	steps := []map[string]string{
		{address + ":80": "10.9.0.1:1"},
		{address + ":80": "10.9.0.1:1", address + ":443": "10.9.0.1:2"},
		{address + ":80": "10.9.0.1:3"},
		{},
	}
	for _, wanted := range steps {
		if err := f.lead(t.Context(), wanted, note); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for from, opened := range f.open {
			got[from] = opened.target
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, port := range []string{":80", ":443"} {
			err := dial(address + port)(context.Background())
			_, open := wanted[address+port]
			if open != (err == nil) || open != (states[address+port] == "open") {
				t.Errorf("%s is %q with %v: %v", port, states[address+port], wanted, err)
			}
		}
	}
}

// TestForwardersMoveWhileProgramsStart: a program that is being started has all files of this process for a
// moment, the closed listener included, and its port is not free before that. Other tests would have
// ports open that they have closed, so none runs beside it.
func TestForwardersMoveWhileProgramsStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var started sync.WaitGroup
	for range 4 {
		started.Go(func() {
			for ctx.Err() == nil {
				_ = exec.Command("true").Run()
			}
		})
	}
	defer started.Wait()
	defer cancel()
	var f forwarders
	for i := range 500 {
		wanted := map[string]string{"10.43.45.201:80": fmt.Sprintf("10.9.0.1:%d", 1+i%2)}
		if err := f.lead(t.Context(), wanted, func(string, string) {}); err != nil {
			t.Fatalf("move %d: %v", i, err)
		}
	}
	if err := f.lead(t.Context(), nil, func(string, string) {}); err != nil {
		t.Error(err)
	}
}
