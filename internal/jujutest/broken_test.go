package jujutest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// A relation that breaks is listed in its own relation-broken: the agent does not look again at how alive
// it is.
func TestBrokenRelation(t *testing.T) {
	t.Parallel()
	for p, set := range map[jujutest.Profile]string{
		jujutest.Juju36: "", jujutest.Juju40: "",
		jujutest.OldJuju3: "ERROR cannot read relation application settings: permission denied",
	} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			w := dyingWorld(t, p)
			w.must(w.RemoveRelation(w.ctx, "web", "gw"))
			w.settle()
			equal(t, "removal", w.outputs(), []string{
				`["gateway:1"] [] app=w unit=h set=`,
				`["gateway:1"] [] app=w unit=h set=` + set,
			})
		})
	}
	for p, gone := range map[jujutest.Profile]string{
		jujutest.Juju36: "ERROR permission denied", jujutest.Juju40: "ERROR relation 1 not found",
	} {
		t.Run("forced "+p.String(), func(t *testing.T) {
			t.Parallel()
			w := dyingWorld(t, p)
			w.must(w.ForceRemoveRelation(w.ctx, "web", "gw"))
			w.settle()
			denied := `["gateway:1"] [] app=` + gone + ` unit=` + gone + ` set=` + gone
			equal(t, "removal", w.outputs(), []string{denied, denied})
		})
	}
}

// An agent that restarts meanwhile sees the relation dying, and does not know whose it was: relation-broken
// comes with an empty JUJU_REMOTE_APP, for a relation that is listed nowhere any more.
func TestBrokenRelationAfterRestart(t *testing.T) {
	t.Parallel()
	for p, ids := range map[jujutest.Profile]string{jujutest.Juju36: "[]", jujutest.Juju40: "[]", jujutest.OldJuju3: `["gateway:1"]`} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			w := dyingWorld(t, p)
			w.must(w.RemoveRelation(w.ctx, "web", "gw"))
			if _, err := w.Step(w.ctx); err != nil {
				t.Fatal(err)
			}
			if got := w.exec("gw/0", "relation-ids gateway --format=json; relation-get -r 1 --app name web"); got != `["gateway:1"]`+"\nw\ncode 0" {
				t.Errorf("between departed and broken: %s", got)
			}
			w.must(w.RestartContainer(w.ctx, "gw/0"))
			if got := w.exec("gw/0", "relation-ids gateway --format=json; relation-get -r 1 --app name web"); got != ids+"\nw\ncode 0" {
				t.Errorf("after the restart: %s", got)
			}
			w.take()
			w.settle()
			runs := w.take()
			if got := []string{label(runs[0]), label(runs[1])}; !slices.Equal(got, []string{"start", "gateway-relation-broken"}) {
				t.Fatalf("events = %v", got)
			}
			if !slices.Contains(runs[1].Env, "JUJU_REMOTE_APP=") || !strings.HasPrefix(runs[1].Output, ids+" [] app=w") {
				t.Errorf("broken: %s", runs[1].Output)
			}
		})
	}
}

// Where no unit tells of the other application, relation-get has no default after a restart.
func TestRelationGetAfterRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, `
case $JUJU_HOOK_NAME in gateway-relation-broken) relation-get 2>&1 || true; relation-list --app; esac
`), 1)
	scriptedWeb(t, w, 0)
	w.integrate("web", "gw")
	w.settle()
	w.must(w.RestartContainer(w.ctx, "gw/0"))
	w.settle()
	w.take()
	w.must(w.RemoveRelation(w.ctx, "web", "gw"))
	w.settle()
	equal(t, "broken", w.outputs(), []string{"ERROR no unit or application specified\nweb"})
}

