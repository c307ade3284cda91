package jujutest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

func TestExecFlushesWhateverTheExitCode(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	if got := w.exec("gw/0", "relation-set -r 1 kept=1; echo out; echo err >&2; exit 7"); got != "out\nerr\ncode 7" {
		t.Errorf("exec = %q", got)
	}
	if got := w.RelationData(1, "gw/0")["kept"]; got != "1" {
		t.Error("the changes of a failing script were dropped")
	}
}

func TestExecWaitsForItsOutput(t *testing.T) {
	t.Parallel()
	w := toolWorld(t, func(o *jujutest.Options) { o.SocketPatience = 200 * time.Millisecond })
	_, err := w.Exec(w.ctx, "gw/0", "setsid sleep 60 &")
	const want = "unit agent of gw/0 hangs after juju-exec: a process still holds its output open"
	if err == nil || err.Error() != want {
		t.Errorf("Exec = %v\nwant %s", err, want)
	}
}

// watcher starts a background process that, once the file $GO is there, asks for a hook of its own.
const watcher = `
case $JUJU_DISPATCH_PATH in
hooks/start)
	(
		unset JUJU_CONTEXT_ID
		while ! test -e $GO; do sleep 0.01; done
		juju-exec -u $JUJU_UNIT_NAME "JUJU_DISPATCH_PATH=hooks/cluster_changed $JUJU_CHARM_DIR/dispatch" > $GO.out 2>&1
		echo "code $?" > $GO.code
	) </dev/null >/dev/null 2>&1 &
	;;
hooks/cluster_changed)
	echo "in $JUJU_DISPATCH_PATH hook [$JUJU_HOOK_NAME]"
	status-set active "woken up"
	;;
esac
`

func TestJujuExecFromABackgroundProcess(t *testing.T) {
	t.Parallel()
	start := filepath.Join(t.TempDir(), "go")
	w := newWorld(t, func(o *jujutest.Options) {
		o.Env = func(string) []string { return []string{"GO=" + start} }
	})
	w.deploy("gw", charmDir(t, providerMetadata, watcher), 1)
	w.settle()
	w.take()
	w.must(os.WriteFile(start, nil, 0o600))
	w.must(w.AwaitExec(w.ctx, "gw/0"))
	w.settle()
	if got := w.Status().Unit("gw/0").Message; got != "woken up" {
		t.Errorf("message = %q", got)
	}
	equal(t, "runs", w.events("gw/0"), []string{"juju-run"})
	for { // the caller has its answer
		code, err := os.ReadFile(start + ".code")
		if err == nil && len(code) > 0 {
			out, err := os.ReadFile(start + ".out")
			w.must(err)
			if got := string(out) + string(code); got != "in hooks/cluster_changed hook []\ncode 0\n" {
				t.Errorf("juju-exec gave %q", got)
			}
			return
		}
		select {
		case <-w.ctx.Done():
			t.Fatal("juju-exec did not return")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestJujuExecRefusals(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	got := w.exec("gw/0", "juju-exec -u gw/0 true")
	if !strings.HasPrefix(got, `ERROR juju-exec cannot be called from within a hook, have context "gw/0-juju-run-`) || !strings.HasSuffix(got, "code 1") {
		t.Errorf("within a hook: %s", got)
	}
	runToolCases(t, w, "gw/0", []toolCase{
		{"unset JUJU_CONTEXT_ID; juju-exec -u gw/9 true", "ERROR no agent for unit \"gw/9\"\ncode 1"},
		{"unset JUJU_CONTEXT_ID; juju-exec", "ERROR missing commands\ncode 2"},
		{"unset JUJU_CONTEXT_ID; juju-exec --unit gw/0 true", "ERROR option provided but not defined: --unit\ncode 2"},
	})
}
