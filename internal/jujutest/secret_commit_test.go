package jujutest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// What depends on the order in which one version of Juju applies the changes of
// a hook fails in every profile, and leaves nothing behind.
func TestSecretChangesThatDependOnTheOrder(t *testing.T) {
	t.Parallel()
	const grant = "secret-grant -r gateway:1 $uri; "
	for _, test := range []struct{ name, script, want string }{
		{"label of a removed one", "secret-remove $uri; secret-add --label key value=new", `secret with label "key" already exists: newer Juju removes`},
		{"label of one that loses all revisions", "secret-remove --revision 2 $uri; secret-add --label key value=new", `secret with label "key" already exists: newer Juju removes`},
		{"label given to another", "secret-remove $uri; secret-set --label key $other", `secret with label "key" already exists: newer Juju removes`},
		{"label of a renamed one", "secret-set --label old $uri; secret-add --label key value=new", `secret with label "key" already exists`},
		{"update and the latest revision", "secret-set $uri value=new; secret-remove --revision 2 $uri", "secret-set of "},
		{"update and an old revision", "secret-set $uri value=new; secret-remove --revision 1 $uri", "secret-set of "},
		{"metadata and an old revision", "secret-set --expire 1h $uri; secret-remove --revision 1 $uri", "secret-set of "},
		{"an old revision and update", "secret-remove --revision 1 $uri; secret-set $uri value=new", "secret-remove is undone"},
		{"removal and update", "secret-remove $uri; secret-set $uri value=new", "secret-remove is undone"},
		{"grant and an old revision", grant + "secret-remove --revision 1 $uri", "secret-grant or secret-revoke of "},
		{"two revisions", "secret-remove --revision 1 $uri; secret-remove --revision 2 $uri", "revision 1 of secret "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, p := range []jujutest.Profile{jujutest.Juju36, jujutest.Juju40, jujutest.OldJuju3} {
				w, _ := secretWorld(t, profile(p))
				other := w.addSecret("gw/0", "--label other value=one")
				uri := w.addSecret("gw/0", "--label key value=one")
				w.exec("gw/0", "secret-set "+uri+" value=two")
				before := w.Secrets()
				script := "uri=" + uri + "; other=" + other + "; " + test.script + "; relation-set -r gateway:1 lost=1"
				if _, err := w.Exec(w.ctx, "gw/0", script); err == nil || !strings.Contains(err.Error(), "cannot apply changes: "+test.want) {
					t.Errorf("%s: %v, want %s", p, err, test.want)
				}
				if diff := cmp.Diff(before, w.Secrets()); diff != "" || w.RelationData(1, "gw/0")["lost"] != "" {
					t.Errorf("%s: a refused flush was applied in part:\n%s", p, diff)
				}
			}
		})
	}
}

// What every Juju does alike goes on to work.
func TestSecretChangesOfOneHook(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	uri := w.addSecret("gw/0", "--label alarm-1 value=one")
	w.exec("gw/0", "secret-set "+uri+" value=two; secret-grant -r gateway:1 "+uri+"; secret-remove "+uri+"; secret-add --label alarm-2 value=one")
	secrets := w.Secrets()
	if len(secrets) != 1 || secrets[0].Label != "alarm-2" {
		t.Fatalf("secrets = %+v", secrets)
	}
	uri = secrets[0].ID
	w.exec("gw/0", "secret-set "+uri+" value=two")
	w.exec("gw/0", "secret-remove --revision 1 "+uri+"; secret-remove --revision 1 "+uri)
	if diff := cmp.Diff(map[int]map[string]string{2: {"value": "two"}}, w.Secrets()[0].Revisions); diff != "" {
		t.Errorf("revisions (-want +got):\n%s", diff)
	}
	w.exec("gw/0", "secret-remove --revision 2 "+uri)
	if left := w.Secrets(); len(left) != 0 {
		t.Errorf("a secret without revisions is left: %+v", left)
	}
}