func TestSuspendedRelation(t *testing.T) {
	t.Parallel()
	for _, p := range []jujutest.Profile{jujutest.Juju36, jujutest.Juju40} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, profile(p))
			w.deploy("gw", charmDir(t, providerMetadata, dying), 1)
			w.must(w.AddScripted("web", jujutest.ScriptedMetadata{
				Requires: map[string]string{"ingress": "ingress"}, ModelUUID: "11111111-2222-4333-8444-555555555555",
			}, 1))
			id := w.integrate("web", "gw")
			w.must(w.SetApplicationData(id, "web", map[string]string{"name": "w"}))
			w.must(w.SetUnitData(id, "web/0", map[string]string{"host": "h"}))
			w.settle()
			w.exec("gw/0", "relation-set -r 1 mine=1; relation-set -r 1 --app ours=1")
			w.take()

			w.must(w.SuspendRelation(w.ctx, id))
			w.settle()
			runs := w.take()
			equal(t, "suspension", []string{label(runs[0]), label(runs[1])}, []string{"gateway-relation-departed web/0", "gateway-relation-broken web"})
			if want := "[] [] app=w unit=h set="; !strings.HasPrefix(runs[1].Output, want) {
				t.Errorf("broken: %s, want %s", runs[1].Output, want)
			}
			if got := w.exec("gw/0", "relation-ids gateway --format=json; relation-get -r 1 - web/0"); !strings.HasPrefix(got, "[]\nERROR invalid value \"1\" for option -r: relation not found") {
				t.Errorf("suspended: %s", got)
			}
			w.take()

			w.must(w.ResumeRelation(w.ctx, id))
			w.settle()
			equal(t, "resumption", w.events("gw/0"), []string{
				"gateway-relation-changed web", "gateway-relation-joined web/0", "gateway-relation-changed web/0",
			})
			if got := w.exec("gw/0", "relation-get -r 1 mine gw/0; relation-get -r 1 --app ours gw"); got != "1\ncode 0" {
				t.Errorf("own data: %s", got)
			}
			for what, err := range map[string]error{
				"twice": w.ResumeRelation(w.ctx, id), "peers": w.SuspendRelation(w.ctx, 0), "none": w.SuspendRelation(w.ctx, 9),
			} {
				if err == nil {
					t.Errorf("%s: no error", what)
				}
			}
		})
	}
}

// A new unit is told of a relation that is resumed, and so is one whose agent restarted meanwhile.
func TestResumedRelationIsCreatedForOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, strings.Split(providerMetadata, "peers:")[0]), 1)
	w.must(w.AddScripted("web", jujutest.ScriptedMetadata{
		Requires: map[string]string{"ingress": "ingress"}, ModelUUID: "11111111-2222-4333-8444-555555555555",
	}, 0))
	id := w.integrate("web", "gw")
	w.settle()
	status := func(want string) {
		t.Helper()
		got := w.exec("gw/0", "goal-state --format=json | grep -o '\"status\":\"'"+want+"'\"' | head -1")
		if got != "code 0" {
			t.Errorf("the side that offers sees %s", got)
		}
	}
	status("suspended")
	w.must(w.SuspendRelation(w.ctx, id))
	w.settle()
	if _, err := w.AddUnit(w.ctx, "gw"); err != nil {
		t.Fatal(err)
	}
	w.must(w.RestartContainer(w.ctx, "gw/0"))
	w.settle()
	w.take()
	w.must(w.ResumeRelation(w.ctx, id))
	w.settle()
	created := make(map[string]int)
	for _, run := range w.take() {
		created[run.Unit+" "+label(run)]++
	}
	if len(created) != 2 || created["gw/0 gateway-relation-created web"] != 1 || created["gw/1 gateway-relation-created web"] != 1 {
		t.Errorf("events = %v", created)
	}
}

// Peer relations do not break, but for an agent that has restarted.
func TestPeerRelationOfAUnitThatLeaves(t *testing.T) {
	t.Parallel()
	for _, restarted := range []bool{false, true} {
		w := newWorld(t)
		w.deploy("gw", quiet(t, providerMetadata), 2)
		w.settle()
		want := []string{"peers-relation-departed gw/0", "stop", "remove"}
		if restarted {
			w.must(w.RestartContainer(w.ctx, "gw/1"))
			w.settle()
			want = []string{"peers-relation-departed gw/0", "peers-relation-broken", "stop", "remove"}
		}
		w.take()
		w.must(w.RemoveUnit(w.ctx, "gw/1"))
		w.settle()
		equal(t, "last hooks", w.events("gw/1"), want)
	}
}
