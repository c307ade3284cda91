package interop_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// What the Python requirer's library has in hand, see charms/requirer.
type requirerReport struct {
	Requests     []string
	Certificates []string
	Key          bool
	Capabilities map[string]any
}

func (f *fixture) requirer(unit string) requirerReport {
	f.t.Helper()
	var report requirerReport
	f.report(unit, &report)
	return report
}

// TestModes relates one authority to the charm, which asks in its application's
// databag, and to Python requirers that ask there and in their units'. The library
// reads them all, and none sees another's.
func TestModes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "modes", host("modes")).withAuthority(nil)
	url := f.hello("modes")
	ours := f.one("ca/0")
	f.python("app", "requirer", jujutest.DeployOptions{Config: map[string]any{"external-hostname": "app.example.com"}})
	f.python("units", "requirer", jujutest.DeployOptions{Units: 2, Config: map[string]any{"external-hostname": "example.com", "mode": "unit"}})
	f.must(f.Relate(f.ctx, "app", "ca"))
	f.must(f.Relate(f.ctx, "units", "ca"))
	f.must(f.Settle(f.ctx))

	seen := f.authority("ca/0")
	var names []string
	for _, request := range seen.Requests {
		names = append(names, request.Names...)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"app.example.com", "modes.example.com", "units-0.example.com", "units-1.example.com"}, names); diff != "" {
		t.Errorf("names asked for (-want +got):\n%s", diff)
	}
	if len(seen.Certificates) != 4 || !slices.Contains(seen.Certificates, ours.Certificates[0]) {
		t.Errorf("the library sees %+v", seen)
	}
	for _, unit := range []string{"app/0", "units/0", "units/1"} {
		if has := f.requirer(unit); len(has.Requests) != 1 || len(has.Certificates) != 1 || !has.Key || has.Capabilities["provider_type"] != "self-signed" {
			t.Errorf("%s has %+v", unit, has)
		}
	}
	f.awaitServed(url, ours.Root, ours.Certificates[0].Certificate)

	// A unit leaves, and then the application: what was issued for them goes.
	f.must(f.Juju.RemoveUnit(f.ctx, "units/1"))
	f.must(f.Settle(f.ctx))
	f.updateStatus("ca")
	f.must(f.Unrelate(f.ctx, "app", "ca"))
	f.must(f.Settle(f.ctx))
	if seen := f.authority("ca/0"); len(seen.Requests) != 2 || len(seen.Certificates) != 2 {
		t.Errorf("the library sees %+v", seen)
	}
	for _, secret := range f.Juju.Secrets() {
		if secret.Owner == "app" {
			t.Errorf("the requirer has left its secret %q", secret.Label)
		}
	}
}

// TestRollBack puts the charm, and then a Python charm with the real requirer library
// in the place of each other, as `juju refresh` does with the Python charm that this
// one succeeds. Whoever comes finds the key, the request and the certificate: nothing
// is asked for again.
func TestRollBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "back", host("back")).withAuthority(nil)
	url := f.hello("back")
	before := f.one("ca/0")

	refresh := func(to string) {
		t.Helper()
		f.must(f.Juju.Refresh(f.ctx, charm, to))
		f.must(f.Settle(f.ctx))
		f.updateStatus(charm)
		if diff := cmp.Diff(before, f.one("ca/0")); diff != "" {
			t.Errorf("the authority sees (-before +after):\n%s", diff)
		}
	}
	refresh(pythonCharm(t, "requirer"))
	want := requirerReport{
		Requests: []string{before.Requests[0].Request}, Certificates: []string{before.Certificates[0].Certificate}, Key: true,
		Capabilities: map[string]any{"provider_type": "self-signed", "supports_ip_sans": true},
	}
	if diff := cmp.Diff(want, f.requirer(charm+"/0")); diff != "" {
		t.Errorf("the requirer's library has (-want +got):\n%s", diff)
	}
	if got := f.status(charm + "/0"); got != "active" {
		t.Errorf("status is %q: the library told of no certificate", got)
	}
	refresh(lab.CharmFile())
	f.awaitStatus(active)
	f.awaitServed(url, before.Root, before.Certificates[0].Certificate)

	// Its key is what the next rotation replaces, on either side.
	refreshed := func(to, want string) {
		t.Helper()
		f.must(f.Juju.Refresh(f.ctx, charm, to))
		f.must(f.Settle(f.ctx))
		if got := f.one("ca/0").Requests[0].Request; got != want {
			t.Errorf("asks for\n%s\nnot\n%s", got, want)
		}
	}
	f.action(charm+"/0", "rotate-private-key")
	rotated := f.one("ca/0")
	refreshed(pythonCharm(t, "requirer"), rotated.Requests[0].Request)
	f.action(charm+"/0", "rotate-private-key")
	again := f.one("ca/0")
	if again.Requests[0].Request == rotated.Requests[0].Request {
		t.Error("the Python charm has not rotated")
	}
	refreshed(lab.CharmFile(), again.Requests[0].Request)
	f.awaitServed(url, again.Root, again.Certificates[0].Certificate)
	f.awaitStatus(active)
}

// TestTakeOver begins with the Python charm, which gets its certificate, and goes on
// with this one, which serves it.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	f := newModel(t, "over", func(o *lab.Options) { o.Charm = pythonCharm(t, "requirer") })
	f.must(f.Deploy(f.ctx, charm, host("over"), true))
	f.withAuthority(nil)
	// Without an application the certificate would serve nobody, and be given up.
	app := f.relateHello()
	before := f.one("ca/0")
	if has := f.requirer(charm + "/0"); len(has.Certificates) != 1 {
		t.Fatalf("the requirer's library has %+v", has)
	}
	f.must(f.Juju.Refresh(f.ctx, charm, lab.CharmFile()))
	f.must(f.Settle(f.ctx))
	url := f.awaitHello(app, "over")
	if diff := cmp.Diff(before, f.one("ca/0")); diff != "" {
		t.Errorf("the authority sees (-before +after):\n%s", diff)
	}
	f.awaitServed(url, before.Root, before.Certificates[0].Certificate)
}
