package e2e_test

import (
	"testing"
)

// TestAddHostWhilePending adds a host whose certificate takes long. The served host is not
// affected. The new one is never served without TLS, and is served from the hook on that brings its
// certificate.
func TestAddHostWhilePending(t *testing.T) {
	t.Parallel()
	const story = "add a host while its certificate is pending"
	f := newSubdomains(t, "add")
	one := f.app("one", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch(story, one.URL(charm))
	inClear := f.neverClear(story+", the new one in clear", "http://"+f.host("two")+"/")

	f.ca.HoldHosts = []string{f.host("two")}
	two := f.app("two", 8080, nil)
	f.awaitStatusBeginning("waiting " + pending)
	if url := two.URL(charm); url != "" {
		t.Errorf("published %s, which has no certificate", url)
	}
	f.updateStatus()
	watched.more()

	f.ca.HoldHosts = nil
	f.settleInOne("certificates-relation-changed")
	if url := two.URL(charm); url != "https://"+f.host("two")+"/" {
		t.Errorf("published %q", url)
	}
	f.awaitAnswer("https://"+f.host("two")+"/", 200) // With no other hook in between.
	f.awaitStatus("active", active)
	inClear()
	watched.end()
	if n := len(f.ca.Issued(f.host("one"))); n != 1 {
		t.Errorf("%d certificates were issued for the old host", n)
	}
}

// TestRemoveHost takes a host away, and brings it back, beside one that stays.
func TestRemoveHost(t *testing.T) {
	t.Parallel()
	const story = "remove a host"
	f := newSubdomains(t, "removed")
	one, two := f.app("one", 8080, nil), f.app("two", 8080, nil)
	f.awaitStatus("active", active)
	url := two.URL(charm)
	f.awaitAnswer(url, 200)
	watched := f.watch(story, one.URL(charm))
	for range 2 {
		f.must(f.Unrelate(f.ctx, "two:ingress", charm))
		f.must(f.Settle(f.ctx))
		f.awaitRefused(url)
		if n := len(f.requests()); n != 1 {
			t.Errorf("%d requests for one host", n)
		}
		if secret := "Secret/" + charm + "-secret-" + f.host("two"); f.has(secret) {
			t.Errorf("%s is still there", secret)
		}
		f.must(f.Relate(f.ctx, "two:ingress", charm))
		f.must(f.Settle(f.ctx))
		f.awaitAnswer(url, 200)
	}
	f.awaitStatus("active", active)
	watched.end()
}
