package jujutest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// quiet is a charm that does nothing.
func quiet(t *testing.T, metadata string) string { return charmDir(t, metadata, "true") }

func scriptedWeb(t *testing.T, w *world, units int) {
	t.Helper()
	w.must(w.AddScripted("web", jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, units))
}

func TestDeployOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, providerMetadata), 2)
	scriptedWeb(t, w, 1)
	w.integrate("web", "gw")
	w.settle()
	var leader, follower []string
	for _, run := range w.take() {
		if run.Unit == "gw/0" {
			leader = append(leader, label(run))
		} else {
			follower = append(follower, label(run))
		}
	}
	// The order of relations is random; the phases are not.
	phases := func(events []string) []string {
		slices.Sort(events[1:3])
		slices.Sort(events[6:])
		return events
	}
	equal(t, "leader", phases(leader), []string{
		"install", "gateway-relation-created web", "peers-relation-created gw", "leader-elected", "config-changed", "start",
		"gateway-relation-changed web/0", "gateway-relation-joined web/0", "peers-relation-changed gw/1", "peers-relation-joined gw/1",
	})
	equal(t, "follower", phases(follower), []string{
		"install", "gateway-relation-created web", "peers-relation-created gw", "leader-settings-changed", "config-changed", "start",
		"gateway-relation-changed web/0", "gateway-relation-joined web/0", "peers-relation-changed gw/0", "peers-relation-joined gw/0",
	})
}

func TestRelationOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, providerMetadata), 1)
	w.settle()
	w.take()
	scriptedWeb(t, w, 2)
	id := w.integrate("web:ingress", "gw:gateway")
	w.must(w.SetApplicationData(id, "web", map[string]string{"name": "web"}))
	w.settle()
	equal(t, "created, application, joined and changed per unit", w.events("gw/0"), []string{
		"gateway-relation-created web", "gateway-relation-changed web",
		"gateway-relation-joined web/0", "gateway-relation-changed web/0",
		"gateway-relation-joined web/1", "gateway-relation-changed web/1",
	})

	for _, name := range []string{"a", "b", "a"} {
		w.must(w.SetApplicationData(id, "web", map[string]string{"name": name}))
	}
	w.must(w.SetUnitData(id, "web/1", map[string]string{"host": "x"}))
	w.must(w.SetUnitData(id, "web/0", map[string]string{"nothing": ""}))
	w.settle()
	equal(t, "writes coalesce", w.events("gw/0"), []string{"gateway-relation-changed web", "gateway-relation-changed web/1"})

	w.must(w.SetApplicationData(id, "web", map[string]string{"name": "a"}))
	w.settle()
	equal(t, "equal data", w.events("gw/0"), nil)

	if _, err := w.AddUnit(w.ctx, "web"); err != nil {
		t.Fatal(err)
	}
	w.must(w.RemoveUnit(w.ctx, "web/0"))
	w.settle()
	runs := w.take()
	equal(t, "scaling", []string{label(runs[0]), label(runs[1]), label(runs[2])}, []string{
		"gateway-relation-departed web/0", "gateway-relation-joined web/2", "gateway-relation-changed web/2",
	})
	if got := variable(runs[0], "JUJU_DEPARTING_UNIT"); got != "web/0" {
		t.Errorf("departing unit = %q, want web/0", got)
	}

	w.must(w.RemoveRelation(w.ctx, "gw", "web"))
	w.settle()
	equal(t, "removal", w.events("gw/0"), []string{
		"gateway-relation-departed web/1", "gateway-relation-departed web/2", "gateway-relation-broken web",
	})
	if got := w.RelationData(id, "web"); got != nil {
		t.Errorf("removed relation still has data %v", got)
	}
}

func TestRelationWithoutUnits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, providerMetadata), 1)
	scriptedWeb(t, w, 0)
	w.settle()
	w.take()
	id := w.integrate("web", "gw")
	w.settle()
	equal(t, "empty application", w.events("gw/0"), []string{"gateway-relation-created web"})
	w.must(w.SetApplicationData(id, "web", map[string]string{"name": "web"}))
	w.settle()
	equal(t, "data", w.events("gw/0"), []string{"gateway-relation-changed web"})
	w.must(w.SetApplicationData(id, "web", map[string]string{"name": ""}))
	w.settle()
	equal(t, "data gone", w.events("gw/0"), []string{"gateway-relation-changed web"})
}

func TestConfigChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, "true", "config.yaml", toolConfig), 1)
	w.settle()
	w.take()
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"host": "b.example"}))
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": "7"}))
	w.settle()
	equal(t, "two settings", w.events("gw/0"), []string{"config-changed"})
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 7}))
	w.settle()
	equal(t, "same value", w.events("gw/0"), nil)
	w.must(w.ResetConfig(w.ctx, "gw", "age"))
	w.must(w.Trust(w.ctx, "gw", true))
	w.settle()
	equal(t, "reset and trust", w.events("gw/0"), []string{"config-changed"})
	w.must(w.SetUnitAddress(w.ctx, "gw/0", "10.1.77.1"))
	w.settle()
	equal(t, "address", w.events("gw/0"), []string{"config-changed"})
	if got := w.RelationData(0, "gw/0")["ingress-address"]; got != "10.1.77.1" {
		t.Errorf("ingress-address = %q after the move", got)
	}
	w.must(w.UpdateStatus(w.ctx, "gw"))
	w.must(w.SetConfig(w.ctx, "gw", map[string]any{"age": 8}))
	w.settle()
	equal(t, "update-status comes last", w.events("gw/0"), []string{"config-changed", "update-status"})
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, "true", "config.yaml", toolConfig), 1)
	for _, test := range []struct {
		values map[string]any
		want   string
	}{
		{map[string]any{"nope": "x"}, `unknown option "nope"`},
		{map[string]any{"age": "old"}, `option "age" expected int, got "old"`},
		{map[string]any{"tls": "perhaps"}, `option "tls" expected boolean, got "perhaps"`},
		{map[string]any{"host": 5}, `option "host" expected string, got 5`},
		{map[string]any{"ratio": "x"}, `option "ratio" expected float, got "x"`},
		{map[string]any{"token": "x"}, `option "token" expected secret, got "x"`},
	} {
		err := w.SetConfig(w.ctx, "gw", test.values)
		if err == nil || err.Error() != test.want {
			t.Errorf("SetConfig(%v) = %v, want %s", test.values, err, test.want)
		}
	}
}

