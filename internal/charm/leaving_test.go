package charm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// A unit that is removed by scaling down leaves relations that the application keeps.
func TestLeavingUnitTakesNothingDown(t *testing.T) {
	t.Parallel()
	departed := func(unit string) gocharm.Event {
		return gocharm.Event{Kind: gocharm.RelationDeparted, Relation: &gocharm.EventRelation{
			Endpoint: "gateway", ID: "gateway:1", RemoteApp: "shop", RemoteUnit: "shop/0", DepartingUnit: unit,
		}}
	}
	broken := gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{
		Endpoint: "gateway", ID: "gateway:1", RemoteApp: "shop",
	}}
	tests := map[string]struct {
		departing string
		deleted   int
	}{
		"the unit":    {departing: own + "/0", deleted: 0},
		"the other's": {departing: "shop/0", deleted: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			w.units["gateway:1"] = nil
			w.dying = test.departing == own+"/0"
			w.run(departed(test.departing))
			w.run(broken)
			if deleted := deletions(w.writes()); len(deleted) != test.deleted {
				t.Errorf("deleted %q, not %d", deleted, test.deleted)
			}
		})
	}
}

// If the other side has no unit, no relation-departed names this unit: Juju only sends
// relation-broken, for one relation after the other, in any order. What they ask for stays, and so
// does the key.
func TestDyingUnitTakesNothingDown(t *testing.T) {
	t.Parallel()
	label, _ := tlscertificates.KeyLabels("certificates")
	breaking := []string{"certificates:2", "gateway:1", "gateway-route:3", "dns-record:4", "gateway:5", "receive-ca-cert:7"}
	for _, leader := range []bool{true, false} {
		w := everything(t)
		w.leader, w.dying = leader, true
		w.owned = map[string]string{theSecret: label}
		before := w.told()
		for _, id := range breaking {
			endpoint, _, _ := strings.Cut(id, ":")
			w.relations[endpoint] = slices.DeleteFunc(slices.Clone(w.relations[endpoint]), func(other string) bool { return other == id })
			w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: endpoint, ID: id}})
			for _, call := range w.calls {
				if call == "secret-remove" || strings.HasPrefix(call, "relation-set") {
					t.Errorf("leader %t, %s: %s", leader, id, call)
				}
			}
			// Another application is scaled down meanwhile.
			w.run(gocharm.Event{Kind: gocharm.RelationDeparted, Relation: &gocharm.EventRelation{
				Endpoint: "gateway", ID: "gateway:5", RemoteApp: "blog", RemoteUnit: "blog/1", DepartingUnit: "blog/1",
			}})
		}
		// Its agent restarts, it is elected, time passes: it sees no relation any more.
		for _, kind := range []gocharm.Kind{
			gocharm.UpgradeCharm, gocharm.ConfigChanged, gocharm.Start, gocharm.LeaderElected, gocharm.UpdateStatus,
			gocharm.SecretChanged, gocharm.SecretExpired, gocharm.SecretRemove,
		} {
			w.run(gocharm.Event{Kind: kind, Secret: &gocharm.EventSecret{ID: theSecret, Label: label, Revision: 1}})
			if slices.ContainsFunc(w.calls, func(call string) bool { return call == "secret-add" || strings.HasPrefix(call, "relation-set") }) {
				t.Errorf("leader %t, %s: calls %q", leader, kind, w.calls)
			}
		}
		if w.secrets[label] == "" {
			t.Errorf("leader %t: the key is gone", leader)
		}
		if got := w.writes(); len(got) > 0 {
			t.Errorf("leader %t: written %q", leader, got)
		}
		if diff := cmp.Diff(before, w.told()); diff != "" {
			t.Errorf("leader %t: told (-before +after):\n%s", leader, diff)
		}
	}
}

// A unit that cannot learn whether it is being removed does nothing, and Juju repeats the hook.
func TestUnitThatCannotLearnItsFateFails(t *testing.T) {
	t.Parallel()
	w := everything(t)
	broken := gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "certificates", ID: "certificates:2"}}
	w.before = func(call gocharm.Call) error {
		if call.Tool == "goal-state" {
			return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR connection is shut down"}
		}
		return nil
	}
	if err := w.try(broken); err == nil || !strings.Contains(err.Error(), "cannot read goal state") {
		t.Errorf("the hook ends with %v", err)
	}
	w.before, w.untold = nil, true
	if err := w.try(broken); err == nil || !strings.Contains(err.Error(), "goal-state does not tell of it") {
		t.Errorf("the hook ends with %v", err)
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("written: %q", got)
	}
	w.untold = false
	w.run(broken)
	if got := deletions(w.writes()); len(got) == 0 {
		t.Error("nothing is deleted when the relation breaks after all")
	}
}

// Other events do not ask: it is a request to Juju's controller.
func TestOtherHooksDoNotAskWhoIsRemoved(t *testing.T) {
	t.Parallel()
	w := everything(t)
	for _, kind := range []gocharm.Kind{gocharm.UpdateStatus, gocharm.ConfigChanged, gocharm.RelationChanged, gocharm.RelationDeparted, gocharm.LeaderElected} {
		w.run(gocharm.Event{Kind: kind, Relation: &gocharm.EventRelation{Endpoint: "gateway", ID: "gateway:1", RemoteApp: "shop", DepartingUnit: "shop/1"}})
		if slices.Contains(w.calls, "goal-state") {
			t.Errorf("%s: calls are %q", kind, w.calls)
		}
	}
}

// A unit that is being removed sees some of its relations break, and would withdraw what was
// requested for them.
func TestDyingUnitRotatesNoKey(t *testing.T) {
	t.Parallel()
	w := everything(t)
	w.dying = true
	w.relations["gateway"] = []string{"gateway:5"}
	w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "gateway", ID: "gateway:1"}})
	before := w.bags["certificates:2"][own]["certificate_signing_requests"]
	w.run(gocharm.Event{Kind: gocharm.Action, Action: &gocharm.EventAction{Name: "rotate-private-key"}})
	if len(w.failed) != 1 || !strings.HasPrefix(w.failed[0], "This unit is being removed") {
		t.Errorf("failed with %q", w.failed)
	}
	if got := w.bags["certificates:2"][own]["certificate_signing_requests"]; got != before {
		t.Error("other certificates are requested")
	}
}
