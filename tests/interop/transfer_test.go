package interop_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestTransfer has the real certificate_transfer library read the version that we ask
// for, and tell us of authorities. An application that speaks TLS is served while its
// own is among them, whichever unit of the provider leads.
func TestTransfer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "transfer", host("transfer")).withAuthority(nil)
	good, err := lab.NewAuthority("good")
	f.must(err)
	other, err := lab.NewAuthority("other")
	f.must(err)
	app, err := f.AddTLSApp(f.ctx, "vault", 8443, 1, good)
	f.must(err)
	f.must(f.Relate(f.ctx, "vault:ingress", charm))
	f.must(f.Settle(f.ctx))
	if url := app.URL(charm); url != "" {
		t.Fatalf("URL is %q", url)
	}
	front := f.one("ca/0")

	f.python("trust", "trust", jujutest.DeployOptions{Units: 2, Config: map[string]any{"certificates": other.PEM() + "\n" + good.PEM()}})
	f.must(f.Relate(f.ctx, charm+":receive-ca-cert", "trust"))
	f.must(f.Settle(f.ctx))
	f.awaitStatus(active)
	const url = "https://transfer.example.com/transfer-vault"
	if got := app.URL(charm); got != url {
		t.Fatalf("URL is %q, not %q", got, url)
	}
	f.awaitServed(url, front.Root, front.Certificates[0].Certificate)

	// The next leader tells the same, and nobody has anything to say to that.
	f.must(f.Juju.SetLeader("trust", "trust/1"))
	if diff := cmp.Diff([]string{"trust/1 leader-elected"}, f.settle()); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}

	// Without the application's authority it is reached by nobody.
	f.configure("trust", map[string]any{"certificates": other.PEM()})
	f.must(cluster.Eventually(f.ctx, lab.Patience, func(ctx context.Context) error {
		for range 10 {
			if err := f.Expect(ctx, url, poolOf(t, front.Root), http.StatusInternalServerError); err != nil {
				return err
			}
		}
		return nil
	}))
	before := app.Reached.Load()
	f.must(f.Expect(f.ctx, url, poolOf(t, front.Root), http.StatusInternalServerError))
	if after := app.Reached.Load(); after != before {
		t.Errorf("%d requests reached an application that was not verified", after-before)
	}
	f.must(f.Unrelate(f.ctx, charm, "trust"))
	f.must(f.Settle(f.ctx))
	if url := app.URL(charm); url != "" {
		t.Errorf("URL is %q", url)
	}
}
