package charm_test

import (
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// A key is made once, and found again under either label. From the older one it is copied, so that
// the next leader finds it too.
func TestKeyIsKept(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	for _, label := range []string{current, legacy} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withAuthority()
			w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
			key, request := w.secrets[current], w.bags["certificates:2"][own]["certificate_signing_requests"]
			if key == "" || request == "" {
				t.Fatal("no key or no request was made")
			}
			if w.secrets[legacy] != key {
				t.Error("an older library would not find the key")
			}
			w.secrets = map[string]string{label: key}
			w.run(gocharm.Event{Kind: gocharm.UpgradeCharm})
			if want := map[string]string{legacy: key, current: key}; !maps.Equal(w.secrets, want) {
				t.Errorf("keys under %d labels, want %d; or another key", len(w.secrets), len(want))
			}
			if got := w.bags["certificates:2"][own]["certificate_signing_requests"]; got != request {
				t.Error("another certificate was requested")
			}
		})
	}
}

// A key that cannot be read just now still exists: another key would mean another certificate for
// every host.
func TestKeyThatIsRefusedIsNotReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withAuthority()
	w.before = func(call gocharm.Call) error {
		if call.Tool == "secret-get" {
			return denied(call)
		}
		return nil
	}
	if err := w.try(gocharm.Event{Kind: gocharm.UpdateStatus}); err == nil {
		t.Error("the hook does not fail")
	}
	if len(w.secrets) > 0 {
		t.Error("a new key was made")
	}
}

// The label of a key that cannot be read is taken: its secret gets another key.
func TestKeyThatCannotBeReadIsReplaced(t *testing.T) {
	t.Parallel()
	label, _ := tlscertificates.KeyLabels("certificates")
	w := newWorld(t)
	w.withAuthority()
	w.secrets[label] = "no PEM"
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if _, err := tlscertificates.ParseKey(w.secrets[label]); err != nil {
		t.Error(err)
	}
}

// Juju removes the secrets of a hook one by one, before it writes relations, and repeats the hook
// if that fails. Then the secret is gone, and a second removal would fail the hook at its end, for
// ever.
func TestSecretThatIsGoneIsNotRemoved(t *testing.T) {
	t.Parallel()
	key, _ := tlscertificates.KeyLabels("certificates")
	for kind, label := range map[gocharm.Kind]string{
		gocharm.SecretRemove: key, gocharm.SecretExpired: tlscertificates.LabelPrefix + "-renewal-certificates-1767226140",
	} {
		w := newWorld(t)
		w.run(gocharm.Event{Kind: kind, Secret: &gocharm.EventSecret{ID: "s1", Label: label, Revision: 1}})
		if slices.Contains(w.calls, "secret-remove") {
			t.Errorf("%s: calls are %q", kind, w.calls)
		}
	}
}

func TestSecretsAreDropped(t *testing.T) {
	t.Parallel()
	key, _ := tlscertificates.KeyLabels("certificates")
	certificate := tlscertificates.LabelPrefix + "-certificate-certificates-0f"
	tests := map[string]struct {
		event gocharm.Event
		want  string // arguments of secret-remove
	}{
		"an old revision": {
			event: gocharm.Event{Kind: gocharm.SecretRemove, Secret: &gocharm.EventSecret{ID: "s1", Label: key, Revision: 1}},
			want:  "s1 --revision 1",
		},
		"the last revision is all of it": {
			event: gocharm.Event{Kind: gocharm.SecretRemove, Secret: &gocharm.EventSecret{ID: "s1", Label: key, Revision: 2}},
		},
		"no revision named: never the whole key": {
			event: gocharm.Event{Kind: gocharm.SecretRemove, Secret: &gocharm.EventSecret{ID: "s1", Label: key}},
		},
		"a certificate of the Python library": {
			event: gocharm.Event{Kind: gocharm.SecretExpired, Secret: &gocharm.EventSecret{ID: "s2", Label: certificate, Revision: 3}},
			want:  "s2",
		},
		"the key does not expire": {
			event: gocharm.Event{Kind: gocharm.SecretExpired, Secret: &gocharm.EventSecret{ID: "s1", Label: key, Revision: 1}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.owned = map[string]string{"s1": key, "s2": certificate}
			var removed string
			w.before = func(call gocharm.Call) error {
				if call.Tool == "secret-remove" {
					removed = strings.Join(call.Args, " ")
				}
				return nil
			}
			w.run(test.event)
			if removed != test.want {
				t.Errorf("removed %q, not %q", removed, test.want)
			}
		})
	}
}

