package e2e_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// A move gives applications other URLs: what the operator sets, and what comes of it.
type move struct {
	name   string
	config map[string]any
	urls   []string // where the applications are served when it is done, in their order
	// held are hosts whose certificates come later than the hook that asks for them. Those
	// of the others are issued at once.
	held []string
}

// move carries one out. Users of each application ask at its old URL and at its new one all
// the while, and at the URL of the moment: each of them is served at one of the two, and at
// the one that the application has been told.
func (f *fixture) move(m move, apps ...*lab.App) {
	f.t.Helper()
	var all []*lab.Visitors
	visit := func(app *lab.App, urls ...string) {
		f.awaitVisited(urls[0])
		v := f.Visit(app, charm, f.pool(), urls...)
		f.t.Cleanup(v.Stop)
		all = append(all, v)
	}
	for i, app := range apps {
		old := app.URL(charm)
		visit(app, old, m.urls[i])
		if i == 0 && strings.HasPrefix(old, "https:") {
			visit(app, inClear(old), inClear(m.urls[i]))
		}
	}
	if len(m.held) == 0 {
		f.rest(all)
	}
	if f.ca != nil {
		f.ca.HoldHosts = m.held
	}
	f.configure(m.config)
	if len(m.held) > 0 {
		f.awaitStatusBeginning("waiting " + pending)
		f.rest(all)
		f.ca.HoldHosts = nil
		f.must(f.Settle(f.ctx))
	}
	for i, app := range apps {
		f.must(f.Await(f.ctx, charm, func() error {
			if url := app.URL(charm); url != m.urls[i] {
				return fmt.Errorf("%s is told %s, not %s", app.Name, url, m.urls[i])
			}
			return nil
		}))
		f.awaitVisited(m.urls[i])
	}
	f.awaitStatusBeginning("active " + active)
	f.awaitVisits(all)
	for _, v := range all {
		v.Stop()
		f.t.Logf("%s, %v: %d visits; %v at neither; %v at the one told", m.name, v.URLs, v.Visits, v.Nowhere, v.Told)
		if v.Nowhere.Count > 0 {
			f.t.Errorf("%s: %d of %d visits were served at neither of %v", m.name, v.Nowhere.Count, v.Visits, v.URLs)
		}
		if v.Told.Longest > untold() {
			f.t.Errorf("%s: for %s visits were not served at the URL that the application was told", m.name, v.Told.Longest)
		}
	}
	if f.ca != nil {
		for _, m := range m.held {
			f.ca.Reissue(m) // A real provider remembers nothing that is not asked for any more.
		}
	}
}

// untold bounds the time in which the data plane may not know what its controller has
// judged already, since no charm can see that: Traefik serves a change up to two seconds
// after it has said that all is programmed.
func untold() time.Duration {
	if onEnvoy() {
		return time.Second
	}
	return 4 * time.Second
}

// rest lets the data plane come to rest, as it is between two changes in life. Traefik serves
// the first change after that at once, and holds back for two seconds what comes next: that
// is when it shows whether each change of a hook is good by itself.
func (f *fixture) rest(all []*lab.Visitors) {
	f.t.Helper()
	if !onEnvoy() {
		f.await(time.Now().Add(2200 * time.Millisecond))
	}
	f.awaitVisits(all)
}

func inClear(url string) string { return "http://" + strings.TrimPrefix(url, "https://") }

// pool is what the users trust.
func (f *fixture) pool() *x509.CertPool {
	if f.ca == nil {
		return nil
	}
	return f.ca.Pool()
}

// awaitVisited waits until a URL serves, be it by a redirect to HTTPS.
func (f *fixture) awaitVisited(url string) {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		response, err := f.Get(ctx, url, f.pool())
		if err == nil && response.Code != 301 {
			err = lab.Succeeds(response)
		}
		return err
	}))
}

// awaitVisits waits until there were some more visits that began from now on.
func (f *fixture) awaitVisits(all []*lab.Visitors) {
	f.t.Helper()
	now := time.Now()
	f.must(eventually(f.ctx, func(context.Context) error {
		for _, v := range all {
			if n := v.Since(now); n < 5 {
				return fmt.Errorf("%d visits at %v", n, v.URLs)
			}
		}
		return nil
	}))
}

// The moves are not told in parallel with other stories, whose changes would keep Traefik
// from being at rest.

