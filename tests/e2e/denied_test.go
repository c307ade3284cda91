package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// relationOf is the id of the relation that an application has with the charm.
func (f *fixture) relationOf(app string) int {
	f.t.Helper()
	for _, relation := range f.Juju.Status().Relations {
		for _, side := range []string{relation.Provider, relation.Requirer} {
			if name, _, _ := strings.Cut(side, ":"); name == app {
				return relation.ID
			}
		}
	}
	f.t.Fatalf("%s is in no relation", app)
	return 0
}

// TestLeadersRemoved removes one leader after the other while the authority has no unit. For that
// relation Juju only sends them relation-broken, before or after it tells them that they depart
// from the others.
func TestLeadersRemoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "dying", map[string]any{"external-hostname": "dying.example.com"}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch("leaders removed while the authority has no unit", app.URL(charm))
	f.must(f.Juju.RemoveUnit(f.ctx, "ca/0"))
	f.must(f.Settle(f.ctx))
	requests, secrets, url := f.requests(), labels(f.labelled(certificateSecrets)), app.URL(charm)
	leader := charm + "/0"
	for range 5 {
		next, err := f.Juju.AddUnit(f.ctx, charm)
		f.must(err)
		f.must(f.Settle(f.ctx))
		f.must(f.Juju.RemoveUnit(f.ctx, leader))
		f.must(f.Settle(f.ctx))
		f.must(f.Juju.SetLeader(charm, next))
		f.must(f.Settle(f.ctx))
		watched.more()
		leader = next
	}
	watched.end()
	if diff := cmp.Diff(requests, f.requests()); diff != "" {
		t.Errorf("requests (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(secrets, labels(f.labelled(certificateSecrets))); diff != "" {
		t.Errorf("secrets in Juju (-before +after):\n%s", diff)
	}
	if got := app.URL(charm); got != url || len(watched.All[0].Leaves) != 1 {
		t.Errorf("published %q, served with %d certificates", got, len(watched.All[0].Leaves))
	}
}

// TestDenied makes Juju deny existing data, for a moment and for longer, with both of its texts.
func TestDenied(t *testing.T) {
	t.Parallel()
	f := newSubdomains(t, "denied")
	one, two := f.app("one", 8080, nil), f.app("two", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch("data that are denied", one.URL(charm), two.URL(charm))
	requests := f.requests()
	for _, app := range []string{"ca", "one"} {
		id := f.relationOf(app)
		for _, text := range []string{"permission denied", fmt.Sprintf("relation %d not found", id)} {
			for _, times := range []int{1, 2, 5} {
				f.must(f.Juju.DenyReads(charm+"/0", id, text, times))
				f.updateStatus()
				watched.more()
			}
		}
	}
	watched.end()
	if diff := cmp.Diff(requests, f.requests()); diff != "" {
		t.Errorf("requests (-before +after):\n%s", diff)
	}
	if n := len(f.ca.Issued(f.host("one"))); n != 1 {
		t.Errorf("%d certificates were issued", n)
	}
	f.awaitStatus("active", active)
}

// TestGhosts removes relations by force. Juju still lists them and denies their data. What they
// asked for is removed, others are not affected, and another authority replaces a dead one that is
// listed first.
func TestGhosts(t *testing.T) {
	t.Parallel()
	f := newSubdomains(t, "ghosts")
	one, two := f.app("one", 8080, nil), f.app("two", 8080, nil)
	f.awaitStatus("active", active)
	gone := one.URL(charm)
	f.awaitAnswer(gone, 200)
	watched := f.watch("another application's relation is a ghost", two.URL(charm))
	f.must(f.Juju.GhostRelation(f.ctx, "one:ingress", charm))
	f.updateStatus()
	watched.more()
	f.awaitStatus("active", active)
	f.awaitRefused(gone)
	watched.end()
	inClear := f.neverClear("the authority is a ghost, in clear", strings.Replace(two.URL(charm), "https:", "http:", 1))

	f.must(f.Juju.GhostRelation(f.ctx, charm+":certificates", "ca"))
	next, err := f.AddAuthority("next")
	f.must(err)
	f.must(f.Relate(f.ctx, charm+":certificates", "next"))
	f.must(f.Settle(f.ctx))
	f.ca = next
	f.awaitStatus("active", active)
	watched = f.watch("served by the next authority", two.URL(charm))
	f.updateStatus()
	watched.end()
	inClear()
}

// TestControllerModel serves an application in the model of Juju's own controller, whose
// namespace does not have the model's name.
func TestControllerModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "controller", map[string]any{"external-hostname": "controller.example.com"}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	if want := "https://controller.example.com/controller-web"; app.URL(charm) != want {
		t.Errorf("published %q, not %q", app.URL(charm), want)
	}
	f.watch("an application beside the controller", app.URL(charm)).end()
	// Who writes routes of its own is told where the Gateway is.
	f.configurator("routes", f.Model, "routes.example.com")
	f.awaitStatus("active", active)
	f.watch("an application with routes of its own, beside the controller", "https://routes.example.com/routes").end()
}
