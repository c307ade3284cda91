package e2e_test

import (
	"crypto/rsa"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// certificateSecrets begins the labels of all Juju secrets about certificates.
const certificateSecrets = "afd8c2bccf834997afce12c2706d2ede-"

// TestProviderReplaced replaces one authority by another. What the old one issued
// goes with its relation, and so does the private key; nothing is served in clear
// meanwhile.
func TestProviderReplaced(t *testing.T) {
	t.Parallel()
	const story, url = "provider replaced", "https://replaced.example.com/replaced-web"
	f := newFixture(t, "replaced", map[string]any{"external-hostname": "replaced.example.com"}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	f.awaitAnswer(url, 200)
	old, err := f.Served(f.ctx, url, f.ca.Pool())
	f.must(err)
	inClear := f.neverClear(story+", in clear", "http://replaced.example.com/replaced-web")

	f.must(f.Unrelate(f.ctx, charm, "ca"))
	f.must(f.Settle(f.ctx))
	f.awaitRefused(url)
	f.awaitStatus("blocked", "Certificates relation is needed if enforce-https is enabled. Try `juju integrate gateway-api-integrator:certificates CA`")
	if published := app.URL(charm); published != "" {
		t.Errorf("still publishes %s", published)
	}
	if left := f.labelled(certificateSecrets); len(left) != 0 {
		t.Errorf("left over in Juju: %v", labels(left))
	}
	if secret := "Secret/" + charm + "-secret-replaced.example.com"; f.has(secret) {
		t.Errorf("%s is still there", secret)
	}

	f.ca, err = f.AddAuthority("other")
	f.must(err)
	f.ca.Hold = true
	f.must(f.Relate(f.ctx, charm+":certificates", "other"))
	f.must(f.Settle(f.ctx))
	f.awaitStatusBeginning("waiting " + pending)
	f.ca.Hold = false
	f.settleInOne("certificates-relation-changed")
	f.awaitAnswer(url, 200)
	watched := f.watch(story+", with the new one", url)
	f.awaitStatus("active", active)
	watched.end()
	inClear()
	if leaf := watched.All[0].Leaves[0]; leaf.PublicKey.(*rsa.PublicKey).Equal(old.PublicKey) {
		t.Error("the private key outlived its relation")
	}
	if all := f.labelled(certificateSecrets); len(all) != 3 {
		t.Errorf("there are %v, not the key under two labels and the alarm", labels(all))
	}
}

// TestCAReplaced has the provider replace its CA: the same requests get certificates
// of another root. A client that trusts both notices nothing else.
func TestCAReplaced(t *testing.T) {
	t.Parallel()
	const story = "the provider's CA replaced"
	f := newSubdomains(t, "reissued")
	one, two := f.app("one", 8080, nil), f.app("two", 8080, nil)
	f.awaitStatus("active", active)
	requests := f.requests()
	next, err := f.AddAuthority("next")
	f.must(err)
	both := lab.PoolOf(f.ca, next)
	f.awaitAnswer(one.URL(charm), 200)
	f.awaitAnswer(two.URL(charm), 200)
	watched := &watch{Probes: f.Probes(both, one.URL(charm), two.URL(charm)), f: f, story: story}
	t.Cleanup(watched.Stop)
	watched.more()

	f.ca.Become(next)
	f.settleInOne("certificates-relation-changed")
	for _, app := range []*lab.App{one, two} {
		f.awaitLeaf(app.URL(charm), last(f.ca.Issued(f.host(app.Name))))
	}
	f.awaitStatus("active", active)
	watched.end()
	if diff := cmp.Diff(requests, f.requests()); diff != "" {
		t.Errorf("requests (-before +after):\n%s", diff)
	}
	for _, probe := range watched.All {
		if len(probe.Leaves) != 2 {
			t.Errorf("%s was served by %d certificates", probe.URL, len(probe.Leaves))
		}
	}
}
