package e2e_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// TestRefreshBack refreshes to ours and back to the Python charm, under load. Its libraries find
// their key, their requests and their answers unchanged, and it removes what it does not know; then
// ours comes again.
func TestRefreshBack(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	for name, label := range map[string]string{"library-1.8": legacy, "library-1.9": current} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const model = "back"
			host := "back." + name[len("library-"):] + ".example.com"
			f := newRefresh(t, model+name[len("library-1."):], map[string]any{"external-hostname": host})
			f.python.KeyLabel = label
			f.withAuthority()
			_, err := f.AddDNS("bind")
			f.must(err)
			f.must(f.Relate(f.ctx, charm, "bind"))
			app := f.related("web", nil)
			url := app.URL(charm)
			watched, redirects := f.watchReplaced("back "+name, url), f.redirected(url)
			bags, secrets, objects := f.bags(), f.secrets(), f.specs()

			f.refresh()
			f.awaitStatus("active", active)
			watched.more()
			for label, content := range secrets {
				if diff := cmp.Diff(content, f.secrets()[label]); diff != "" {
					t.Errorf("secret %s (-before +after)", label)
				}
			}

			f.rollBack()
			f.reconcile()
			watched.more()
			f.sameBags(bags)
			if diff := cmp.Diff(objects, f.specs()); diff != "" {
				t.Errorf("objects of the Python charm (-before +after):\n%s", diff)
			}
			f.oneCertificate(watched, host)

			f.refresh()
			f.awaitStatus("active", active)
			watched.more()
			f.sameBags(bags)
			f.owned()
			f.writesNothing()
			watched.end()
			redirects()
			f.oneCertificate(watched, host)
			f.deployedAnew()
		})
	}
}

// TestRefreshBackRotated goes back after the key was rotated: every release of the Python
// charm finds the new one.
func TestRefreshBackRotated(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	for name, label := range map[string]string{"library-1.8": legacy, "library-1.9": current} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			version := name[len("library-"):]
			host := "turned." + version + ".example.com"
			f := newRefresh(t, "turned"+version[len("1."):], map[string]any{"external-hostname": host})
			f.python.KeyLabel = label
			f.withAuthority()
			url := f.related("web", nil).URL(charm)
			watched := f.watchReplaced("back "+name+", with another key", url)

			f.refresh()
			f.awaitStatus("active", active)
			f.action(charm+"/0", "rotate-private-key")
			f.must(f.Settle(f.ctx))
			f.awaitStatus("active", active)
			f.awaitLeaf(url, last(f.ca.Issued(host)))
			watched.more()
			bags := f.bags()

			f.rollBack()
			f.sets = nil
			f.reconcile()
			watched.more()
			f.sameBags(bags)

			f.refresh()
			f.awaitStatus("active", active)
			f.sameBags(bags)
			f.writesNothing()
			watched.end()
			if n := len(f.ca.Issued(host)); n != 2 || len(watched.All[0].Leaves) != 2 {
				t.Errorf("%d certificates were issued, %d served, not one for each key", n, len(watched.All[0].Leaves))
			}
		})
	}
}

// secrets are the contents of the secrets in Juju, by label.
func (f *refresh) secrets() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, secret := range f.Juju.Secrets() {
		all[secret.Label+" of "+secret.Owner] = maps.Clone(secret.Content)
	}
	return all
}
