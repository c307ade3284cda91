package e2e_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// TestRefreshPending refreshes while the Python charm waits for its certificate: the
// same request is answered.
func TestRefreshPending(t *testing.T) {
	t.Parallel()
	const host = "pending.example.com"
	f := newRefresh(t, "pending", map[string]any{"external-hostname": host})
	f.withAuthority()
	f.ca.Hold = true
	app := f.related("web", nil)
	// It publishes a URL whether or not somebody is served there.
	if app.URL(charm) == "" || f.has("Secret/"+charm+"-secret-"+host) {
		t.Fatalf("published %q before there is a certificate", app.URL(charm))
	}
	requests := f.requests()
	bags := f.bags()
	f.refresh()
	f.awaitStatusBeginning("waiting " + pending)
	if diff := cmp.Diff(requests, f.requests()); diff != "" || len(requests) != 1 {
		t.Errorf("requests (-before +after):\n%s", diff)
	}
	// A URL is a promise.
	if got := f.changed(bags); len(got) != 1 || app.URL(charm) != "" {
		t.Errorf("changed %v, published %q", got, app.URL(charm))
	}
	f.ca.Hold = false
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	f.awaitAnswer(app.URL(charm), 200)
	if n := len(f.ca.Issued(host)); n != 1 || !slices.Equal(requests, f.requests()) {
		t.Errorf("%d certificates were issued", n)
	}
	f.owned()
}

// TestRefreshMendsOutage refreshes when one pending certificate has taken down HTTPS for every
// host: the Python charm has deleted all Secrets and HTTPS listeners. Our first hook serves every
// host with a certificate again.
func TestRefreshMendsOutage(t *testing.T) {
	t.Parallel()
	f := newRefresh(t, "outage", map[string]any{})
	f.withAuthority()
	f.configurator("first", "outage", "first.outage.example.com")
	f.reconcile()
	const first, second = "https://first.outage.example.com/first", "https://second.outage.example.com/second"
	f.awaitAnswer(first, 200)
	f.ca.HoldHosts = []string{"second.outage.example.com"}
	f.configurator("second", "outage", "second.outage.example.com")
	f.reconcile()
	f.awaitRefused(first)
	if f.has("Secret/" + charm + "-secret-first.outage.example.com") {
		t.Fatal("the Python charm is better than it is said to be")
	}
	requests, bags := f.requests(), f.bags()

	f.refresh()
	f.awaitAnswer(first, 200)
	f.sameBags(bags)
	f.ca.HoldHosts = nil
	f.must(f.Settle(f.ctx))
	f.awaitAnswer(second, 200)
	f.awaitStatus("active", active)
	if !slices.Equal(requests, f.requests()) || len(f.ca.Issued("first.outage.example.com")) != 1 || len(f.ca.Issued("second.outage.example.com")) != 1 {
		t.Error("certificates were issued again")
	}
	f.owned()
}

// TestRefreshHalfDone refreshes when the last hook of the Python charm did half of its work.
func TestRefreshHalfDone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ plural, name string }{
		"no-service": {"services", charm + "-web-service"},
		"no-route":   {"httproutes", charm + "-https-no-route-half-example-com"},
		"no-secret":  {"secrets", charm + "-secret-no-secret.half.example.com"},
		"no-gateway": {"gateways", charm},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := name + ".half.example.com"
			f := newRefresh(t, "half-"+name, map[string]any{"external-hostname": host})
			f.withAuthority()
			app := f.related("web", nil)
			f.awaitAnswer(app.URL(charm), 200)
			f.must(f.python.Delete(f.ctx, test.plural, test.name))
			bags := f.bags()
			f.refresh()
			f.awaitStatus("active", active)
			f.awaitAnswer(app.URL(charm), 200)
			f.sameBags(bags)
			if n := len(f.ca.Issued(host)); n != 1 {
				t.Errorf("%d certificates were issued", n)
			}
			f.owned()
			f.deployedAnew()
		})
	}
}

// TestRefreshUnits refreshes an application of two units, of which another than the one
// that did the work leads afterwards: before our first hook, and in the middle of it.
func TestRefreshUnits(t *testing.T) {
	t.Parallel()
	_, legacy := tlscertificates.KeyLabels("certificates")
	tests := map[string]struct {
		keyOwner string
		amid     bool
		issued   int
	}{
		"before": {keyOwner: charm, issued: 1},
		"amid":   {keyOwner: charm, amid: true, issued: 1},
		// A key that only the other unit can read is lost: what is served stays
		// until there is a certificate for another.
		"unit-key": {keyOwner: charm + "/0", issued: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := name + ".units.example.com"
			f := newRefresh(t, "units-"+name, map[string]any{"external-hostname": host})
			f.python.KeyOwner, f.python.KeyLabel = test.keyOwner, legacy
			f.withAuthority()
			next, err := f.Juju.AddUnit(f.ctx, charm)
			f.must(err)
			app := f.related("web", nil)
			watched, redirects := f.watchReplaced(t.Name(), app.URL(charm)), f.redirected(app.URL(charm))
			bags := f.bags()
			if test.amid {
				f.must(f.Juju.LoseLeadershipDuringHook(charm+"/0", 12, next))
			} else {
				f.must(f.Juju.SetLeader(charm, next))
			}
			f.refresh()
			if f.leader() != next {
				t.Fatalf("%s leads", f.leader())
			}
			watched.more()
			f.must(f.Await(f.ctx, charm, func() error { return f.unitIs(next, "active", f.here(active)) }))
			f.must(f.unitIs(charm+"/0", "active", "Standby"))
			watched.end()
			redirects()
			if n := len(f.ca.Issued(host)); n != test.issued {
				t.Errorf("%d certificates were issued", n)
			}
			if test.issued == 1 {
				f.sameBags(bags)
			}
			f.owned()
			f.writesNothing()
		})
	}
}

// TestRefreshInterrupted kills our first hook after some of its hook tools, and then its pod at its
// end: the next hook finishes, and no client notices.
func TestRefreshInterrupted(t *testing.T) {
	t.Parallel()
	const host = "interrupted.example.com"
	f := newRefresh(t, "interrupted", map[string]any{"external-hostname": host})
	f.withAuthority()
	app := f.related("web", nil)
	url := app.URL(charm)
	watched, redirects := f.watchReplaced("interrupted", url), f.redirected(url)
	bags := f.bags()
	killed, observe := 0, f.run
	f.run = func(run jujutest.HookRun) {
		observe(run)
		if run.ExitCode == 137 {
			killed++
		}
	}
	kills := []int{3, 15, 25}
	for _, n := range kills {
		f.must(f.Juju.KillDuringHook(charm+"/0", n))
	}
	f.refresh()
	f.Juju.ClearFaults()
	if killed != len(kills) {
		t.Errorf("%d hooks were killed, not %d", killed, len(kills))
	}
	f.must(f.Juju.KillPod(f.ctx, charm+"/0"))
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	watched.end()
	redirects()
	f.sameBags(bags)
	f.oneCertificate(watched, host)
	f.owned()
	f.writesNothing()
}
