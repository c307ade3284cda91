package charm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// everything is a world with a relation on each endpoint, in which all is quiet. It has two
// applications on gateway.
func everything(t *testing.T) *world {
	t.Helper()
	w := serving(t)
	w.withAuthority()
	w.withRoutes()
	w.before = nil
	w.relate("gateway:5", "blog")
	w.relations["receive-ca-cert"], w.remotes["receive-ca-cert:7"] = []string{"receive-ca-cert:7"}, "roots"
	w.bags["receive-ca-cert:7"] = map[string]map[string]string{own: {}, "roots": {"certificates": quoted(t, []string{backendCA(t)}), "version": "1"}}
	w.quiet()
	w.issue(10 * time.Hour)
	w.quiet()
	w.writes()
	return w
}

// deny denies reads of a relation, so many times; for ever if that is negative.
func (w *world) deny(id string, times int) {
	w.before = func(call gocharm.Call) error {
		if call.Tool == "relation-get" && slices.Contains(call.Args, id) && times != 0 {
			times--
			return denied(call)
		}
		return nil
	}
}

// A temporary denial takes nothing down, on any endpoint and on either side. A short one has no
// effect, and for a longer one Juju repeats the hook.
func TestPassingDenialTakesNothingDown(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"gateway:1", "certificates:2", "gateway-route:3", "dns-record:4", "gateway:5", "receive-ca-cert:7"} {
		w := everything(t)
		before := w.told()
		for _, times := range []int{1, -1} {
			w.deny(id, times)
			// An event that does not trust the ledger, and so reads our side too.
			err := w.try(gocharm.Event{Kind: gocharm.LeaderElected})
			if times < 0 && (err == nil || !strings.Contains(err.Error(), "permission denied")) || times > 0 && err != nil {
				t.Errorf("%s: %d denials end in %v", id, times, err)
			}
			w.before = nil
			w.run(updateStatus())
			if got := deletions(w.writes()); len(got) > 0 {
				t.Errorf("%s, %d denials: deleted %q", id, times, got)
			}
			if diff := cmp.Diff(before, w.told()); diff != "" {
				t.Errorf("%s, %d denials: told (-before +after):\n%s", id, times, diff)
			}
		}
	}
}

// A relation that was removed by force is listed for as long as the unit agent lives. What it asked
// for is removed, at once and nothing else, and no hook fails because of it.
func TestGhostRelationIsLeftOut(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		url, routes, records bool // what stays
		deleted              int
	}{
		"gateway:1":         {routes: true, records: true, deleted: 2},
		"gateway-route:3":   {url: true, records: true},
		"dns-record:4":      {url: true, routes: true},
		"receive-ca-cert:7": {url: true, routes: true, records: true, deleted: 0},
	}
	for id, test := range tests {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w := everything(t)
			w.ghosts = []string{id}
			w.control()
			w.run(updateStatus())
			if got := deletions(w.writes()); len(got) < test.deleted || test.deleted == 0 && strings.Contains(strings.Join(got, " "), "shop") {
				t.Errorf("deleted: %q", got)
			}
			if got := w.lastStatus(); !strings.HasPrefix(got, "active ") && !strings.HasPrefix(got, "waiting ") {
				t.Errorf("status is %q", got)
			}
			// The others are written to as ever.
			w.config["external-hostname"] = "next.example.com"
			w.quiet()
			w.issue(10 * time.Hour)
			w.quiet()
			if got := w.urlOn("gateway:5"); !strings.Contains(got, "next.example.com") {
				t.Errorf("blog is told %q", got)
			}
		})
	}
}

// Of the certificates relations that Juju lists, the newest that can be read counts. A first one
// that cannot be read does not take precedence.
func TestCertificatesRelationThatCanBeReadIsTaken(t *testing.T) {
	t.Parallel()
	for name, ghosts := range map[string][]string{
		"a ghost before": {"certificates:2"}, "a ghost behind": {"certificates:9"}, "several": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := everything(t)
			w.relations["certificates"] = []string{"certificates:2", "certificates:9"}
			w.remotes["certificates:9"] = "new-ca"
			w.bags["certificates:9"] = map[string]map[string]string{own: {}, "new-ca": {}}
			w.ghosts = ghosts
			w.quiet()
			asked := w.bags["certificates:9"][own]["certificate_signing_requests"] != ""
			if want := !slices.Contains(ghosts, "certificates:9"); asked != want {
				t.Errorf("certificates are requested of the newer: %t", asked)
			}
			if got := deletions(w.writes()); (len(got) == 0) == asked {
				t.Errorf("what another provider issued is served no more, and nothing else: deleted %q", got)
			}
			w.run(gocharm.Event{Kind: gocharm.Action, Action: &gocharm.EventAction{Name: "list-certificates"}})
			if len(w.failed) > 0 {
				t.Errorf("failed with %q", w.failed)
			}
		})
	}
}