// A unit that led once follows the revision of the key that it read then. Juju keeps that revision
// until the unit follows a newer one.
func TestNewKeyIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leader = false
	var read string
	w.before = func(call gocharm.Call) error {
		if call.Tool == "secret-get" {
			read = strings.Join(call.Args, " ")
			return denied(call) // It may have been removed meanwhile.
		}
		return nil
	}
	w.run(gocharm.Event{Kind: gocharm.SecretChanged, Secret: &gocharm.EventSecret{ID: "s1"}})
	if want := "s1 --format=json --refresh"; read != want {
		t.Errorf("read %q, not %q", read, want)
	}
}

// A unit that saw the certificates relation break when it did not lead removes the secrets when it
// leads. Juju 4.0 stores the unit's state before it removes secrets, and may fail in between: the
// unit keeps the mark until they are gone.
func TestSecretsLeftByABrokenRelationAreRemoved(t *testing.T) {
	t.Parallel()
	label, _ := tlscertificates.KeyLabels("certificates")
	w := serving(t)
	w.leader = false
	w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "certificates", ID: "certificates:2"}})
	w.leader = true
	for range 2 { // The first time it is not carried out.
		w.owned, w.secrets[label] = map[string]string{theSecret: label}, "key"
		w.run(gocharm.Event{Kind: gocharm.LeaderElected})
		if !slices.Contains(w.calls, "secret-remove") {
			t.Errorf("calls: %q", w.calls)
		}
	}
	w.owned = nil
	w.run(updateStatus())
	if slices.Contains(w.calls, "secret-remove") {
		t.Errorf("with nothing to remove: %q", w.calls)
	}
	// What is put there from now on is for a relation to come.
	w.owned = map[string]string{"d0ns8mh3t7s5d8ihj6eg": label}
	w.run(gocharm.Event{Kind: gocharm.LeaderElected})
	if slices.Contains(w.calls, "secret-remove") {
		t.Errorf("with nothing to remember: %q", w.calls)
	}
}

// The secret that the event is about has been removed by then; the others go, all the same.
func TestOtherSecretsGoWithTheOneOfTheEvent(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	w := serving(t)
	w.state["forget-certificates"] = "true"
	w.owned = map[string]string{"s1": current, "s2": legacy, "s3": "another's"}
	w.secrets[current], w.secrets[legacy], w.secrets["another's"] = "key", "key", "content"
	var removed []string
	w.before = func(call gocharm.Call) error {
		if call.Tool == "secret-remove" {
			removed = append(removed, call.Args[0])
		}
		return nil
	}
	w.run(gocharm.Event{Kind: gocharm.SecretRemove, Secret: &gocharm.EventSecret{ID: "s1", Label: current, Revision: 1}})
	if want := []string{"s1", "s2"}; !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
}

// A failed attempt may have made one of the two secrets, and an older library only one.
func TestHalfAKeyIsMadeWhole(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	for _, label := range []string{current, legacy} {
		w := newWorld(t)
		w.withAuthority()
		key := newKey(t)
		w.secrets[label] = key
		w.run(updateStatus())
		if w.secrets[current] != key || w.secrets[legacy] != key {
			t.Errorf("from %s alone: there are other keys, or one is missing", label)
		}
	}
}

// newKey makes a private key in PEM.
func newKey(t *testing.T) string {
	t.Helper()
	key, err := tlscertificates.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return tlscertificates.EncodeKey(key)
}

