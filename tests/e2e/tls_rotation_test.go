package e2e_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// keySecret is the label of the private key's Juju secret.
const keySecret = certificateSecrets + "private-key-app-certificates"

// TestRotation makes a new private key while clients send requests to three hosts. The authority
// answers one host at a time; each keeps its old key until then.
func TestRotation(t *testing.T) {
	t.Parallel()
	const story = "key rotation"
	f := newSubdomains(t, "rotated")
	hosts, urls := f.rotationApps()
	watched := f.watch(story, urls...)
	before := f.keyRevisions()

	f.ca.HoldHosts = slices.Clone(hosts)
	got := f.action(charm+"/0", "rotate-private-key")["requested"]
	if want := fmt.Sprintf("%s, %s, %s", hosts[0], hosts[1], hosts[2]); got != want {
		t.Errorf("requested %q, want %q", got, want)
	}
	f.must(f.Settle(f.ctx))
	watched.more()
	if n := len(f.requests()); n != 6 {
		t.Errorf("%d requests, not old and new ones", n)
	}
	after := f.keyRevisions()
	if len(after) != 1 || len(before) != 1 || after[0] == before[0] {
		t.Errorf("revisions of the key: %v, then %v", before, after)
	}
	for i, host := range hosts {
		f.ca.HoldHosts = slices.Clone(hosts[i+1:])
		f.must(f.Settle(f.ctx))
		if n := len(f.requests()); n != 6-i-1 {
			t.Errorf("%d requests after %s", n, host)
		}
		f.awaitLeaf(urls[i], f.ca.Issued(host)[1])
		watched.more()
	}
	watched.end()
	key := f.key()
	for i, host := range hosts {
		leaves := watched.All[i].Leaves
		if diff := cmp.Diff(serials(f.ca.Issued(host)), serials(leaves)); diff != "" || len(leaves) != 2 {
			t.Fatalf("certificates of %s (-issued +served):\n%s", host, diff)
		}
		if key.Equal(leaves[0].PublicKey) || !key.Equal(leaves[1].PublicKey) {
			t.Errorf("%s does not have the new key after the old one", host)
		}
	}
	for _, request := range f.parsed(f.requests()) {
		if !key.Equal(request.PublicKey) {
			t.Errorf("a request of the old key is left for %v", request.DNSNames)
		}
	}
	f.awaitStatus("active", active)
}

// TestRotationTwice rotates again before any certificate for the first new key was
// issued, loses the pod, and has another unit lead, before the authority answers.
// Only what the last key asks for is issued; nothing is issued twice.
func TestRotationTwice(t *testing.T) {
	t.Parallel()
	const story = "key rotation, twice, with pod loss and another leader"
	f := newSubdomains(t, "twice")
	hosts, urls := f.rotationApps()
	other, err := f.Juju.AddUnit(f.ctx, charm)
	f.must(err)
	f.must(f.Settle(f.ctx))
	watched := f.watch(story, urls...)

	f.ca.Hold = true
	f.action(charm+"/0", "rotate-private-key")
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.KillPod(f.ctx, charm+"/0"))
	f.must(f.Settle(f.ctx))
	f.action(charm+"/0", "rotate-private-key")
	f.must(f.Settle(f.ctx))
	requests := f.requests()
	watched.more()
	f.must(f.Juju.SetLeader(charm, other))
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.KillPod(f.ctx, other))
	f.must(f.Settle(f.ctx))
	watched.more()
	if diff := cmp.Diff(requests, f.requests()); diff != "" {
		t.Errorf("the next leader changes requests (-before +after):\n%s", diff)
	}
	f.ca.Hold = false
	f.must(f.Settle(f.ctx))
	key := f.key()
	for i, host := range hosts {
		f.awaitLeaf(urls[i], last(f.ca.Issued(host)))
		if !key.Equal(last(f.ca.Issued(host)).PublicKey) {
			t.Errorf("%s is not served with the last key", host)
		}
		if n := len(f.ca.Issued(host)); n != 2 {
			t.Errorf("%d certificates were issued for %s", n, host)
		}
	}
	watched.end()
	if n := len(f.requests()); n != 3 {
		t.Errorf("%d requests in the end", n)
	}
	if revisions := f.keyRevisions(); len(revisions) != 1 {
		t.Errorf("revisions of the key: %v", revisions)
	}
}

// TestLeaderAndPodLoss changes the leader and loses both pods: the key outlives
// them, and no certificate is asked for again.
func TestLeaderAndPodLoss(t *testing.T) {
	t.Parallel()
	const story = "another leader and pod loss"
	f := newFixture(t, "losses", map[string]any{"external-hostname": "losses.example.com"}).withAuthority()
	app := f.app("web", 8080, nil)
	other, err := f.Juju.AddUnit(f.ctx, charm)
	f.must(err)
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	watched := f.watch(story, app.URL(charm))
	requests := f.requests()
	for _, leader := range []string{other, charm + "/0", other} {
		f.must(f.Juju.SetLeader(charm, leader))
		f.must(f.Settle(f.ctx))
		f.must(f.Juju.KillPod(f.ctx, leader))
		f.must(f.Settle(f.ctx))
		watched.more()
	}
	f.must(f.Juju.RemoveUnit(f.ctx, charm+"/0"))
	f.must(f.Settle(f.ctx))
	watched.end()
	if diff := cmp.Diff(requests, f.requests()); diff != "" {
		t.Errorf("requests (-before +after):\n%s", diff)
	}
	if n := len(f.ca.Issued("losses.example.com")); n != 1 || len(watched.All[0].Leaves) != 1 {
		t.Errorf("%d certificates were issued", n)
	}
}

// rotationApps are three applications, with their hosts and URLs.
func (f *fixture) rotationApps() (hosts, urls []string) {
	f.t.Helper()
	for _, name := range []string{"one", "two", "three"} {
		f.app(name, 8080, nil)
		hosts = append(hosts, f.host(name))
		urls = append(urls, "https://"+f.host(name)+"/")
	}
	f.awaitStatus("active", active)
	return hosts, urls
}

// keyRevisions are the revisions that Juju still holds of the private key.
func (f *fixture) keyRevisions() []int {
	var all []int
	for _, secret := range f.labelled(keySecret) {
		for revision := range secret.Revisions {
			all = append(all, revision)
		}
	}
	slices.Sort(all)
	return all
}

// key is the public part of the private key in Juju.
func (f *fixture) key() *rsa.PublicKey {
	f.t.Helper()
	secret, ok := f.Juju.SecretByLabel(keySecret)
	if !ok {
		f.t.Fatal("there is no private key in Juju")
	}
	key, err := tlscertificates.ParseKey(secret.Content["private-key"])
	f.must(err)
	return &key.PublicKey
}

// awaitLeaf waits until a URL is served by that certificate.
func (f *fixture) awaitLeaf(url string, want *x509.Certificate) {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		leaf, err := f.Served(ctx, url, f.ca.Pool())
		if err == nil && !leaf.Equal(want) {
			err = fmt.Errorf("%s is served by certificate %s, not %s", url, leaf.SerialNumber, want.SerialNumber)
		}
		return err
	}))
}

func last[T any](all []T) T { return all[len(all)-1] }
