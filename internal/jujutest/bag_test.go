package jujutest_test

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

func TestPermissionMatrix(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	runToolCases(t, w, "gw/0", []toolCase{{"relation-set -r 1 --app a=1; relation-set -r 0 --app p=1; relation-set -r 1 u=1; relation-set -r 0 u=1", "code 0"}})
	denied := "ERROR permission denied\ncode 1"
	tests := []struct{ what, script, leader, follower string }{
		{"own unit", "relation-get -r 1 u $JUJU_UNIT_NAME --format=json", "\"1\"\ncode 0", "null\ncode 0"},
		{"remote unit", "relation-get -r 1 host web/1", "h1\ncode 0", "h1\ncode 0"},
		{"remote application", "relation-get -r 1 --app name web", "<web>\ncode 0", "<web>\ncode 0"},
		{"own application", "relation-get -r 1 --app a gw", "1\ncode 0", denied},
		{"unit of the own application", "relation-get -r 1 u gw/1", denied, "code 0"},
		{"peer unit", "relation-get -r 0 u gw/0", "1\ncode 0", "1\ncode 0"},
		{"peer application", "relation-get -r 0 --app p gw", "1\ncode 0", "1\ncode 0"},
		{"another application's unit", "relation-get -r 0 - web/0", denied, denied},
		{"another application", "relation-get -r 0 --app - web", denied, denied},
	}
	for _, test := range tests {
		if got := w.exec("gw/0", test.script); got != test.leader {
			t.Errorf("%s by the leader: %q, want %q", test.what, got, test.leader)
		}
		if got := w.exec("gw/1", test.script); got != test.follower {
			t.Errorf("%s by a follower: %q, want %q", test.what, got, test.follower)
		}
	}
}

func TestOwnWritesAreSeen(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	runToolCases(t, w, "gw/0", []toolCase{
		{"relation-set -r 1 --app k=v gone=x; relation-set -r 1 --app gone=; relation-get -r 1 --app - gw --format=json", "{\"k\":\"v\"}\ncode 0"},
		{"relation-set -r 1 ingress-address= mine=1; relation-get -r 1 ingress-address gw/0 --format=json; relation-get -r 1 mine gw/0", "null\n1\ncode 0"},
	})
}

// A remote unit's bag is the one of its last event; a remote application's is fresh in each context.
func TestCaching(t *testing.T) {
	t.Parallel()
	const read = `
test -n "$(relation-ids gateway)" || exit 0
u=$(relation-get -r 1 v web/0) a=$(relation-get -r 1 --app v web)
juju-log "$JUJU_HOOK_NAME $u $a"
`
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, `
case $JUJU_HOOK_NAME in
gateway-relation-changed|config-changed|update-status)`+read+`;;
esac
`, "config.yaml", toolConfig), 1)
	w.settle()
	scriptedWeb(t, w, 1)
	id := w.integrate("web", "gw")
	w.must(w.SetUnitData(id, "web/0", map[string]string{"v": "u1"}))
	w.must(w.SetApplicationData(id, "web", map[string]string{"v": "a1"}))
	w.settle()
	w.take()
	w.must(w.SetUnitData(id, "web/0", map[string]string{"v": "u2"}))
	w.must(w.SetApplicationData(id, "web", map[string]string{"v": "a2"}))
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 1}))
	w.settle()
	var seen []string
	for _, run := range w.take() {
		seen = append(seen, strings.TrimSpace(run.Output))
	}
	equal(t, "what hooks saw", seen, []string{
		"INFO config-changed u1 a2",
		"INFO gateway:1: gateway-relation-changed u1 a2", // the application's event
		"INFO gateway:1: gateway-relation-changed u2 a2",
	})
	w.must(w.SetUnitData(id, "web/0", map[string]string{"v": "u3"}))
	w.must(w.RestartContainer(w.ctx, "gw/0"))
	w.must(w.UpdateStatus(w.ctx, "gw"))
	w.settle()
	runs := w.take()
	if got := strings.TrimSpace(runs[1].Output); got != "INFO gateway:1: gateway-relation-changed u3 a2" {
		t.Errorf("after a restart: %q", got)
	}
}

func TestNoEventForTheWriter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, providerMetadata), 2)
	w.deploy("web", quiet(t, requirerMetadata), 2)
	w.integrate("web", "gw")
	w.settle()
	w.take()
	w.exec("gw/0", "relation-set -r 1 --app url=x; relation-set -r 1 unit=y; relation-set -r 0 --app p=x")
	w.take()
	w.settle()
	got := make(map[string]int)
	for _, run := range w.take() {
		got[run.Unit+" "+label(run)]++
	}
	want := map[string]int{
		"web/0 ingress-relation-changed gw": 1, "web/0 ingress-relation-changed gw/0": 1,
		"web/1 ingress-relation-changed gw": 1, "web/1 ingress-relation-changed gw/0": 1,
		"gw/1 peers-relation-changed gw": 1,
	}
	for event, n := range want {
		if got[event] != n {
			t.Errorf("%s ran %d times, want %d", event, got[event], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("events = %v", got)
	}
}

// dying reports relation-ids, relation-list and what is readable in the events of a removal.
const dying = `
case $JUJU_HOOK_NAME in gateway-relation-departed|gateway-relation-broken|update-status)
	app=$(relation-get -r 1 --app name web 2>&1) || true
	unit=$(relation-get -r 1 host web/0 2>&1) || true
	set_app=$(relation-set -r 1 --app a=b 2>&1) || true
	echo "$(relation-ids gateway --format=json) $(relation-list -r 1 --format=json) app=$app unit=$unit set=$set_app"
esac
`

func dyingWorld(t *testing.T, p jujutest.Profile) *world {
	t.Helper()
	w := newWorld(t, profile(p))
	w.deploy("gw", charmDir(t, providerMetadata, dying), 1)
	scriptedWeb(t, w, 1)
	id := w.integrate("web", "gw")
	w.must(w.SetApplicationData(id, "web", map[string]string{"name": "w"}))
	w.must(w.SetUnitData(id, "web/0", map[string]string{"host": "h"}))
	w.settle()
	w.take()
	return w
}

func (w *world) outputs() []string {
	var outputs []string
	for _, run := range w.take() {
		outputs = append(outputs, strings.TrimSpace(run.Output))
	}
	return outputs
}

func TestScriptedDataErrors(t *testing.T) {
	t.Parallel()
	w := toolWorld(t)
	if err := w.SetApplicationData(9, "web", nil); err == nil {
		t.Error("no error for an unknown relation")
	}
	if err := w.SetApplicationData(1, "other", nil); err == nil {
		t.Error("no error for an application that is not related")
	}
	if err := w.SetUnitData(1, "web/9", nil); err == nil {
		t.Error("no error for an unknown unit")
	}
}

func TestCrossModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, providerMetadata), 1)
	const uuid = "11111111-2222-4333-8444-555555555555"
	remote := "remote-aaaaaaaabbbbbbbbccccccccdddddddd"
	w.must(w.AddScripted(remote, jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}, ModelUUID: uuid}, 1))
	w.integrate(remote, "gw")
	w.settle()
	runToolCases(t, w, "gw/0", []toolCase{
		{"relation-model-get -r 1 --format=json", `{"uuid":"` + uuid + `"}` + "\ncode 0"},
		{"relation-list -r 1 --format=json", `["` + remote + `/0"]` + "\ncode 0"},
		{"test $(relation-model-get -r 0 --format=json) = '{\"uuid\":\"'$JUJU_MODEL_UUID'\"}'", "code 0"},
	})
}
