package e2e_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// followed accepts what serves a client that follows redirects to HTTPS.
func followed(response lab.Response) error {
	if response.Code == 301 && strings.HasPrefix(response.Location, "https://") {
		return nil
	}
	return routed(response)
}

// either starts a client of plain HTTP that takes an answer, or a redirect to HTTPS.
// The function it gives ends that, and reports.
func (f *fixture) either(story, url string) func() {
	return f.ending(story, f.ProbeWith(url, nil, followed))
}

// awaitHSTS waits until the header is what it should be; no value for no header.
func (f *fixture) awaitHSTS(url string, want ...string) {
	f.t.Helper()
	var pool *x509.CertPool
	if f.ca != nil {
		pool = f.ca.Pool()
	}
	f.must(f.Await(f.ctx, charm, func() error {
		response, err := f.Get(f.ctx, url, pool)
		if err == nil && !slices.Equal(response.HSTS, want) {
			err = fmt.Errorf("%s has Strict-Transport-Security %v, not %q", url, response.HSTS, want)
		}
		return err
	}))
}

// TestEnforceSwitched switches enforce-https under traffic, over HTTPS and over
// HTTP. Strict-Transport-Security is there while it is enforced.
func TestEnforceSwitched(t *testing.T) {
	t.Parallel()
	const story = "enforce-https switched"
	const year = "max-age=31536000"
	f := newFixture(t, "switched", map[string]any{"external-hostname": "switched.example.com"}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	url := app.URL(charm)
	plain := "http://switched.example.com/switched-web"
	watched := f.watch(story+", over HTTPS", url)
	f.awaitAnswer(plain, 301)
	end := f.either(story+", over HTTP", plain)
	f.awaitHSTS(url, year)
	for range 3 {
		f.configure(map[string]any{"enforce-https": false})
		f.awaitAnswer(plain, 200)
		f.awaitHSTS(url) // Nor does the application's own pass, on a host that is not its alone.
		f.configure(map[string]any{"enforce-https": true})
		f.awaitAnswer(plain, 301)
		f.awaitHSTS(url, year)
	}
	f.configure(map[string]any{"hsts-max-age": 0})
	f.awaitHSTS(url, "max-age=0")
	f.configure(map[string]any{"hsts-max-age": 300})
	f.awaitHSTS(url, "max-age=300")
	f.configure(map[string]any{"enforce-https": false})
	f.awaitHSTS(url)
	if response := f.awaitAnswer(plain, 200); len(response.HSTS) > 0 {
		t.Errorf("Strict-Transport-Security over HTTP: %v", response.HSTS)
	}
	end()
	watched.end()
}

// TestCertificatesOptional removes and relates the authority while HTTPS is not
// enforced: HTTP goes on alone.
func TestCertificatesOptional(t *testing.T) {
	t.Parallel()
	const story = "certificates removed without enforce-https"
	f := newFixture(t, "optional", map[string]any{"external-hostname": "optional.example.com", "enforce-https": false}).withAuthority()
	app := f.app("web", 8080, nil)
	const plain, secure = "http://optional.example.com/optional-web", "https://optional.example.com/optional-web"
	f.awaitStatus("active", active+" (enforce-https is set to false)")
	watched := f.watch(story, plain)
	f.awaitAnswer(secure, 200)
	f.must(f.Unrelate(f.ctx, charm, "ca"))
	f.must(f.Settle(f.ctx))
	f.awaitRefused(secure)
	if got := app.URL(charm); got != plain {
		t.Errorf("published %s", got)
	}
	f.awaitStatus("active", active+" (enforce-https is set to false)")
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	f.must(f.Settle(f.ctx))
	f.awaitAnswer(secure, 200)
	if got := app.URL(charm); got != secure {
		t.Errorf("published %s", got)
	}
	watched.end()
}

// TestRedirectOne: one application asks for HTTPS where it is not enforced. Only it is redirected,
// and never served without TLS while there is an authority.
func TestRedirectOne(t *testing.T) {
	t.Parallel()
	const story = "redirect-https of one application"
	f := newFixture(t, "redirect", map[string]any{"external-hostname": "redirect.example.com", "enforce-https": false})
	f.withAuthority()
	plain := f.app("plain", 8080, nil)
	const base = "redirect.example.com/redirect-"
	f.awaitAnswer("https://"+base+"plain", 200)
	watched := f.watch(story+", the other", plain.URL(charm))
	inClear := f.neverClear(story+", in clear", "http://"+base+"strict")
	strict := f.app("strict", 8080, map[string]string{"redirect-https": "true"})
	f.awaitAnswer("http://"+base+"strict", 301)
	if got := strict.URL(charm); got != "https://"+base+"strict" {
		t.Errorf("published %s", got)
	}
	secured := f.watch(story+", over HTTPS", strict.URL(charm))
	f.configure(map[string]any{"enforce-https": true})
	f.awaitAnswer("http://"+base+"plain", 301)
	f.configure(map[string]any{"enforce-https": false})
	f.awaitAnswer("http://"+base+"plain", 200)
	secured.end()

	// Revoked, it is served nowhere; the other one goes on over HTTP.
	watched.end()
	other := f.watch(story+", the other in clear, without a certificate", "http://"+base+"plain")
	f.ca.RevokeIssued("redirect.example.com")
	f.must(f.Settle(f.ctx))
	f.awaitRefused("https://" + base + "strict")
	f.awaitAnswer("http://"+base+"strict", 404)
	f.ca.Reissue("redirect.example.com")
	f.must(f.Settle(f.ctx))
	f.awaitAnswer("https://"+base+"strict", 200)
	f.awaitAnswer("http://"+base+"strict", 301)
	other.end()
	inClear()
}
