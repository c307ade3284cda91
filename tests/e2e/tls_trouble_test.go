package e2e_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// newOld makes a model whose one host is served by a certificate that the Python charm has
// asked for.
func newOld(t *testing.T, model string) (*fixture, *lab.App) {
	t.Helper()
	python := pythonCharm{keyOwner: charm, keyLabel: keySecret}.asking(t, model+".example.com")
	f, app := python.takenOver(t, model, &clock{})
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	return f, app
}

// TestRefusedRenewal: the provider refuses the next certificate. The status says so in time, and
// the present one is still served.
func TestRefusedRenewal(t *testing.T) {
	t.Parallel()
	const story, host = "a refused renewal", "renewed.example.com"
	f, app := newOld(t, "renewed")
	watched := f.watch(story, app.URL(charm))
	watched.more()
	old := f.issueOld(host, 6*time.Second)
	f.awaitLeaf(app.URL(charm), old)
	f.awaitDue(old)
	until := servedUntil(old)
	for _, refusal := range []struct {
		lab.Refusal
		want string
	}{
		{lab.Refusal{Code: 102, Message: "no more"}, "blocked Certificate for " + host + until + ": refused: "},
		{lab.Refusal{Code: 201, Schema: true}, "waiting Waiting for a certificate for " + host + until + ": ca reports: server_not_available"},
	} {
		f.ca.Refuse, f.ca.Hold = map[string]lab.Refusal{host: refusal.Refusal}, false
		f.updateStatus()
		if got := f.status(); !strings.HasPrefix(got, refusal.want) {
			t.Errorf("status is %q, want %q", got, refusal.want)
		}
		if n := len(f.requests()); n != 2 {
			t.Errorf("%d requests, not the old and the new one", n)
		}
		watched.more()
	}
	table := f.action(charm+"/0", "list-certificates")["certificates"]
	if !strings.Contains(table, "served; the next one: ") || !strings.Contains(table, "server_not_available") {
		t.Errorf("the table is\n%s", table)
	}
	f.ca.Refuse = nil
	f.must(f.Settle(f.ctx))
	f.awaitLeaf(app.URL(charm), last(f.ca.Issued(host)))
	f.awaitStatus("active", active)
	watched.end()
	if diff := cmp.Diff(serials(f.ca.Issued(host)), serials(watched.All[0].Leaves)); diff != "" {
		t.Errorf("certificates (-issued +served):\n%s", diff)
	}
}

// TestRevokedWhileRenewing revokes the served certificate while the next one is pending: it is
// withdrawn at once, and the next one is served when it comes.
func TestRevokedWhileRenewing(t *testing.T) {
	t.Parallel()
	const host = "revoking.example.com"
	f, app := newOld(t, "revoking")
	url := app.URL(charm)
	f.awaitAnswer(url, 200)
	inClear := f.neverClear("revoked while it is renewed, in clear", "http://"+host+"/revoking-web")
	old := f.issueOld(host, 6*time.Second)
	f.awaitLeaf(url, old)
	f.awaitDue(old)
	f.updateStatus()
	f.testRevokedWhileReplaced(url, host, inClear)
}

// TestRevokedWhileRotating is the same with a new key on its way.
func TestRevokedWhileRotating(t *testing.T) {
	t.Parallel()
	const host = "rotating.example.com"
	f := newFixture(t, "rotating", map[string]any{"external-hostname": host}).withAuthority()
	url := f.app("web", 8080, nil).URL(charm)
	f.awaitStatus("active", active)
	f.awaitAnswer(url, 200)
	inClear := f.neverClear("revoked while the key is rotated, in clear", "http://"+host+"/rotating-web")
	f.ca.Hold = true
	f.action(charm+"/0", "rotate-private-key")
	f.must(f.Settle(f.ctx))
	f.testRevokedWhileReplaced(url, host, inClear)
}

// testRevokedWhileReplaced revokes what is served; the authority holds its answer to
// a second request.
func (f *fixture) testRevokedWhileReplaced(url, host string, inClear func()) {
	t := f.t
	t.Helper()
	f.awaitAnswer(url, 200)
	requests := f.requests()
	if len(requests) != 2 {
		t.Fatalf("%d requests", len(requests))
	}
	f.ca.RevokeIssued(host)
	f.must(f.Settle(f.ctx))
	if secret := "Secret/" + charm + "-secret-" + host; f.has(secret) {
		t.Errorf("%s is still there", secret)
	}
	f.awaitRefused(url)
	f.updateStatus()
	if got := f.requests(); last(got) != last(requests) {
		t.Errorf("requests are %v, were %v", got, requests)
	}
	f.ca.Hold = false
	f.must(f.Settle(f.ctx))
	f.awaitAnswer(url, 200)
	f.awaitLeaf(url, last(f.ca.Issued(host)))
	f.awaitStatus("active", active)
	if n := len(f.requests()); n != 1 {
		t.Errorf("%d requests in the end", n)
	}
	inClear()
}

// servedUntil is what a status says of a host that an old certificate serves.
func servedUntil(old *x509.Certificate) string {
	return " (served until " + old.NotAfter.UTC().Format("2006-01-02 15:04 MST") + ")"
}
