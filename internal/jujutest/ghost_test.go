package jujutest_test

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// ghostLook shows what a unit sees of the relation with an application that may be gone.
const ghostLook = `relation-ids gateway --format=json; relation-list -r 1 --format=json; relation-list -r 1 --app
relation-get -r 1 - web/0; relation-get -r 1 --app - web; relation-set -r 1 a=b
goal-state --format=json | grep -c '"web'
true`

func TestGhostRelation(t *testing.T) {
	t.Parallel()
	for p, gone := range map[jujutest.Profile]string{
		jujutest.Juju36: "ERROR permission denied", jujutest.Juju40: "ERROR relation 1 not found",
	} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, profile(p))
			w.deploy("gw", quiet(t, providerMetadata), 1)
			scriptedWeb(t, w, 1)
			id := w.integrate("web", "gw")
			w.settle()
			w.take()
			if got := w.exec("gw/0", "goal-state --format=json | grep -c '\"web/0\"'"); got != "1\ncode 0" {
				t.Errorf("goal-state before: %s", got)
			}
			w.take()
			w.must(w.GhostRelation(w.ctx, "web", "gw"))
			w.settle()
			equal(t, "events", w.events("gw/0"), nil)
			want := `["gateway:1"]` + "\n" + `["web/0"]` + "\nweb\n0\n" + strings.Repeat(gone+"\n", 3) + "code 0"
			if got := w.exec("gw/0", ghostLook); got != want {
				t.Errorf("a ghost:\n%s\nwant\n%s", got, want)
			}
			if w.RelationData(id, "web") != nil || len(w.Status().Relations) != 0 {
				t.Error("the controller still has the relation")
			}
			next := w.integrate("web", "gw")
			w.settle()
			w.take()
			if got := w.exec("gw/0", "relation-ids gateway --format=json"); got != `["gateway:1","gateway:2"]`+"\ncode 0" || next != 2 {
				t.Errorf("beside its successor %d: %s", next, got)
			}
			w.must(w.RestartContainer(w.ctx, "gw/0"))
			w.take()
			w.settle()
			equal(t, "after a restart", w.events("gw/0"), []string{"start"})
			if got := w.exec("gw/0", "relation-ids gateway --format=json"); got != `["gateway:2"]`+"\ncode 0" {
				t.Errorf("after a restart: %s", got)
			}
		})
	}
}

// A dying unit says nothing to a ghost, and an endpoint's limit does not count it.
func TestGhostOfSaas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, providerMetadata), 2)
	add := func() {
		w.must(w.AddScripted("ca", jujutest.ScriptedMetadata{
			Provides: map[string]string{"certificates": "tls-certificates"}, ModelUUID: "11111111-2222-4333-8444-555555555555",
		}, 1))
		w.integrate("ca", "gw:certificates")
		w.settle()
		w.take()
	}
	add()
	w.must(w.ForceRemoveSaas(w.ctx, "ca"))
	add()
	if got := w.exec("gw/1", "relation-ids certificates --format=json"); got != `["certificates:1","certificates:2"]`+"\ncode 0" {
		t.Errorf("relations: %s", got)
	}
	if got := w.exec("gw/1", "goal-state --format=json | grep -o '\"relations.*'"); !strings.HasPrefix(got, `"relations":{"certificates":{"admin/other.ca":`) {
		t.Errorf("goal-state of an offer: %s", got)
	}
	w.take()
	w.must(w.RemoveUnit(w.ctx, "gw/1"))
	w.settle()
	equal(t, "removal", w.events("gw/1"), []string{
		"peers-relation-departed gw/0", "certificates-relation-departed ca/0", "certificates-relation-broken ca", "stop", "remove",
	})
	w.must(w.AddScripted("web", jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, 1))
	w.integrate("web", "gw")
	if err := w.ForceRemoveSaas(w.ctx, "web"); err == nil {
		t.Error("an application of this model is no saas")
	}
	w.must(w.RemoveApplication(w.ctx, "gw"))
	w.settle()
	if left := w.Status().Application("gw"); left.Name != "" {
		t.Errorf("a ghost keeps the application: %+v", left)
	}
}

func TestDenyReads(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	w.must(w.DenyReads("gw/0", 1, "permission denied", 2))
	runToolCases(t, w, "gw/0", []toolCase{
		{"relation-get -r 1 host web/1", "ERROR permission denied\ncode 1"},
		{"relation-get -r 0 - gw/1 >/dev/null; relation-ids gateway", "gateway:1\ncode 0"},
		{"relation-get -r 1 --app name web", "ERROR permission denied\ncode 1"},
		{"relation-get -r 1 host web/1", "h1\ncode 0"},
	})
	for what, err := range map[string]error{
		"unit": w.DenyReads("gw/9", 1, "x", 1), "relation": w.DenyReads("gw/0", 9, "x", 1), "times": w.DenyReads("gw/0", 1, "x", 0),
	} {
		if err == nil {
			t.Errorf("unknown %s: no error", what)
		}
	}
}

// leaving looks about in the last hooks of a unit.
const leaving = `
case $JUJU_HOOK_NAME in *-relation-departed|*-relation-broken)
	echo "$JUJU_HOOK_NAME $(goal-state --format=json | grep -o "\"$JUJU_UNIT_NAME\":{[^}]*}" | grep -o '"status":"[a-z]*"')"
esac
`

// A relation whose other side has no unit breaks without departed, in an order of chance, and only
// goal-state says whose removal it is.
func TestRemovalWithoutRemoteUnits(t *testing.T) {
	t.Parallel()
	orders := make(map[string]bool)
	for seed := range uint64(8) {
		w := newWorld(t, func(o *jujutest.Options) { o.Seed = seed })
		w.deploy("gw", charmDir(t, strings.Split(providerMetadata, "peers:")[0], leaving), 2)
		scriptedWeb(t, w, 0)
		w.must(w.AddScripted("ca", jujutest.ScriptedMetadata{Provides: map[string]string{"certificates": "tls-certificates"}}, 0))
		w.integrate("web", "gw")
		w.integrate("ca", "gw:certificates")
		w.settle()
		w.take()
		w.must(w.RemoveUnit(w.ctx, "gw/1"))
		w.settle()
		var seen []string
		for _, run := range w.take() {
			if run.Unit == "gw/1" && run.Name != "stop" && run.Name != "remove" {
				seen = append(seen, strings.TrimSpace(run.Output))
			}
		}
		orders[strings.Join(seen, ", ")] = true
	}
	const status = `-relation-broken "status":"dying"`
	want := []string{"gateway" + status + ", certificates" + status, "certificates" + status + ", gateway" + status}
	if len(orders) != 2 || !orders[want[0]] || !orders[want[1]] {
		t.Errorf("orders = %v", orders)
	}
}

// A relation that is removed, while the unit stays, says something else.
func TestGoalStateOfRemovedRelation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, leaving+"status-set active\n"), 1)
	scriptedWeb(t, w, 0)
	w.integrate("web", "gw")
	w.settle()
	w.take()
	w.must(w.RemoveRelation(w.ctx, "web", "gw"))
	w.settle()
	equal(t, "broken", w.outputs(), []string{`gateway-relation-broken "status":"active"`})
}
