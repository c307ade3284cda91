package charm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

func TestApplicationShowsTheLeadersStatus(t *testing.T) {
	t.Parallel()
	w := serving(t)
	if !slices.Equal(w.applicationStatus, w.status) {
		t.Errorf("the application shows %q, the unit %q", w.applicationStatus, w.status)
	}
}

func TestOthersSetTheirOwnStatusOnly(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.leader, w.applicationStatus = false, nil
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := w.lastStatus(); got != "active Standby" || len(w.applicationStatus) > 0 {
		t.Errorf("status is %q, and of the application %q", got, w.applicationStatus)
	}
}

// What is set in a hook that fails stays set, so that the application would go on
// saying that all is well.
func TestFailedHookTakesTheApplicationsStatusBack(t *testing.T) {
	t.Parallel()
	w := serving(t)
	units := len(w.status)
	w.refuseTool("config-get", "ERROR no connection")
	if err := w.try(gocharm.Event{Kind: gocharm.UpdateStatus}); err == nil {
		t.Fatal("the hook does not fail")
	}
	got := w.applicationStatus[len(w.applicationStatus)-1]
	if !strings.HasPrefix(got, "waiting Hook failed: cannot ") || !strings.HasSuffix(got, ": no connection; see `juju debug-log`") {
		t.Errorf("the application shows %q", got)
	}
	if len(w.status) != units {
		t.Errorf("the unit, which is in error, shows %q", w.lastStatus())
	}
	w.before = nil
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := w.applicationStatus[len(w.applicationStatus)-1]; got != w.lastStatus() {
		t.Errorf("the application shows %q after the next hook", got)
	}
}

func TestFailedHookOfOthersIsNoneOfTheApplicationsBusiness(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.leader, w.applicationStatus = false, nil
	w.refuseTool("state-get", "ERROR no connection to the controller")
	w.refuseTool("status-set", "ERROR no connection to the controller")
	if err := w.try(gocharm.Event{Kind: gocharm.UpdateStatus}); err == nil {
		t.Fatal("the hook does not fail")
	}
	if len(w.applicationStatus) > 0 {
		t.Errorf("the application shows %q", w.applicationStatus)
	}
}

// Leadership can go between the unit's status and the application's, in a hook that
// goes well and in one that fails.
func TestLosingLeadershipBeforeTheApplicationsStatus(t *testing.T) {
	t.Parallel()
	for _, failing := range []bool{false, true} {
		w := serving(t)
		w.applicationStatus = nil
		w.before = func(call gocharm.Call) error {
			switch {
			case call.Tool == "status-set" && call.Args[0] == "--application":
				w.leader = false
				return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR this unit is not the leader"}
			case call.Tool == "relation-ids" && failing:
				return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR no connection"}
			}
			return nil
		}
		err := w.try(gocharm.Event{Kind: gocharm.UpdateStatus})
		if failing != (err != nil) {
			t.Errorf("failing %t: %v", failing, err)
		}
		if err != nil && strings.Contains(err.Error(), "application's status") {
			t.Errorf("no error of the hook: %v", err)
		}
		if !failing && w.lastStatus() != "active Standby" {
			t.Errorf("status is %q", w.lastStatus())
		}
		if len(w.applicationStatus) > 0 {
			t.Errorf("the application shows %q", w.applicationStatus)
		}
	}
}

// An action that cannot do what it is asked says so by itself.
func TestFailedActionLeavesTheStatus(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.applicationStatus = nil
	w.refuseTool("action-get", "ERROR no connection")
	_ = w.try(gocharm.Event{Kind: gocharm.Action, Action: &gocharm.EventAction{Name: "get-certificate"}})
	if len(w.applicationStatus) > 0 {
		t.Errorf("the application shows %q", w.applicationStatus)
	}
}

// refuseTool makes a tool fail from now on, besides those that do already.
func (w *world) refuseTool(tool, stderr string) {
	before := w.before
	w.before = func(call gocharm.Call) error {
		if call.Tool == tool {
			return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: stderr}
		}
		if before != nil {
			return before(call)
		}
		return nil
	}
}
