package jujutest_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// spawner leaves a process behind, in a session of its own, and notes its id in the charm directory.
const spawner = `
case $JUJU_HOOK_NAME in
start) setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $! > $JUJU_CHARM_DIR/pid; state-set kept=yes; status-set active ready ;;
esac
`

func spawnedPid(t *testing.T, w *world) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.CharmDir("gw/0"), "pid"))
	w.must(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	w.must(err)
	return pid
}

// gone waits until a process has ended. One that nobody has reaped yet counts as ended.
func gone(ctx context.Context, pid int) error {
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || bytes.Contains(stat, []byte(") Z ")) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d is still there: %s", pid, stat)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestPodLoss(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, spawner), 1)
	scriptedWeb(t, w, 1)
	w.integrate("web", "gw")
	w.settle()
	w.exec("gw/0", "relation-set -r 1 mine=1")
	pid := spawnedPid(t, w)
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the process did not survive its hook: %v", err)
	}
	w.take()
	w.must(w.KillPod(w.ctx, "gw/0"))
	w.must(gone(w.ctx, pid))
	if _, err := os.Stat(filepath.Join(w.CharmDir("gw/0"), "pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file survived the pod: %v", err)
	}
	w.settle()
	equal(t, "new pod", w.events("gw/0"), []string{"upgrade-charm", "config-changed", "start"})
	if got := w.exec("gw/0", "state-get kept; relation-get -r 1 mine gw/0"); got != "yes\n1\ncode 0" {
		t.Errorf("controller state after pod loss: %s", got)
	}
	if status := w.Status().Unit("gw/0"); status.Status != "active" {
		t.Errorf("status = %+v", status)
	}
}

func TestContainerRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, spawner), 1)
	w.settle()
	pid := spawnedPid(t, w)
	w.take()
	w.must(w.RestartContainer(w.ctx, "gw/0"))
	w.must(gone(w.ctx, pid))
	if again := spawnedPid(t, w); again != pid {
		t.Errorf("files changed over a restart: %d", again)
	}
	w.settle()
	equal(t, "restart", w.events("gw/0"), []string{"start"})
}

func TestCloseEndsProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, spawner), 1)
	w.settle()
	pid := spawnedPid(t, w)
	w.must(w.Close())
	w.must(gone(w.ctx, pid))
	if err := w.Settle(w.ctx); err == nil {
		t.Error("Settle after Close succeeded")
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const report = `juju-log "%s $JUJU_HOOK_NAME $(config-get age) $(config-get extra)"`
	old := charmDir(t, providerMetadata, strings.ReplaceAll(report, "%s", "old"), "config.yaml", toolConfig)
	next := charmDir(t, providerMetadata, strings.ReplaceAll(report, "%s", "new"), "config.yaml",
		"options:\n  age: {type: int, default: 1}\n  extra: {type: string, default: more}\n")
	w.must(w.Deploy(w.ctx, "gw", old, jujutest.DeployOptions{Config: map[string]any{"age": 9, "host": "x"}}))
	w.settle()
	w.take()
	w.must(w.Refresh(w.ctx, "gw", next))
	w.settle()
	equal(t, "refresh", w.outputs(), []string{
		"INFO old stop 9", "INFO new upgrade-charm 9 more", "INFO new config-changed 9 more", "INFO new start 9 more",
	})
}

// TestRefreshRefused refreshes an application that has two others on one endpoint.
func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.Deploy(w.ctx, "gw", quiet(t, providerMetadata), jujutest.DeployOptions{}))
	for _, name := range []string{"one", "two"} {
		w.must(w.AddScripted(name, jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, 1))
		w.integrate(name, "gw")
	}
	const limited = "name: gateway\nprovides:\n  gateway: {interface: ingress, limit: %d}\npeers:\n  peers: {interface: gateway-peers}\n"
	for name, c := range map[string]struct{ metadata, refusal string }{
		"without the endpoint": {
			"name: gateway\npeers:\n  peers: {interface: gateway-peers}\n",
			`cannot refresh "gw": would break relation "one:ingress gw:gateway"`,
		},
		"with a lower limit": {
			fmt.Sprintf(limited, 1),
			`cannot refresh "gw": new charm version imposes a maximum relation limit of 1 for gw:gateway which cannot be satisfied by the number of already established relations (2)`,
		},
		"with another interface": {
			strings.Replace(fmt.Sprintf(limited, 1), "ingress", "other", 1),
			`cannot refresh "gw": would break relation "one:ingress gw:gateway"`,
		},
		"with room for both": {fmt.Sprintf(limited, 2), ""},
	} {
		refusal := ""
		if err := w.Refresh(w.ctx, "gw", quiet(t, c.metadata)); err != nil {
			refusal = err.Error()
		}
		if refusal != c.refusal {
			t.Errorf("%s: %q, want %q", name, refusal, c.refusal)
		}
	}
}