// If there are only ghosts there is no certificates relation: the key is removed with the last one.
func TestKeyGoesThoughAGhostIsListed(t *testing.T) {
	t.Parallel()
	w := everything(t)
	label, _ := tlscertificates.KeyLabels("certificates")
	w.relations["certificates"] = []string{"certificates:2", "certificates:9"}
	w.remotes["certificates:9"], w.ghosts = "old-ca", []string{"certificates:9"}
	w.owned = map[string]string{theSecret: label}
	w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "certificates", ID: "certificates:2"}})
	if !slices.Contains(w.calls, "secret-remove") {
		t.Errorf("calls are %q", w.calls)
	}
}

// The controller does not list consumers of our offer. Then nothing changes until the relation has
// been denied for a while, and nothing fails.
func TestDenialThatNobodyCanJudgeIsWaitedFor(t *testing.T) {
	t.Parallel()
	abroad := func(t *testing.T) (w *world, before string) {
		t.Helper()
		w = everything(t)
		w.remotes["gateway:1"], w.units["gateway:1"] = "remote-0f", []string{"remote-0f/0"}
		w.models = map[string]string{"gateway:1": "another"}
		delete(w.state, "ledger") // The relation has always been that one's.
		w.bags["gateway:1"]["remote-0f"] = map[string]string{"model": `"abroad"`, "name": `"shop"`, "port": "8080"}
		w.bags["gateway:1"]["remote-0f/0"] = map[string]string{"host": `"shop-0"`, "ip": `"10.1.0.5"`}
		w.quiet()
		w.writes()
		return w, w.told()
	}
	waits := func(w *world, before string) {
		w.run(updateStatus())
		if got := w.lastStatus(); !strings.HasPrefix(got, "waiting Waiting for a relation that Juju lists") {
			w.t.Errorf("status is %q", got)
		}
		if got := w.writes(); len(got) > 0 || w.told() != before {
			w.t.Errorf("written %q, told %s", got, w.told())
		}
		if w.state["forget-certificates"] != "" {
			w.t.Error("no certificates relation has ended, and the secrets of one are to be removed")
		}
	}
	for name, id := range map[string]string{"the relation": "gateway:1", "its unit": "remote-0f/0"} {
		t.Run("passes: "+name, func(t *testing.T) {
			t.Parallel()
			w, before := abroad(t)
			w.deny(id, -1)
			waits(w, before)
			if w.state["ledger"] != "" {
				t.Error("the next hook trusts the ledger, whatever this one's event")
			}
			w.before = nil
			w.later += 5 * time.Minute
			w.run(updateStatus())
			if got := w.lastStatus(); !strings.HasPrefix(got, "active ") || len(deletions(w.writes())) > 0 {
				t.Errorf("status is %q", got)
			}
			// A denial on another day counts from its own time.
			w.deny(id, -1)
			waits(w, before)
		})
	}
	t.Run("lasts", func(t *testing.T) {
		t.Parallel()
		w, before := abroad(t)
		w.ghosts = []string{"gateway:1"}
		waits(w, before)
		w.later += 59 * time.Second
		waits(w, before)
		w.later += time.Second
		w.run(updateStatus())
		if got := deletions(w.writes()); len(got) == 0 {
			t.Error("nothing is deleted")
		}
		w.run(updateStatus())
		if got := w.lastStatus(); !strings.HasPrefix(got, "active ") {
			t.Errorf("status is %q", got)
		}
	})
	t.Run("in an action", func(t *testing.T) {
		t.Parallel()
		w, _ := abroad(t)
		w.ghosts = []string{"gateway:1"}
		w.run(gocharm.Event{Kind: gocharm.Action, Action: &gocharm.EventAction{Name: "list-certificates"}})
		if len(w.failed) != 1 {
			t.Errorf("failed with %q", w.failed)
		}
	})
}

