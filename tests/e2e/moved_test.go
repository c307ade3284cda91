package e2e_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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

// waits reports whether a URL is of a host whose certificate comes later.
func (m move) waits(url string) bool {
	return slices.ContainsFunc(m.held, func(host string) bool { return strings.HasPrefix(url, "https://"+host+"/") })
}

// movers are users of applications while these move: they ask at the old URL and at the new
// one all the while, and at the one that the application has been told.
type movers struct {
	f     *fixture
	story string
	all   []*lab.Visitors
}

// moving has users visit an application where it is and where it is going to be.
func (f *fixture) moving(story string, app *lab.App, next string) *movers {
	f.t.Helper()
	m := &movers{f: f, story: story}
	m.visit(app, app.URL(charm), next)
	return m
}

func (m *movers) visit(app *lab.App, urls ...string) {
	m.f.t.Helper()
	m.f.awaitVisited(urls[0])
	v := m.f.Visit(app, charm, m.f.pool(), urls...)
	m.f.t.Cleanup(v.Stop)
	m.all = append(m.all, v)
}

// more waits until there were some more visits that began from now on.
func (m *movers) more() {
	m.f.t.Helper()
	now := time.Now()
	m.f.must(eventually(m.f.ctx, func(context.Context) error {
		for _, v := range m.all {
			if n := v.Since(now); n < 5 {
				return fmt.Errorf("%d visits at %v", n, v.URLs)
			}
		}
		return nil
	}))
}

// end reports: each visit is to be served at one of the two URLs, and at the one told.
func (m *movers) end() {
	m.f.t.Helper()
	m.more()
	for _, v := range m.all {
		v.Stop()
		m.f.t.Logf("%s, %v: %d visits, the slowest answer in %s; %v at neither; %v at the one told",
			m.story, v.URLs, v.Visits, v.Slowest.Round(time.Millisecond), v.Nowhere, v.Told)
		if v.Nowhere.Count > 0 {
			m.f.t.Errorf("%s: %d of %d visits were served at neither of %v", m.story, v.Nowhere.Count, v.Visits, v.URLs)
		}
		if bound := untold(v.Slowest); v.Told.Longest > bound {
			m.f.t.Errorf("%s: for %s visits were not served at the URL that the application was told, more than %s", m.story, v.Told.Longest, bound)
		}
	}
}

