package charm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// This world refuses a status of the application. So Juju shows the worst status of its units, and
// nothing is left over for the next charm.
func TestOnlyTheUnitsStatusIsSet(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.leader = false
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := w.lastStatus(); got != "active Standby" {
		t.Errorf("status is %q", got)
	}
}

// If a hook fails, Juju itself shows the unit, and so the application, in error.
func TestFailedHookLeavesTheStatus(t *testing.T) {
	t.Parallel()
	for _, kind := range []gocharm.Kind{gocharm.UpdateStatus, gocharm.Action} {
		w := serving(t)
		w.calls = nil
		w.before = func(call gocharm.Call) error {
			if call.Tool == "config-get" || call.Tool == "action-get" {
				return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR no connection"}
			}
			return nil
		}
		err := w.try(gocharm.Event{Kind: kind, Action: &gocharm.EventAction{Name: "get-certificate"}})
		if err == nil || !strings.Contains(err.Error(), "no connection") {
			t.Errorf("%s: got error %v", kind, err)
		}
		if slices.Contains(w.calls, "status-set") {
			t.Errorf("%s: calls are %q", kind, w.calls)
		}
	}
}