// The end of a certificates relation does not come again. While another relation is undecided, the
// charm stores that the secrets must be removed.
func TestUndecidedAtTheEndOfTheCertificates(t *testing.T) {
	t.Parallel()
	w := everything(t)
	w.remotes["gateway:1"], w.models = "remote-0f", map[string]string{"gateway:1": "another"}
	w.ghosts = []string{"gateway:1"}
	w.relations["certificates"] = nil
	w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "certificates", ID: "certificates:2", RemoteApp: "ca"}})
	if got := w.lastStatus(); !strings.HasPrefix(got, "waiting Waiting for a relation that Juju lists") || w.state["forget-certificates"] != "true" {
		t.Errorf("status is %q, remembered is %q", got, w.state["forget-certificates"])
	}
}

// A unit of our model that Juju lists and the controller does not have is gone. The other units are
// served.
func TestGhostUnitIsLeftOut(t *testing.T) {
	t.Parallel()
	w := everything(t)
	w.units["gateway:1"] = []string{"shop/0", "shop/1"}
	w.ghosts = []string{"shop/1"}
	w.run(updateStatus())
	if got := w.lastStatus(); !strings.HasPrefix(got, "active Gateway addresses") || len(deletions(w.writes())) > 0 {
		t.Errorf("status is %q", got)
	}
}

// If a relation has gone meanwhile, a write to it need not succeed.
func TestRelationGoneBeforeItIsWrittenTo(t *testing.T) {
	t.Parallel()
	for _, goes := range []bool{true, false} {
		w := everything(t)
		delete(w.state, "ledger")
		w.bags["gateway:1"][own]["ingress"] = `{"url": "http://old.example.com/"}`
		refused := false
		w.before = func(call gocharm.Call) error {
			if call.Tool != "relation-set" || !slices.Contains(call.Args, "gateway:1") {
				return nil
			}
			if refused = true; goes {
				w.relations["gateway"] = []string{"gateway:5"}
			}
			return denied(call)
		}
		err := w.try(updateStatus())
		if !refused || goes && err != nil || !goes && (err == nil || !strings.Contains(err.Error(), "though the relation is listed")) {
			t.Errorf("refused %t, goes %t: the hook ends with %v", refused, goes, err)
		}
	}
}

// An application whose relation was removed by force may be related again. Then the controller
// names it, and does not say which of the two relations it means.
func TestGhostOfAnApplicationThatIsRelatedAgain(t *testing.T) {
	t.Parallel()
	w := everything(t)
	w.relate("gateway:9", "shop")
	w.ghosts = []string{"gateway:1"}
	w.run(updateStatus())
	if got := w.lastStatus(); !strings.HasPrefix(got, "waiting Waiting for a relation that Juju lists") || len(w.writes()) > 0 {
		t.Errorf("status is %q", got)
	}
	w.later += 5 * time.Minute
	w.quiet()
	if got := w.urlOn("gateway:9"); !strings.Contains(got, "https://web.example.com/prod-shop") {
		t.Errorf("told %q", got)
	}
	if got := w.lastStatus(); !strings.HasPrefix(got, "active ") {
		t.Errorf("status is %q", got)
	}
}

// Several relations may be ghosts at the same time, of one application or on several endpoints. The
// first hook notes all of them as undecided, so that the charm does not wait for each in turn.
func TestGhostsAreDoubtedTogether(t *testing.T) {
	t.Parallel()
	w := everything(t)
	w.relate("gateway:9", "shop")
	w.relate("gateway:10", "shop")
	w.relations["receive-ca-cert"] = append(w.relations["receive-ca-cert"], "receive-ca-cert:11")
	w.remotes["receive-ca-cert:11"] = w.remotes[w.relations["receive-ca-cert"][0]]
	w.ghosts = []string{"gateway:1", "gateway:9", "receive-ca-cert:11"}
	w.run(updateStatus())
	if got := w.lastStatus(); !strings.HasPrefix(got, "waiting Waiting for a relation that Juju lists") || len(w.writes()) > 0 {
		t.Errorf("status is %q", got)
	}
	w.later += time.Minute
	w.quiet()
	if got := w.urlOn("gateway:10"); !strings.Contains(got, "https://web.example.com/prod-shop") {
		t.Errorf("told %q", got)
	}
	if got := w.lastStatus(); !strings.HasPrefix(got, "active ") {
		t.Errorf("status is %q", got)
	}
}