// A key that is replaced and read anew in one hook: nobody reads the old one
// any more, and its owner is told so, with its revision.
func TestSecretUpdateAndRefresh(t *testing.T) {
	t.Parallel()
	for _, p := range []jujutest.Profile{jujutest.Juju36, jujutest.Juju40, jujutest.OldJuju3} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			w, _ := secretWorld(t, profile(p))
			uri := w.addSecret("gw/0", "--label key value=one")
			if got := w.exec("gw/0", "secret-get --label key | sed 's/^value: //'; secret-set "+uri+" value=two; secret-get --label key --refresh | sed 's/^value: //'"); got != "one\ntwo\ncode 0" {
				t.Errorf("reads = %s", got)
			}
			w.settle()
			equal(t, "events", w.secretRuns(), []string{"gw/0 secret-remove key 1"})
			if got := w.exec("gw/0", "secret-get --label key | sed 's/^value: //'"); got != "two\ncode 0" {
				t.Errorf("later read = %s", got)
			}
			w.exec("gw/0", "secret-remove --revision 1 "+uri)
			w.settle()
			equal(t, "events after the removal", w.secretRuns(), nil)
		})
	}
}

func TestAddCharmSecret(t *testing.T) {
	t.Parallel()
	w, c := secretWorld(t)
	content := map[string]string{"private-key": "one"}
	for _, owner := range []string{"gw", "gw/0"} {
		id, err := w.AddCharmSecret(owner, "key", content, c.Now().Add(time.Hour))
		w.must(err)
		want := jujutest.Secret{
			ID: id, Owner: owner, Label: "key", Revision: 1, Content: content, Expires: c.Now().Add(time.Hour),
			Revisions: map[int]map[string]string{1: content}, Tracked: map[string]int{},
		}
		found := false
		for _, secret := range w.Secrets() {
			if secret.ID == id {
				found = true
				if diff := cmp.Diff(want, secret); diff != "" {
					t.Errorf("secret (-want +got):\n%s", diff)
				}
			}
		}
		if !found {
			t.Errorf("no secret %s", id)
		}
	}
	w.must(w.AddScripted("ca", jujutest.ScriptedMetadata{}, 1))
	for _, test := range []struct {
		owner, label string
		content      map[string]string
		want         string
	}{
		{"none", "key", content, `application "none" not found`},
		{"gw/7", "key", content, `unit "gw/7" not found`},
		{"ca", "key", content, "it runs no charm"},
		{"gw", "key", content, "the label is in use"},
		{"gw", "other", nil, "no content"},
		{"gw", "other", map[string]string{"No": "1"}, `key "No" not valid`},
	} {
		if _, err := w.AddCharmSecret(test.owner, test.label, test.content, time.Time{}); err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s %s: %v, want %s", test.owner, test.label, err, test.want)
		}
	}
	c.advance(time.Hour)
	w.must(w.Tick(w.ctx))
	w.settle()
	equal(t, "expired", w.secretRuns(), []string{"gw/0 secret-expired key 1", "gw/0 secret-expired key 1"})
	runToolCases(t, w, "gw/1", []toolCase{{"secret-get --label key | sed 's/^private-key: //'", "one\ncode 0"}})
}

// The databag of a deployed application can be written from outside: what an
// earlier charm left there.
func TestSeededApplicationData(t *testing.T) {
	t.Parallel()
	w, _ := secretWorld(t)
	w.must(w.SetApplicationData(1, "gw", map[string]string{"ingress": "old"}))
	w.settle()
	var told []string
	for _, run := range w.take() {
		told = append(told, run.Unit+" "+run.Name)
	}
	equal(t, "events", told, []string{"web/0 ingress-relation-changed"})
	runToolCases(t, w, "gw/0", []toolCase{{"relation-get -r 1 --app ingress gw", "old\ncode 0"}})
}