func TestLeadership(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, requirerMetadata), 2)
	w.settle()
	w.take()
	w.must(w.SetLeader("gw", "gw/1"))
	w.settle()
	runs := w.take()
	if len(runs) != 1 || runs[0].Unit != "gw/1" || runs[0].Name != "leader-elected" {
		t.Errorf("handover ran %v, want leader-elected on gw/1 only", runs)
	}
	w.must(w.RemoveUnit(w.ctx, "gw/1"))
	w.settle()
	var events []string
	for _, run := range w.take() {
		events = append(events, run.Unit+" "+run.Name)
	}
	equal(t, "leader removed", events, []string{"gw/1 stop", "gw/1 remove", "gw/0 leader-elected"})
}

func TestRemoveApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, providerMetadata), 2)
	w.deploy("web", quiet(t, requirerMetadata), 1)
	w.integrate("web", "gw")
	w.settle()
	w.take()
	w.must(w.RemoveApplication(w.ctx, "gw"))
	w.settle()
	var web []string
	last := make(map[string][]string)
	for _, run := range w.take() {
		if run.Unit == "web/0" {
			web = append(web, label(run))
			continue
		}
		last[run.Unit] = append(last[run.Unit], run.Name)
		if run.Name == "gateway-relation-departed" {
			if got := variable(run, "JUJU_DEPARTING_UNIT"); got != run.Unit {
				t.Errorf("departing unit on %s = %q, want itself", run.Unit, got)
			}
		}
	}
	slices.Sort(web[:2])
	equal(t, "the other side", web, []string{
		"ingress-relation-departed gw/0", "ingress-relation-departed gw/1", "ingress-relation-broken gw",
	})
	for unit, events := range last {
		if !slices.Equal(events[len(events)-2:], []string{"stop", "remove"}) {
			t.Errorf("%s ended with %v", unit, events)
		}
		if slices.ContainsFunc(events, func(e string) bool { return e == "peers-relation-broken" }) {
			t.Errorf("%s had a peer relation broken", unit)
		}
	}
	if status := w.Status(); len(status.Applications) != 1 || len(status.Relations) != 0 {
		t.Errorf("left in the model:\n%v", status)
	}
}

func TestSeedDecides(t *testing.T) {
	t.Parallel()
	story := func(seed uint64) string {
		w := newWorld(t, func(o *jujutest.Options) { o.Seed = seed })
		w.deploy("gw", quiet(t, providerMetadata), 2)
		for _, name := range []string{"a", "b", "c", "d"} {
			w.must(w.AddScripted(name, jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, 1))
			w.integrate(name, "gw")
		}
		w.settle()
		var text strings.Builder
		for _, run := range w.take() {
			text.WriteString(run.Unit + " " + label(run) + " " + variable(run, "JUJU_CONTEXT_ID") + "\n")
		}
		return text.String()
	}
	first := story(7)
	if again := story(7); again != first {
		t.Errorf("the same seed gave another story:\n%s\n%s", first, again)
	}
	if other := story(8); other == first {
		t.Errorf("another seed gave the same story")
	}
}

func TestIntegrateErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", quiet(t, providerMetadata), 1)
	w.deploy("web", quiet(t, requirerMetadata), 1)
	for _, ca := range []string{"ca", "ca-two"} {
		w.must(w.AddScripted(ca, jujutest.ScriptedMetadata{Provides: map[string]string{"certificates": "tls-certificates"}}, 1))
	}
	w.integrate("web", "gw")
	w.integrate("gw", "ca")
	for _, test := range []struct{ a, b, want string }{
		{"web:ingress", "gw:gateway", `cannot add relation "web:ingress gw:gateway": relation web:ingress gw:gateway already exists`},
		{"gw", "ca-two", `cannot add relation "gw:certificates ca-two:certificates": establishing a new relation for gw:certificates would exceed its maximum relation limit of 1`},
		{"web", "ca", `no relations found between "web" and "ca"`},
		{"web:nope", "gw", `application "web" has no "nope" relation`},
		{"web", "nobody", `application "nobody" not found`},
	} {
		if _, err := w.Integrate(w.ctx, test.a, test.b); err == nil || err.Error() != test.want {
			t.Errorf("Integrate(%s, %s) = %v\nwant %s", test.a, test.b, err, test.want)
		}
	}
	if err := w.RemoveRelation(w.ctx, "web", "ca"); err == nil {
		t.Error("RemoveRelation of what is not related succeeded")
	}
}

// TestSettleGivesUp has two units that answer each other for ever.
func TestSettleGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy("gw", charmDir(t, providerMetadata, `case "$JUJU_HOOK_NAME" in peers-relation-changed) relation-set -r "$JUJU_RELATION_ID" count=$(date +%s%N);; esac`), 2)
	err := w.Settle(w.ctx)
	if err == nil || !strings.Contains(err.Error(), "cannot settle: peers-relation-changed of gw/") {
		t.Errorf("error %v", err)
	}
}