// TestHostMoved changes external-hostname, with the certificate of the new host at once, and
// with one that keeps everybody waiting.
func TestHostMoved(t *testing.T) {
	f := newFixture(t, "relocated", map[string]any{"external-hostname": "a.example.com"}).withAuthority()
	one, two := f.app("one", 8080, nil), f.app("two", 8080, map[string]string{"strip-prefix": "true"})
	f.awaitStatus("active", active)
	to := func(name, host string, held ...string) {
		f.move(move{
			name: name, config: map[string]any{"external-hostname": host}, held: held,
			urls: []string{"https://" + host + "/relocated-one", "https://" + host + "/relocated-two"},
		}, one, two)
	}
	to("host changed, certificate at once", "b.example.com")
	to("host changed, certificate pending", "c.example.com", "c.example.com")
	to("host changed back, certificate at once", "a.example.com")
}

// TestHostMovedToServedHost does the same with hosts that are served before and after, since
// another application wants them: their certificates and listeners stay.
func TestHostMovedToServedHost(t *testing.T) {
	const a, b = "a.ready.example.com", "b.ready.example.com"
	f := newFixture(t, "ready", map[string]any{"external-hostname": a}).withAuthority()
	one := f.app("one", 8080, nil)
	f.configurator("routes", "ready", a, b)
	f.awaitStatus("active", active)
	for _, host := range []string{b, a} {
		f.move(move{
			name: "host changed, certificate at hand", config: map[string]any{"external-hostname": host},
			urls: []string{"https://" + host + "/ready-one"},
		}, one)
	}
}

// TestModeMoved changes routing-mode, the domain, and both.
func TestModeMoved(t *testing.T) {
	const a, b = "a.moving.example.com", "b.moving.example.com"
	f := newFixture(t, "moving", map[string]any{"external-hostname": a}).withAuthority()
	one, two := f.app("one", 8080, nil), f.app("two", 8080, nil)
	f.awaitStatus("active", active)
	path := func(host string) []string {
		return []string{"https://" + host + "/moving-one", "https://" + host + "/moving-two"}
	}
	hosts := func(domain string) []string { return []string{"moving-one." + domain, "moving-two." + domain} }
	subdomain := func(domain string) []string {
		return []string{"https://" + hosts(domain)[0] + "/", "https://" + hosts(domain)[1] + "/"}
	}
	for _, m := range []move{
		{name: "path to subdomain, certificates at once", config: map[string]any{"routing-mode": "subdomain"}, urls: subdomain(a)},
		{name: "domain changed, one certificate pending", config: map[string]any{"external-hostname": b}, urls: subdomain(b), held: hosts(b)[:1]},
		{name: "subdomain to path, certificate at once", config: map[string]any{"routing-mode": "path"}, urls: path(b)},
		{name: "path and host to subdomain, certificates pending", config: map[string]any{"routing-mode": "subdomain", "external-hostname": a}, urls: subdomain(a), held: hosts(a)},
	} {
		f.move(m, one, two)
	}
}

// TestMovedWithoutHTTPS does the same where nothing is encrypted: there is no certificate
// to wait for.
func TestMovedWithoutHTTPS(t *testing.T) {
	const a, b = "a.plain.example.com", "b.plain.example.com"
	f := newFixture(t, "unsecured", map[string]any{"external-hostname": a, "enforce-https": false})
	one := f.app("one", 8080, nil)
	f.awaitStatusBeginning("active " + active)
	for _, m := range []move{
		{name: "host changed, in clear", config: map[string]any{"external-hostname": b}, urls: []string{"http://" + b + "/unsecured-one"}},
		{name: "path to subdomain, in clear", config: map[string]any{"routing-mode": "subdomain"}, urls: []string{"http://unsecured-one." + b + "/"}},
		{name: "subdomain to path, in clear", config: map[string]any{"routing-mode": "path"}, urls: []string{"http://" + b + "/unsecured-one"}},
	} {
		f.move(m, one)
	}
}

// TestMovedWithoutEnforcement does the same where HTTPS is offered and not enforced.
func TestMovedWithoutEnforcement(t *testing.T) {
	const a, b = "a.offered.example.com", "b.offered.example.com"
	f := newFixture(t, "offered", map[string]any{"external-hostname": a, "enforce-https": false}).withAuthority()
	one := f.app("one", 8080, nil)
	f.awaitStatusBeginning("active " + active)
	for _, m := range []move{
		{name: "host changed, HTTPS not enforced, certificate at once", config: map[string]any{"external-hostname": b}, urls: []string{"https://" + b + "/offered-one"}},
		{name: "path to subdomain, HTTPS not enforced, certificate pending", config: map[string]any{"routing-mode": "subdomain"}, urls: []string{"https://offered-one." + b + "/"}, held: []string{"offered-one." + b}},
	} {
		f.move(m, one)
	}
}
