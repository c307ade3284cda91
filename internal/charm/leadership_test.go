package charm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// If leadership is lost, Juju gives the same error for our own databag as for a relation that was
// removed by force.
func TestLosingLeadershipInTheMiddleTakesNothingDown(t *testing.T) {
	t.Parallel()
	for _, relation := range []string{"gateway:1", "certificates:2", "gateway-route:3", "dns-record:4"} {
		t.Run(relation, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			w.withAuthority()
			w.withRoutes()
			w.quiet()
			w.writes()
			w.before = func(call gocharm.Call) error {
				if call.Tool == "relation-get" && slices.Contains(call.Args, relation) && call.Args[len(call.Args)-1] == own {
					w.leader = false
					return denied(call)
				}
				return nil
			}
			w.run(gocharm.Event{Kind: gocharm.LeaderElected})
			if got := deletions(w.writes()); len(got) > 0 {
				t.Errorf("deleted: %q", got)
			}
			if got := w.lastStatus(); got != "active Standby" {
				t.Errorf("status is %q", got)
			}
		})
	}
}

func TestLosingLeadershipInAnActionIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withAuthority()
	w.before = func(call gocharm.Call) error {
		if call.Tool == "relation-get" && call.Args[len(call.Args)-1] == own {
			w.leader = false
			return denied(call)
		}
		return nil
	}
	w.run(gocharm.Event{Kind: gocharm.Action, Action: &gocharm.EventAction{Name: "get-certificate"}})
	if want := []string{"Only the leader can do this; run it on gw/leader."}; !slices.Equal(w.failed, want) {
		t.Errorf("failed with %q", w.failed)
	}
}

func TestLosingLeadershipBeforePublishingIsNotActive(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.bags["gateway:1"][own] = map[string]string{}
	w.before = func(call gocharm.Call) error {
		if call.Tool == "relation-set" {
			w.leader = false
			return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR cannot write relation settings"}
		}
		return nil
	}
	w.run(gocharm.Event{Kind: gocharm.LeaderElected})
	if got := w.lastStatus(); got != "active Standby" {
		t.Errorf("status is %q", got)
	}
}

func deletions(writes []string) []string {
	return slices.DeleteFunc(writes, func(write string) bool { return !strings.HasPrefix(write, "DELETE") })
}

// A unit that leaves while it is being read affects only itself.
func TestUnitGoneInTheMiddleIsLeftOut(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.units["gateway:1"] = append(w.units["gateway:1"], "shop/9")
	w.before = func(call gocharm.Call) error {
		if call.Tool == "relation-get" && slices.Contains(call.Args, "shop/9") {
			return denied(call)
		}
		return nil
	}
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := deletions(w.writes()); len(got) > 0 {
		t.Errorf("deleted: %q", got)
	}
}

// A lease may lapse and be won again: Juju denies us our own data, and says right after that we
// lead. That does not mean that the relation was removed by force, and no certificate is withdrawn
// for it. A short lapse has no effect, and for a longer one Juju repeats the hook.
func TestLeadershipThatLapsesForAMomentTakesNoCertificateDown(t *testing.T) {
	t.Parallel()
	for _, lapse := range []int{1, 2} {
		w := serving(t)
		w.withAuthority()
		w.quiet()
		w.writes()
		requests, denials := w.bags["certificates:2"][own]["certificate_signing_requests"], 0
		w.before = func(call gocharm.Call) error {
			if call.Tool == "relation-get" && slices.Contains(call.Args, "certificates:2") && call.Args[len(call.Args)-1] == own && denials < lapse {
				denials++
				return denied(call)
			}
			return nil
		}
		err := w.try(gocharm.Event{Kind: gocharm.UpdateStatus})
		if lapse == 1 && err != nil || lapse == 2 && (err == nil || !strings.Contains(err.Error(), "permission denied")) {
			t.Errorf("the hook ends with %v; status is %q", err, w.lastStatus())
		}
		if got := deletions(w.writes()); len(got) > 0 {
			t.Errorf("deleted: %q", got)
		}
		w.run(gocharm.Event{Kind: gocharm.UpdateStatus}) // Juju repeats it.
		if got := w.bags["certificates:2"][own]["certificate_signing_requests"]; got != requests || requests == "" || denials != lapse {
			t.Errorf("requests are %q, were %q, after %d denials", got, requests, denials)
		}
	}
}
