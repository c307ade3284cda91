package jujutest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// With Juju 3 a secret that is removed is gone although the commit fails after it, and the retry asks
// for the removal of one that nobody knows: it fails for ever, and the tool that asks says nothing.
func TestRemovalStandsWhenTheCommitFails(t *testing.T) {
	t.Parallel()
	for p, left := range map[jujutest.Profile]int{jujutest.Juju36: 0, jujutest.Juju40: 1, jujutest.OldJuju3: 0} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			w, c := secretWorld(t, profile(p), func(o *jujutest.Options) { o.Retries = -1 })
			w.deploy("own", charmDir(t, requirerMetadata, `
case $JUJU_HOOK_NAME in secret-expired) secret-remove $JUJU_SECRET_ID; state-set renewed=yes; esac
`), 1)
			w.settle()
			w.addSecret("own/0", "--label alarm --expire 1h value=one")
			w.must(w.FailFlushAt("own/0", jujutest.FlushState, errors.New("no quorum")))
			c.advance(time.Hour)
			w.must(w.Tick(w.ctx))
			failing := func(want string) {
				t.Helper()
				if err := w.Settle(w.ctx); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Settle = %v, want %s", err, want)
				}
			}
			failing("no quorum")
			if got := len(w.Secrets()); got != left {
				t.Errorf("%d secrets are left, want %d", got, left)
			}
			if left == 0 {
				failing("removing secrets: secret")
			} else {
				w.settle()
			}
			if got := w.exec("own/0", "state-get renewed"); (got == "yes\ncode 0") != (left == 1) {
				t.Errorf("state = %s", got)
			}
		})
	}
}

// What a failed hook has added with Juju 3 is there when it comes again.
func TestSecretStandsWhenTheCommitFails(t *testing.T) {
	t.Parallel()
	for p, stands := range map[jujutest.Profile]bool{jujutest.Juju36: true, jujutest.Juju40: false, jujutest.OldJuju3: true} {
		w, _ := secretWorld(t, profile(p))
		w.must(w.FailFlushAt("gw/0", jujutest.FlushRelations, errors.New("no quorum")))
		if _, err := w.Exec(w.ctx, "gw/0", "secret-add --label mine value=one; relation-set -r 1 --app a=b"); err == nil {
			t.Fatal("the commit did not fail")
		}
		if _, ok := w.SecretByLabel("mine"); ok != stands || w.RelationData(1, "gw")["a"] != "" {
			t.Errorf("%s: the secret stands is %t, want %t", p, ok, stands)
		}
		_, err := w.Exec(w.ctx, "gw/0", "secret-get --label mine >/dev/null 2>&1 || secret-add --label mine value=one; relation-set -r 1 --app a=b")
		if _, ok := w.SecretByLabel("mine"); err != nil || !ok || w.RelationData(1, "gw")["a"] != "b" {
			t.Errorf("%s: the second time: %v", p, err)
		}
	}
}

// In a Kubernetes model the contents of what is to be removed go before the commit, and stay away when
// it fails.
func TestContentIsGoneWhenTheCommitFails(t *testing.T) {
	t.Parallel()
	for _, p := range []jujutest.Profile{jujutest.Juju36, jujutest.Juju40} {
		w, _ := secretWorld(t, profile(p))
		uri := w.addSecret("gw/0", "--label key value=one")
		id := strings.TrimPrefix(uri[strings.LastIndex(uri, "/")+1:], "secret:")
		w.must(w.FailFlushAt("gw/0", jujutest.FlushSecrets, errors.New("no quorum")))
		if _, err := w.Exec(w.ctx, "gw/0", "secret-remove "+uri); err == nil {
			t.Fatal("the commit did not fail")
		}
		runToolCases(t, w, "gw/0", []toolCase{
			{"secret-get --label key", `ERROR secret "` + id + `-1" not found` + "\ncode 1"},
			{"secret-info-get --label key --format=json | grep -c revision", "1\ncode 0"},
			{"secret-set " + uri + " value=two; secret-get --label key --refresh | sed 's/^value: //'", "two\ncode 0"},
		})
	}
}
