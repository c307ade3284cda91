package e2e_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestHTTPS follows two applications from the deployment to the removal of the
// charm, by what a client sees.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "https", map[string]any{"external-hostname": "https.example.com"})
	f.awaitStatus("blocked", "Certificates relation is needed if enforce-https is enabled. Try `juju integrate gateway-api-integrator:certificates CA`")
	f.withAuthority()
	web := f.app("web", 8080, nil)
	blog := f.app("blog", 80, map[string]string{"strip-prefix": "true"})
	f.awaitStatus("active", active)

	const base = "https://https.example.com"
	if got := []string{web.URL(charm), blog.URL(charm)}; !slices.Equal(got, []string{base + "/https-web", base + "/https-blog"}) {
		t.Fatalf("published %v", got)
	}
	t.Run("plain HTTP is redirected", func(t *testing.T) {
		for _, path := range []string{"/https-web/a?b=c", "/https-blog", "/nothing"} {
			response := f.awaitAnswer("http://https.example.com"+path, 301)
			if response.Location != base+path {
				t.Errorf("%s goes to %s", path, response.Location)
			}
		}
	})
	t.Run("the path is kept", func(t *testing.T) {
		got := f.awaitAnswer(base+"/https-web/a/b", 200)
		want := lab.Response{
			Code: 200, HSTS: []string{"max-age=31536000"},
			Echo: lab.Echo{Unit: "web/0", Path: "/https-web/a/b", Proto: "https", HTTP: "HTTP/1.1"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("the path is stripped", func(t *testing.T) {
		for path, want := range map[string]string{"/https-blog": "/", "/https-blog/": "/", "/https-blog/a/b": "/a/b"} {
			got := f.awaitAnswer(base+path, 200).Echo
			if got.Unit != "blog/0" || got.Path != want || got.Prefix != "/https-blog" {
				t.Errorf("%s reaches %+v", path, got)
			}
		}
	})
	t.Run("other paths are not found", func(t *testing.T) {
		for _, path := range []string{"/", "/https-webx", "/https"} {
			f.awaitAnswer(base+path, 404)
		}
		const up = "/https-web/../x"
		if !traits().KeepsPaths {
			f.awaitAnswer(base+up, 404)
		} else if got := f.awaitAnswer(base+up, 200).Echo; got.Unit != "web/0" || got.Path != up {
			t.Errorf("%s reaches %+v", up, got)
		}
	})
	t.Run("removing one leaves the other", func(t *testing.T) {
		f.unfailing(web.URL(charm), func() {
			f.must(f.Unrelate(f.ctx, "blog:ingress", charm))
			f.must(f.Settle(f.ctx))
			f.awaitAnswer(base+"/https-blog", 404)
		})
		objects, err := f.Objects(f.ctx, charm)
		f.must(err)
		want := []string{
			"Gateway/" + charm, "HTTPRoute/" + lab.RedirectRoute(charm, "https.example.com"), "HTTPRoute/" + charm + "-https-web",
			"Service/" + charm + "-web-service", "Secret/" + charm + "-secret-https.example.com",
		}
		if diff := cmp.Diff(want, objects); diff != "" {
			t.Errorf("objects (-want +got):\n%s", diff)
		}
	})
	t.Run("scaling to zero keeps the traffic, removal leaves nothing", func(t *testing.T) {
		f.unfailing(web.URL(charm), func() {
			f.must(f.Juju.RemoveUnit(f.ctx, charm+"/0"))
			f.must(f.Settle(f.ctx))
		})
		f.must(f.Remove(f.ctx, charm))
		f.awaitNothing()
	})
}

// TestProviderFallsSilent shows that a host is still served when its provider takes back what it
// has issued without revoking it, until there is a better certificate.
func TestProviderFallsSilent(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "silent", map[string]any{"external-hostname": "silent.example.com"}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	f.unfailing(app.URL(charm), func() {
		f.ca.Mute = true
		f.must(f.Settle(f.ctx))
		f.awaitStatus("waiting", "Waiting for TLS certificates to be issued.")
		f.ca.Mute = false
		f.must(f.Settle(f.ctx))
		f.awaitStatus("active", active)
	})
}

// TestWithdrawal shows that what may not be served is withdrawn at once, and that nothing is served
// without TLS instead.
func TestWithdrawal(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "withdraw", map[string]any{"external-hostname": "withdraw.example.com"}).withAuthority()
	f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	const secure, plain = "https://withdraw.example.com/withdraw-web", "http://withdraw.example.com/withdraw-web"
	f.awaitAnswer(secure, 200)

	f.ca.Revoke = []string{"withdraw.example.com"}
	f.must(f.Settle(f.ctx))
	f.awaitAnswer(plain, 404)
	f.awaitRefused(secure)
	f.awaitStatus("waiting", "Waiting for a certificate for withdraw.example.com: the certificate is revoked")

	f.ca.Revoke = nil
	f.must(f.Settle(f.ctx))
	f.awaitAnswer(secure, 200)

	f.must(f.Unrelate(f.ctx, charm, "ca"))
	f.must(f.Settle(f.ctx))
	f.awaitAnswer(plain, 404)
	f.awaitRefused(secure)
	f.awaitStatus("blocked", "Certificates relation is needed if enforce-https is enabled. Try `juju integrate gateway-api-integrator:certificates CA`")
}
