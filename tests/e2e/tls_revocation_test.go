package e2e_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRevocation revokes the certificate of one host of two: the hook that learns it withdraws it,
// nothing is served without TLS, and the host comes back with the same request.
func TestRevocation(t *testing.T) {
	t.Parallel()
	const story = "revocation"
	f := newSubdomains(t, "revoked")
	bad, good := f.app("bad", 8080, nil), f.app("good", 8080, nil)
	f.awaitStatus("active", active)
	badURL := bad.URL(charm)
	f.awaitAnswer(badURL, 200)
	watched := f.watch(story+", the other host", good.URL(charm))
	inClear := f.neverClear(story+", in clear", "http://"+f.host("bad")+"/")
	before, err := f.Served(f.ctx, badURL, f.ca.Pool())
	f.must(err)
	requests := f.requests()

	f.ca.RevokeIssued(f.host("bad"))
	f.settleInOne("certificates-relation-changed")
	if secret := "Secret/" + charm + "-secret-" + f.host("bad"); f.has(secret) {
		t.Errorf("%s is still there", secret)
	}
	f.awaitRefused(badURL)
	f.awaitStatus("waiting", "Waiting for a certificate for "+f.host("bad")+": the certificate is revoked")
	if url := bad.URL(charm); url != "" {
		t.Errorf("still publishes %s", url)
	}
	watched.more()
	if diff := cmp.Diff(requests, f.requests()); diff != "" {
		t.Errorf("requests changed (-before +after):\n%s", diff)
	}

	f.ca.Reissue(f.host("bad"))
	f.settleInOne("certificates-relation-changed")
	f.awaitAnswer(badURL, 200)
	after, err := f.Served(f.ctx, badURL, f.ca.Pool())
	f.must(err)
	if after.Equal(before) {
		t.Error("the revoked certificate is served again")
	}
	f.awaitStatus("active", active)
	if diff := cmp.Diff(requests, f.requests()); diff != "" {
		t.Errorf("requests changed (-before +after):\n%s", diff)
	}
	inClear()
	watched.end()
}
