package jujutest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// flaky fails config-changed while the file "broken" lies beside the charm; before that it writes
// everything a hook can write.
const flaky = `
case $JUJU_HOOK_NAME in config-changed)
	status-set waiting "on the way"
	application-version-set 9
	state-set seen=yes
	relation-set -r 0 key=value
	relation-set -r 0 --app key=value
	secret-add --label mine password=hidden >/dev/null
	open-port 80
	echo some trouble >&2
	test ! -e "$BROKEN" || exit 3
esac
`

// flakyWorld deploys the flaky charm and returns the file that makes it fail, which exists.
func flakyWorld(t *testing.T, changes ...func(*jujutest.Options)) (*world, string) {
	t.Helper()
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	changes = append(changes, func(o *jujutest.Options) {
		o.Retries = 2
		o.Env = func(string) []string { return []string{"BROKEN=" + broken} }
	})
	w := newWorld(t, changes...)
	w.deploy("gw", charmDir(t, providerMetadata, flaky, "config.yaml", toolConfig, "actions.yaml", "look: {}\n"), 1)
	return w, broken
}

func TestFailedHookIsDiscardedAndRetried(t *testing.T) {
	t.Parallel()
	w, broken := flakyWorld(t)
	err := w.Settle(w.ctx)
	failure, ok := errors.AsType[*jujutest.HookError](err)
	if !ok {
		t.Fatalf("Settle = %v, want a HookError", err)
	}
	if failure.Hook != "config-changed" || failure.Unit != "gw/0" || failure.ExitCode != 3 || !strings.Contains(failure.Output, "some trouble") {
		t.Errorf("HookError = %+v", failure)
	}
	var contexts []string
	for _, run := range w.take() {
		if run.Name == "config-changed" {
			contexts = append(contexts, variable(run, "JUJU_CONTEXT_ID"))
		}
	}
	if len(contexts) != 3 || contexts[0] == contexts[1] {
		t.Errorf("contexts of the failing hook = %v, want three different ones", contexts)
	}
	unit := w.Status().Unit("gw/0")
	if unit.Agent != "error" || unit.AgentMessage != `hook failed: "config-changed"` || unit.Status != "waiting" || unit.Version != "9" {
		t.Errorf("status keeps what takes effect at once, and shows the error: %+v", unit)
	}
	if !strings.Contains(w.Status().String(), `error     idle   10.1.0.5  hook failed: "config-changed"`) {
		t.Errorf("status table:\n%v", w.Status())
	}
	if data := w.RelationData(0, "gw/0"); data["key"] != "" || len(w.Secrets()) != 0 {
		t.Errorf("a failed hook left %v and %v", data, w.Secrets())
	}
	// Actions and scripts still run, and do not see what was dropped.
	if got := w.exec("gw/0", "state-get seen --format=json; opened-ports --format=json"); got != "\"\"\n[]\ncode 0" {
		t.Errorf("buffered state after a failure: %s", got)
	}
	if result, err := w.RunAction(w.ctx, "gw/0", "look", nil); err != nil || result.Status != "completed" {
		t.Errorf("action in error state = %+v, %v", result, err)
	}
	w.take()

	w.must(os.Remove(broken))
	w.settle()
	equal(t, "recovery", w.events("gw/0"), []string{"config-changed", "start"})
	if data := w.RelationData(0, "gw/0"); data["key"] != "value" {
		t.Errorf("unit bag = %v", data)
	}
	if data := w.RelationData(0, "gw"); data["key"] != "value" {
		t.Errorf("application bag = %v", data)
	}
	if secret, ok := w.SecretByLabel("mine"); !ok || secret.Content["password"] != "hidden" || secret.Owner != "gw" {
		t.Errorf("secret = %+v", secret)
	}
	if got := w.exec("gw/0", "state-get seen; opened-ports"); got != "yes\n80/tcp\ncode 0" {
		t.Errorf("buffered state after success: %s", got)
	}
	if got := w.Status().Unit("gw/0"); got.Agent != "idle" || got.AgentMessage != "" {
		t.Errorf("unit after recovery = %+v", got)
	}
}

func TestOneFailingUnitDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *jujutest.Options) { o.Retries = -1 })
	w.deploy("bad", charmDir(t, requirerMetadata, "exit 1"), 1)
	w.deploy("good", quiet(t, requirerMetadata), 1)
	if _, ok := errors.AsType[*jujutest.HookError](w.Settle(w.ctx)); !ok {
		t.Error("Settle reported no HookError")
	}
	count := make(map[string]int)
	for _, run := range w.take() {
		count[run.Unit]++
	}
	if count["bad/0"] != 1 || count["good/0"] != 4 {
		t.Errorf("runs by unit = %v", count)
	}
}

func TestFlushFailure(t *testing.T) {
	t.Parallel()
	w, broken := flakyWorld(t)
	w.must(os.Remove(broken))
	for _, err := range []error{w.FailNextFlush("gw/0", nil), w.FailNextFlush("gw/0", errors.New("quota"))} {
		w.must(err) // nil: the flush of install goes well
	}
	w.settle()
	var failed []string
	for _, run := range w.take() {
		if run.Err != nil {
			failed = append(failed, run.Name)
			if run.ExitCode != 0 || !strings.Contains(run.Err.Error(), "quota") {
				t.Errorf("run = %d, %v", run.ExitCode, run.Err)
			}
		}
	}
	if len(failed) != 1 {
		t.Errorf("failed hooks = %v, want one", failed)
	}
}

// With Juju 3 secrets come first, and stand whatever fails after them; with Juju 4.0 nothing stands.
func TestFlushFailsBetweenItsSteps(t *testing.T) {
	t.Parallel()
	for _, profile := range []jujutest.Profile{jujutest.Juju36, jujutest.Juju40, jujutest.OldJuju3} {
		for step, stands := range map[jujutest.FlushStep]string{
			jujutest.FlushState: "secret", jujutest.FlushSecrets: "", jujutest.FlushRelations: "secret",
		} {
			t.Run(fmt.Sprint(profile, " ", step), func(t *testing.T) {
				t.Parallel()
				w, broken := flakyWorld(t, func(o *jujutest.Options) { o.Profile = profile })
				w.must(os.Remove(broken))
				w.must(w.FailFlushAt("gw/0", step, errors.New("no quorum")))
				var err error
				for more := true; more && err == nil; {
					more, err = w.Step(w.ctx)
				}
				failure, ok := errors.AsType[*jujutest.HookError](err)
				if !ok || failure.Hook != "config-changed" || !strings.Contains(err.Error(), "no quorum") {
					t.Fatalf("the hooks end with %v", err)
				}
				var found []string
				if strings.HasPrefix(w.exec("gw/0", "state-get seen"), "yes") {
					found = append(found, "state")
				}
				if _, ok := w.SecretByLabel("mine"); ok {
					found = append(found, "secret")
				}
				if w.RelationData(0, "gw")["key"]+w.RelationData(0, "gw/0")["key"] != "" {
					found = append(found, "relation")
				}
				if profile == jujutest.Juju40 {
					stands = ""
				}
				if got := strings.Join(found, " "); got != stands {
					t.Errorf("what stands is %q, want %q", got, stands)
				}
			})
		}
	}
}

func TestLeadershipLostDuringHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, `
case $JUJU_HOOK_NAME in config-changed)
	if test "$(is-leader)" = True; then
		relation-set -r 0 --app leader=$JUJU_UNIT_NAME
		relation-set -r 0 mine=1
		juju-log "now $(is-leader) and $(is-leader)"
	fi
esac
`, "config.yaml", toolConfig), 2)
	w.settle()
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 6}))
	w.must(w.LoseLeadershipDuringHook("gw/0", 2, "gw/1"))
	w.take()
	w.settle()
	var failed *jujutest.HookRun
	runs := w.take()
	for i, run := range runs {
		if run.Err != nil {
			failed = &runs[i]
		}
	}
	if failed == nil || failed.Name != "config-changed" || failed.ExitCode != 0 || !strings.Contains(failed.Err.Error(), "not the leader") {
		t.Fatalf("failed run = %+v", failed)
	}
	if !strings.Contains(failed.Output, "INFO now False and False") {
		t.Errorf("output = %q", failed.Output)
	}
	if got := w.RelationData(0, "gw")["leader"]; got == "" {
		t.Error("nobody wrote the application bag")
	}
	if !w.Status().Unit("gw/1").Leader {
		t.Error("gw/1 does not lead")
	}
}