// An older library knows its own label only, and may have made another key there since: the
// requests tell which key is in use.
func TestKeyOfTheRequestsIsTheKey(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	w := newWorld(t)
	w.withAuthority()
	w.run(updateStatus())
	key, request := w.secrets[legacy], w.bags["certificates:2"][own]["certificate_signing_requests"]
	w.secrets[current] = newKey(t)
	w.run(gocharm.Event{Kind: gocharm.UpgradeCharm})
	if got := w.bags["certificates:2"][own]["certificate_signing_requests"]; got != request || w.secrets[current] != key || w.secrets[legacy] != key {
		t.Error("another key or another request was made")
	}
}

// If there are several units, one may own a secret of the older label that we do not see, and Juju
// refuses a second one: the hook would fail at its end, for ever.
func TestOlderLabelIsLeftToOtherUnits(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	for name, siblings := range map[string][]string{"alone": nil, "one of two": {own + "/1"}} {
		w := newWorld(t)
		w.siblings = siblings
		w.withAuthority()
		w.run(updateStatus())
		// The key of these requests is another unit's.
		clear(w.secrets)
		w.run(updateStatus())
		if w.secrets[current] == "" || (w.secrets[legacy] == "") != (siblings != nil) {
			t.Errorf("%s: secrets are %d, want the key and, alone, a second time", name, len(w.secrets))
		}
		w.run(gocharm.Event{Kind: gocharm.Action, Action: &gocharm.EventAction{Name: "rotate-private-key"}})
		if (w.secrets[legacy] == "") != (siblings != nil) || siblings == nil && w.secrets[legacy] != w.secrets[current] {
			t.Errorf("%s: rotated, the older label has another key", name)
		}
	}
}

// If Kubernetes has lost the content of a secret, it gets a new key. A similar error does not cause
// a new key.
func TestKeyIsMadeAnewOnlyWhereItIsLost(t *testing.T) {
	t.Parallel()
	current, _ := tlscertificates.KeyLabels("certificates")
	for text, lost := range map[string]bool{
		`secret "` + theSecret + `-2" not found`:             true,
		`secret "` + theSecret + `-1" not found`:             false,
		`secret backend "vault" not found`:                   false,
		`getting secret content: secret "other-2" not found`: false,
	} {
		w := newWorld(t)
		w.withAuthority()
		w.run(updateStatus())
		key := w.secrets[current]
		w.before = func(call gocharm.Call) error {
			if call.Tool == "secret-get" {
				return &gocharm.ToolError{Tool: call.Tool, Code: 1, Stderr: "ERROR " + text}
			}
			return nil
		}
		err := w.try(updateStatus())
		if lost != (err == nil) || lost == (w.secrets[current] == key) {
			t.Errorf("%s: ends with %v; another key: %t", text, err, w.secrets[current] != key)
		}
	}
}

// A suspended certificates relation breaks, and comes back with its key. Or it is removed while it
// is suspended, and no event says so.
func TestKeyOutlivesASuspension(t *testing.T) {
	t.Parallel()
	label, _ := tlscertificates.KeyLabels("certificates")
	for _, resumed := range []bool{true, false} {
		w := everything(t)
		w.owned = map[string]string{theSecret: label}
		requests, key := w.bags["certificates:2"][own]["certificate_signing_requests"], w.secrets[label]
		w.relations["certificates"], w.suspended = nil, map[string]string{"certificates": "ca"}
		w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "certificates", ID: "certificates:2"}})
		for range 2 {
			if w.secrets[label] != key {
				t.Errorf("suspended: calls are %q", w.calls)
			}
			w.run(updateStatus())
		}
		w.suspended = nil
		if resumed {
			w.relations["certificates"] = []string{"certificates:2"}
		}
		w.run(updateStatus())
		if got := w.secrets[label] != key; got == resumed {
			t.Errorf("resumed %t: the key is removed: %t", resumed, got)
		}
		if got := w.bags["certificates:2"][own]["certificate_signing_requests"]; got != requests {
			t.Errorf("resumed %t: other certificates are requested", resumed)
		}
		w.owned = nil
		w.run(updateStatus())
		w.run(updateStatus())
		if slices.Contains(w.calls, "goal-state") {
			t.Errorf("resumed %t: calls are %q", resumed, w.calls)
		}
	}
}
