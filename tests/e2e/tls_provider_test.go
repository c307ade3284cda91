package e2e_test

import (
	"crypto/rsa"
	"testing"
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
	clear := f.neverClear(story+", in clear", "http://replaced.example.com/replaced-web")

	f.must(f.Unrelate(f.ctx, charm, "ca"))
	f.must(f.Settle(f.ctx))
	f.awaitRefused(url)
	f.awaitStatus("blocked", "Certificates relation is needed if enforce-https is enabled.")
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
	f.must(f.Relate(f.ctx, charm, "other"))
	f.must(f.Settle(f.ctx))
	f.awaitStatus("waiting", pending)
	f.ca.Hold = false
	f.settleInOne("certificates-relation-changed")
	f.awaitAnswer(url, 200)
	watched := f.watch(story+", with the new one", url)
	f.awaitStatus("active", active)
	watched.end()
	clear()
	if leaf := watched.All[0].Leaves[0]; leaf.PublicKey.(*rsa.PublicKey).Equal(old.PublicKey) {
		t.Error("the private key outlived its relation")
	}
	if all := f.labelled(certificateSecrets); len(all) != 2 {
		t.Errorf("there are %v, not the key and the alarm", labels(all))
	}
}
