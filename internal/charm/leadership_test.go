package charm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// Juju says the same of our own databag when leadership is lost as it says of a
// relation that was removed by force.
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

func TestRelationGoneByForceIsLeftOut(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.before = func(call gocharm.Call) error {
		if call.Tool == "relation-get" && slices.Contains(call.Args, "gateway:1") {
			return denied(call)
		}
		return nil
	}
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	want := []string{
		"DELETE " + gatewayAPI + "/namespaces/prod/httproutes/gw-prod-shop-http",
		"DELETE /api/v1/namespaces/prod/services/gw-shop-service",
	}
	if diff := cmp.Diff(want, deletions(w.writes())); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
}

func deletions(writes []string) []string {
	return slices.DeleteFunc(writes, func(write string) bool { return !strings.HasPrefix(write, "DELETE") })
}

// A unit that goes while it is being read takes itself only.
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