func TestDeployArchive(t *testing.T) {
	t.Parallel()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, content := range map[string]string{"metadata.yaml": requirerMetadata, "dispatch": "#!/bin/sh\nstatus-set active \"$(ls)\"\n"} {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o644)
		if name == "dispatch" {
			header.SetMode(0o755)
		}
		f, err := z.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "web.charm")
	if err := os.WriteFile(path, archive.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.deploy("web", path, 1)
	w.settle()
	if got := w.Status().Unit("web/0").Message; got != "dispatch\nmetadata.yaml" {
		t.Errorf("message = %q", got)
	}
}

func TestDeployErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := quiet(t, requirerMetadata)
	w.deploy("web", good, 1)
	for _, test := range []struct{ app, dir, want string }{
		{"web", good, `application "web" already exists`},
		{"Web", good, `invalid application name "Web"`},
		{"other", t.TempDir(), `cannot deploy "other": cannot read charm: open`},
		{"other", charmDir(t, requirerMetadata, "true", "config.yaml", "options: {a: {type: int, default: x}}"), `cannot deploy "other": cannot read charm config: invalid default: option "a" expected int, got "x"`},
	} {
		err := w.Deploy(w.ctx, test.app, test.dir, jujutest.DeployOptions{})
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("Deploy(%s) = %v, want %s", test.app, err, test.want)
		}
	}
	if n := len(w.Status().Applications); n != 1 {
		t.Errorf("%d applications after failed deployments", n)
	}
}

func TestStatusSideEffects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("web", charmDir(t, requirerMetadata, `juju-log "$(status-get --include-data --format=json)"`), 1)
	if got := w.Status().Unit("web/0"); got.Status != "waiting" || got.Message != "installing agent" || got.Agent != "allocating" {
		t.Errorf("before install: %+v", got)
	}
	w.settle()
	if got := w.outputs()[0]; got != `INFO {"message":"installing charm software","status":"maintenance","status-data":{}}` {
		t.Errorf("during install: %s", got)
	}
	if got := w.Status().Unit("web/0"); got.Status != "unknown" || got.Message != "" {
		t.Errorf("after start: %+v", got)
	}
	w.must(w.RemoveApplication(w.ctx, "web"))
	w.settle()
	if got := w.outputs()[0]; got != `INFO {"message":"stopping charm software","status":"maintenance","status-data":{}}` {
		t.Errorf("during stop: %s", got)
	}
}

func TestUnitLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := newWorld(t, func(o *jujutest.Options) {
		o.Log = &log
		o.Now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	})
	w.deploy("web", charmDir(t, requirerMetadata, `
case $JUJU_HOOK_NAME in start) juju-log -l ERROR one; juju-log -l odd two; echo three; echo four >&2 ;; esac
`), 1)
	w.settle()
	for _, want := range []string{
		"unit-web-0: 03:04:05 ERROR unit.web/0.juju-log one\n",
		"unit-web-0: 03:04:05 WARNING unit.web/0.juju-log Specified log level of \"ODD\" is not valid\n",
		"unit-web-0: 03:04:05 INFO unit.web/0.juju-log two\n",
		"unit-web-0: 03:04:05 DEBUG unit.web/0.start three\n",
		"unit-web-0: 03:04:05 WARNING unit.web/0.start four\n",
		"unit-web-0: 03:04:05 INFO juju.worker.uniter.operation ran \"start\" hook (via hook dispatching script: dispatch)\n",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(log.String())
	}
}