func TestKilledHookComesAgainWithoutError(t *testing.T) {
	t.Parallel()
	w, broken := flakyWorld(t)
	w.must(os.Remove(broken))
	w.must(w.KillDuringHook("gw/0", 3))
	w.settle()
	var killed []string
	for _, run := range w.take() {
		if run.Err != nil {
			killed = append(killed, run.Name)
			if run.ExitCode != 137 || len(run.Calls) != 3 {
				t.Errorf("killed run: exit %d after %d calls", run.ExitCode, len(run.Calls))
			}
		}
	}
	equal(t, "killed", killed, []string{"config-changed"})
	if got := w.RelationData(0, "gw/0")["key"]; got != "value" {
		t.Errorf("key = %q after the second run", got)
	}
}

func TestKilledAfterATool(t *testing.T) {
	t.Parallel()
	w, broken := flakyWorld(t)
	w.must(os.Remove(broken))
	w.must(w.KillAfterTool("gw/0", "relation-set"))
	w.settle()
	killed := 0
	for _, run := range w.take() {
		if run.ExitCode == 137 {
			killed++
			if last := run.Calls[len(run.Calls)-1].Tool; last != "relation-set" {
				t.Errorf("%s was killed after %s", run.Name, last)
			}
		}
	}
	if killed != 1 {
		t.Errorf("%d hooks were killed", killed)
	}
}

func TestHangingHookEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *jujutest.Options) { o.HookTimeout, o.Retries = 200*time.Millisecond, -1 })
	w.deploy("gw", charmDir(t, requirerMetadata, "sleep 60"), 1)
	err := w.Settle(w.ctx)
	if err == nil || !strings.Contains(err.Error(), "hook timed out after 200ms") {
		t.Errorf("Settle = %v", err)
	}
}

func TestDispatchRules(t *testing.T) {
	t.Parallel()
	t.Run("not executable", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(o *jujutest.Options) { o.Retries = -1 })
		dir := quiet(t, requirerMetadata)
		if err := os.Chmod(filepath.Join(dir, "dispatch"), 0o644); err != nil {
			t.Fatal(err)
		}
		w.deploy("gw", dir, 1)
		if err := w.Settle(w.ctx); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("Settle = %v", err)
		}
	})
	t.Run("hooks without dispatch", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deploy("gw", charmDir(t, requirerMetadata, "", "hooks/start", "#!/bin/sh\nstatus-set active here\n"), 1)
		w.settle()
		equal(t, "hooks the charm has", w.events("gw/0"), []string{"start"})
	})
	t.Run("metadata gone", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(o *jujutest.Options) { o.Retries = -1 })
		w.deploy("gw", quiet(t, requirerMetadata), 1)
		if err := os.Remove(filepath.Join(w.CharmDir("gw/0"), "metadata.yaml")); err != nil {
			t.Fatal(err)
		}
		if err := w.Settle(w.ctx); err == nil || !strings.Contains(err.Error(), "charm missing from disk") {
			t.Errorf("Settle = %v", err)
		}
	})
}

func TestLeadershipLostToNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, "is-leader >/dev/null", "config.yaml", toolConfig), 2)
	w.settle()
	w.must(w.LoseLeadershipDuringHook("gw/0", 1, ""))
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 6}))
	w.settle()
	if status := w.Status(); status.Unit("gw/0").Leader || status.Unit("gw/1").Leader {
		t.Errorf("there is a leader:\n%v", status)
	}
	w.take()
	w.must(w.SetLeader("gw", "gw/0"))
	w.settle()
	equal(t, "elected again", w.events("gw/0"), []string{"leader-elected"})
}

func TestFaultErrors(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	for what, err := range map[string]error{
		"flush of nobody":   w.FailNextFlush("gw/9", errors.New("x")),
		"step of nobody":    w.FailFlushAt("gw/9", jujutest.FlushState, errors.New("x")),
		"kill before start": w.KillDuringHook("gw/0", 0),
		"heir unknown":      w.LoseLeadershipDuringHook("gw/0", 1, "gw/9"),
		"scripted unit":     w.KillDuringHook("web/0", 1),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}