// The relation that is breaking is in the controller's answer until every unit has left it. The
// answer may mean that one or a ghost of the same application, or of another application behind an
// offer that we use. Neither is a reason to fail: the hook would wait for its own end.
func TestGhostBesideTheRelationThatIsBreaking(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ endpoint, id, ghost, application, remoteApp, offer string }{
		"the same application":                 {"certificates", "certificates:2", "certificates:0", "ca", "ca", ""},
		"after an agent restart":               {"certificates", "certificates:2", "certificates:0", "ca", "", ""},
		"on gateway":                           {"gateway", "gateway:1", "gateway:0", "shop", "shop", ""},
		"another application, behind an offer": {"certificates", "certificates:2", "certificates:0", "old-ca", "ca", "admin/other.ca"},
		"behind an offer, after a restart":     {"certificates", "certificates:2", "certificates:0", "old-ca", "", "admin/other.ca"},
	}
	for name, test := range tests {
		for _, listed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, listed: %t", name, listed), func(t *testing.T) {
				t.Parallel()
				w := everything(t)
				w.relations[test.endpoint] = append([]string{test.ghost}, w.relations[test.endpoint]...)
				w.remotes[test.ghost], w.ghosts = test.application, []string{test.ghost}
				if test.offer != "" {
					w.offers = map[string]string{test.id: test.offer}
				}
				if !listed {
					w.relations[test.endpoint] = slices.DeleteFunc(w.relations[test.endpoint], func(id string) bool { return id == test.id })
					w.leaving = map[string][]string{test.endpoint: {test.id}}
				}
				for _, w.leader = range []bool{false, true} {
					w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: test.endpoint, ID: test.id, RemoteApp: test.remoteApp}})
				}
			})
		}
	}
}

// The controller names an offer that we use by its URL; here it has another name. As long as there
// is one for each relation, all exist. With fewer, nobody can tell.
func TestOfferIsThere(t *testing.T) {
	t.Parallel()
	w := everything(t)
	w.offers = map[string]string{"certificates:2": "admin/other.ca"}
	w.deny("certificates:2", -1)
	for range 2 {
		if err := w.try(updateStatus()); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("the hook ends with %v; status is %q", err, w.lastStatus())
		}
		w.later += 5 * time.Minute
	}
	w.relations["certificates"] = []string{"certificates:0", "certificates:2"}
	w.remotes["certificates:0"], w.ghosts = "old-ca", []string{"certificates:0"}
	w.run(updateStatus())
	if got := w.lastStatus(); !strings.HasPrefix(got, "waiting Waiting for a relation that Juju lists") {
		t.Errorf("status is %q", got)
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("written: %q", got)
	}
	w.offers, w.before = nil, nil
	w.ghosts = []string{"certificates:0", "certificates:2"}
	w.run(updateStatus())
	if got := deletions(w.writes()); len(got) == 0 {
		t.Error("nothing is deleted when there is none")
	}
}

// A controller that does not answer proves nothing either.
func TestDeniedWithoutAnAnswerOfTheControllerFails(t *testing.T) {
	t.Parallel()
	w := everything(t)
	w.ghosts = []string{"gateway:1"}
	w.before = func(call gocharm.Call) error {
		if call.Tool == "goal-state" {
			return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR connection is shut down"}
		}
		return nil
	}
	if err := w.try(updateStatus()); err == nil || !strings.Contains(err.Error(), "cannot read goal state") {
		t.Errorf("the hook ends with %v", err)
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("written: %q", got)
	}
}

// The charm does not ask about relations that Juju no longer lists.
func TestRelationGoneMeanwhileIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, side := range []string{own, "ca"} {
		w := everything(t)
		w.before = func(call gocharm.Call) error {
			if call.Tool != "relation-get" || !slices.Contains(call.Args, "certificates:2") || call.Args[len(call.Args)-1] != side {
				return nil
			}
			w.relations["certificates"] = nil
			return denied(call)
		}
		w.run(updateStatus())
		if slices.Contains(w.calls, "goal-state") {
			t.Errorf("calls are %q", w.calls)
		}
	}
}
