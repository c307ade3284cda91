package jujutest_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// failing brings a unit into error, at config-changed after it has started, and mends the charm.
func failing(t *testing.T) *world {
	t.Helper()
	broken := filepath.Join(t.TempDir(), "broken")
	w := newWorld(t, func(o *jujutest.Options) {
		o.Retries = -1
		o.Env = func(string) []string { return []string{"BROKEN=" + broken} }
	})
	w.deploy("gw", charmDir(t, providerMetadata, `case $JUJU_HOOK_NAME in config-changed) test ! -e "$BROKEN" || exit 3; esac`, "config.yaml", toolConfig), 1)
	w.settle()
	w.must(os.WriteFile(broken, nil, 0o644))
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 7}))
	if err := w.Settle(w.ctx); err == nil {
		t.Fatal("the hook did not fail")
	}
	w.must(os.Remove(broken))
	w.take()
	return w
}

func idle(t *testing.T, w *world) {
	t.Helper()
	if status := w.Status().Unit("gw/0"); status.Agent != "idle" || status.AgentMessage != "" {
		t.Errorf("status = %+v", status)
	}
}

// A pod that is lost goes on with the hook that had failed, and then starts: it is not told that its
// charm was deployed anew. One that was asked to go has stopped, and forgets the hook.
func TestFailedHookAndNewPod(t *testing.T) {
	t.Parallel()
	w := failing(t)
	w.must(w.KillPod(w.ctx, "gw/0"))
	if status := w.Status().Unit("gw/0"); status.Agent != "error" {
		t.Errorf("a new pod is not in error: %+v", status)
	}
	w.settle()
	equal(t, "lost", w.events("gw/0"), []string{"config-changed", "start"})
	idle(t, w)

	w = failing(t)
	w.must(w.EvictPod(w.ctx, "gw/0"))
	w.settle()
	equal(t, "evicted", w.events("gw/0"), []string{"stop", "upgrade-charm", "config-changed", "start"})
	idle(t, w)

	w = failing(t)
	w.must(w.RestartContainer(w.ctx, "gw/0"))
	w.settle()
	equal(t, "restarted", w.events("gw/0"), []string{"config-changed", "start"})
	idle(t, w)

	w = failing(t)
	w.must(w.Refresh(w.ctx, "gw", quiet(t, providerMetadata)))
	w.settle()
	equal(t, "refreshed", w.events("gw/0"), []string{"stop", "upgrade-charm", "config-changed", "start"})
	idle(t, w)
}

// A stop that fails is gone on with in the new pod, and so is an upgrade-charm; the pod does not wait.
func TestFailedStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *jujutest.Options) { o.Retries = -1 })
	w.deploy("gw", charmDir(t, providerMetadata, `
case $JUJU_HOOK_NAME in stop|upgrade-charm) test -n "$(state-get $JUJU_HOOK_NAME)" || exit 1; esac
`), 1)
	w.settle()
	w.take()
	w.must(w.EvictPod(w.ctx, "gw/0"))
	if err := w.Settle(w.ctx); err == nil {
		t.Fatal("no hook failed")
	}
	equal(t, "stop", w.events("gw/0"), []string{"stop"})
	w.exec("gw/0", "state-set stop=yes")
	w.take()
	w.settle()
	equal(t, "in the new pod", w.events("gw/0"), []string{"stop", "start"})

	w.must(w.KillPod(w.ctx, "gw/0"))
	if err := w.Settle(w.ctx); err == nil {
		t.Fatal("no hook failed")
	}
	w.exec("gw/0", "state-set upgrade-charm=yes")
	w.take()
	w.must(w.KillPod(w.ctx, "gw/0"))
	w.settle()
	equal(t, "after another pod", w.events("gw/0"), []string{"upgrade-charm", "config-changed", "start"})
}

// A pod lost before its charm has started goes on where it was.
func TestPodLossBeforeStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, requirerMetadata), 1)
	for _, want := range []string{"install", "leader-elected", "config-changed"} {
		if _, err := w.Step(w.ctx); err != nil {
			t.Fatal(err)
		}
		equal(t, "step", w.events("gw/0"), []string{want})
	}
	w.must(w.KillPod(w.ctx, "gw/0"))
	w.settle()
	equal(t, "start was queued", w.events("gw/0"), []string{"start"})
	w.must(w.EvictPod(w.ctx, "gw/0"))
	w.must(w.EvictPod(w.ctx, "gw/0"))
	w.settle()
	equal(t, "asked twice", w.events("gw/0"), []string{"stop", "upgrade-charm", "config-changed", "start"})
}

func TestRestartDuringHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, requirerMetadata, "is-leader >/dev/null; config-get >/dev/null", "config.yaml", toolConfig), 1)
	w.settle()
	w.take()
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 7}))
	w.must(w.RestartDuringHook("gw/0", 2))
	w.settle()
	var runs []jujutest.HookRun
	for _, run := range w.take() {
		if run.Unit == "gw/0" {
			runs = append(runs, run)
		}
	}
	if len(runs) != 3 || runs[0].ExitCode != 137 || label(runs[1]) != "config-changed" || label(runs[2]) != "start" {
		t.Errorf("runs = %+v", runs)
	}
}

// With Options.AgentRestarts agents restart by chance, and what is announced stays the same.
func TestAgentRestarts(t *testing.T) {
	t.Parallel()
	starts := 0
	for seed := range uint64(4) {
		w := newWorld(t, func(o *jujutest.Options) { o.Seed, o.AgentRestarts = seed, 3 })
		w.deploy("gw", quiet(t, providerMetadata), 1)
		scriptedWeb(t, w, 3)
		w.integrate("web", "gw")
		w.settle()
		count := make(map[string]int)
		for _, event := range w.events("gw/0") {
			count[event]++
		}
		starts += count["start"]
		for _, once := range []string{"install", "gateway-relation-created web", "gateway-relation-joined web/0", "gateway-relation-joined web/2"} {
			if count[once] > 1 {
				t.Errorf("%s ran %d times", once, count[once])
			}
		}
		if count["gateway-relation-changed web/2"] != 1 {
			t.Errorf("events = %v", count)
		}
	}
	if starts < 6 {
		t.Errorf("%d starts in four worlds", starts)
	}
}

// Juju 4.0 carries nothing out for a unit whose removal has begun while its hook ran; the hook comes again.
func TestRemovedDuringHook(t *testing.T) {
	t.Parallel()
	for p, want := range map[jujutest.Profile]int{jujutest.Juju36: 0, jujutest.Juju40: 1} {
		w := newWorld(t, profile(p))
		w.deploy("gw", charmDir(t, providerMetadata, "case $JUJU_HOOK_NAME in config-changed) relation-set -r 0 age=$(config-get age); esac", "config.yaml", toolConfig), 2)
		w.settle()
		w.take()
		w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 7}))
		w.must(w.RemoveUnitDuringHook("gw/1", 1))
		w.settle()
		failed := 0
		for _, run := range w.take() {
			if run.Err != nil && run.Unit == "gw/1" && run.Name == "config-changed" {
				failed++
			}
		}
		if failed != want {
			t.Errorf("%s: %d hooks failed, want %d", p, failed, want)
		}
		if got := w.RelationData(0, "gw/1")["age"]; got != "7" {
			t.Errorf("%s: the hook wrote %q", p, got)
		}
		if got := w.Status().Unit("gw/1").Name; got != "" {
			t.Errorf("%s: the unit is left", p)
		}
	}
}

// A relation that goes during a hook that wrote to it makes all of the hook fail, and once only: the
// tool refuses the next time.
func TestRelationGoneDuringHook(t *testing.T) {
	t.Parallel()
	for _, p := range []jujutest.Profile{jujutest.Juju36, jujutest.Juju40} {
		w := newWorld(t, profile(p))
		w.deploy("gw", charmDir(t, providerMetadata, `case $JUJU_HOOK_NAME in config-changed)
	for id in $(relation-ids gateway); do relation-set -r $id a=b || true; done
	state-set seen=yes; esac`, "config.yaml", toolConfig), 1)
		scriptedWeb(t, w, 1)
		w.integrate("web", "gw")
		w.settle()
		w.take()
		w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 7}))
		w.must(w.GhostDuringHook("gw/0", 2, "web", "gw"))
		w.settle()
		runs := w.take()
		if len(runs) != 2 || runs[0].Err == nil || runs[1].Err != nil || runs[0].ExitCode != 0 {
			t.Errorf("%s: runs = %+v", p, runs)
		}
	}
	w := toolWorld(t)
	if err := errors.Join(w.GhostDuringHook("gw/0", 1, "web", "other")); err == nil {
		t.Error("no error for a relation that is not there")
	}
}

// Juju 4.0 tells the address of a unit in one key less.
func TestAddressKeys(t *testing.T) {
	t.Parallel()
	for p, want := range map[jujutest.Profile]string{
		jujutest.Juju36: `"egress-subnets":"10.1.0.7/32","ingress-address":"10.1.0.7","private-address":"10.1.0.7"`,
		jujutest.Juju40: `"egress-subnets":"10.1.0.7/32","ingress-address":"10.1.0.7"`,
	} {
		w := toolWorld(t, profile(p))
		runToolCases(t, w, "gw/0", []toolCase{{"relation-get -r 1 - web/0 --format=json", "{" + want + "}\ncode 0"}})
	}
}