// move carries one out, under traffic.
func (f *fixture) move(m move, apps ...*lab.App) {
	f.t.Helper()
	users := &movers{f: f, story: m.name}
	for i, app := range apps {
		old := app.URL(charm)
		users.visit(app, old, m.urls[i])
		if i == 0 && strings.HasPrefix(old, "https:") {
			users.visit(app, inClear(old), inClear(m.urls[i]))
		}
	}
	users.more()
	if len(m.held) == 0 {
		f.rest()
	}
	if f.ca != nil {
		f.ca.HoldHosts = m.held
	}
	f.configure(m.config)
	if len(m.held) > 0 {
		f.awaitStatusBeginning("waiting " + pending)
		for i, app := range apps {
			if url := app.URL(charm); url == m.urls[i] && m.waits(url) {
				f.t.Errorf("%s: %s is told %s before there is a certificate", m.name, app.Name, url)
			}
		}
		users.more()
		f.rest()
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
	users.end()
	for _, host := range m.held {
		f.ca.Reissue(host) // A real provider remembers nothing that is not asked for any more.
	}
}

// untold bounds the time in which the data plane may not know what its controller has
// judged already, since no charm can see that: Traefik holds a change back for two seconds
// at each of two places after it has said that all is programmed, and then makes it
// effective. On a machine where an answer takes time, that and the next visit take as long
// too: such time is added, and never more than what is allowed on a calm machine.
func untold(slowest time.Duration) time.Duration {
	allowed := traits().Unaware
	return allowed + min(slowest, allowed)
}

// rest lets the data plane come to rest, as it is between two changes in life. Traefik serves
// the first change after that at once, and holds back for two seconds what comes next: that
// is when it shows whether each change of a hook is good by itself.
func (f *fixture) rest() {
	f.t.Helper()
	if held := traits().HoldsBack; held > 0 {
		f.await(time.Now().Add(held + held/10))
		return
	}
	f.nextSecond()
}

// nextSecond waits until what is made is newer than what there is: Kubernetes tells the time
// in seconds.
func (f *fixture) nextSecond() {
	f.t.Helper()
	f.await(time.Now().Truncate(time.Second).Add(time.Second))
}

func inClear(url string) string { return "http://" + strings.TrimPrefix(url, "https://") }

// pool is what the users trust.
func (f *fixture) pool() *x509.CertPool {
	if f.ca == nil {
		return nil
	}
	return f.ca.Pool()
}

// awaitVisited waits until a URL serves, also by a redirect to HTTPS.
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

// asDeployed has Traefik hold changes back for as long as it does where operators deploy it.
// The stories that want that are not told in parallel with others, whose changes would keep
// it from being at rest.
func asDeployed(t *testing.T) {
	if traits().HoldsBack == 0 {
		return
	}
	restart := func(brisk bool) {
		shared.StopTraefik()
		shared.BeBrisk(brisk)
		if err := shared.StartTraefik(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	restart(false)
	t.Cleanup(func() { restart(true) })
}

// TestHostMoved changes external-hostname, once with the certificate of the new host at once, and
// once with a delay.
func TestHostMoved(t *testing.T) {
	asDeployed(t)
	f := newFixture(t, "mover", map[string]any{"external-hostname": "a.example.com"}).withAuthority()
	one, two := f.app("one", 8080, nil), f.app("two", 8080, map[string]string{"strip-prefix": "true"})
	f.awaitStatus("active", active)
	to := func(name, host string, held ...string) {
		f.move(move{
			name: name, config: map[string]any{"external-hostname": host}, held: held,
			urls: []string{"https://" + host + "/mover-one", "https://" + host + "/mover-two"},
		}, one, two)
	}
	to("host changed, certificate at once", "b.example.com")
	to("host changed, certificate pending", "c.example.com", "c.example.com")
	to("host changed back, certificate at once", "a.example.com")
	f.awaitLeft("https://b.example.com/mover-one")
	f.awaitLeft("https://c.example.com/mover-two")
	f.awaitRequests(1)
}

// TestHostMovedToServedHost does the same with hosts that are served before and after, because
// another application wants them: their certificates and listeners stay.
func TestHostMovedToServedHost(t *testing.T) {
	asDeployed(t)
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
	asDeployed(t)
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
	for _, url := range append(path(b), subdomain(b)...) {
		f.awaitLeft(url)
	}
	f.awaitRequests(2)
}

// TestManyMoved changes the domain twice under a dozen applications with a host each. No HTTPRoute
// collects parents: Cilium up to 1.19 never removes an entry from status.parents, and changes
// nothing of a Gateway any more if a route would have 33.
func TestManyMoved(t *testing.T) {
	asDeployed(t)
	const a, b = "a.crowded.example.com", "b.crowded.example.com"
	f := newFixture(t, "crowded", map[string]any{"external-hostname": a, "routing-mode": "subdomain"}).withAuthority()
	var apps []*lab.App
	for i := range 12 {
		apps = append(apps, f.app(fmt.Sprintf("app%d", i), 8080, nil))
	}
	f.awaitStatus("active", active)
	visited := []*lab.App{apps[0], apps[11]}
	for _, domain := range []string{b, a} {
		f.move(move{
			name: "domain of a dozen changed", config: map[string]any{"external-hostname": domain},
			urls: []string{"https://crowded-app0." + domain + "/", "https://crowded-app11." + domain + "/"},
		}, visited...)
		routes, err := shared.Dynamic().Resource(ourRoutes).Namespace(f.Model).List(f.ctx, metav1.ListOptions{})
		f.must(err)
		for _, route := range routes.Items {
			if parents, _, _ := unstructured.NestedSlice(route.Object, "spec", "parentRefs"); len(parents) != 1 {
				t.Errorf("%s has %d parents", route.GetName(), len(parents))
			}
		}
	}
	for i := range apps {
		f.awaitLeft(fmt.Sprintf("https://crowded-app%d.%s/", i, b))
	}
	f.awaitRequests(12)
}

// TestMovedWithoutHTTPS does the same where nothing is encrypted: there is no certificate
// to wait for.
func TestMovedWithoutHTTPS(t *testing.T) {
	asDeployed(t)
	const a, b = "a.unsecured.example.com", "b.unsecured.example.com"
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
	asDeployed(t)
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
