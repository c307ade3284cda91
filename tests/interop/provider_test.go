package interop_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// publicKey is that of a request in PEM.
func publicKey(t *testing.T, request string) *rsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		t.Fatalf("no PEM: %q", request)
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return csr.PublicKey.(*rsa.PublicKey)
}

// one is the authority's report, in which one request has one certificate.
func (f *fixture) one(unit string) authorityReport {
	f.t.Helper()
	seen := f.authority(unit)
	if len(seen.Requests) != 1 || len(seen.Certificates) != 1 || seen.Certificates[0].Request != seen.Requests[0].Request || seen.Outstanding != 0 {
		f.t.Fatalf("the library sees %+v", seen)
	}
	return seen
}

// TestRenew lets a certificate come to 90 % of its life, when Juju's clock reaches the
// charm's alarm. The library takes the renewal, of the same key, for another request,
// and drops what is asked for no more.
func TestRenew(t *testing.T) {
	t.Parallel()
	const life = 45 * time.Second
	var ahead atomic.Int64
	f := newFixture(t, "renew", host("renew"), func(o *lab.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}).withAuthority(map[string]any{"validity": int(life / time.Second)})
	url := f.hello("renew")
	before := f.one("ca/0")
	f.configure("ca", map[string]any{"validity": 7776000})
	due := parse(t, before.Certificates[0].Certificate).NotAfter.Add(-life / 10).Add(time.Second)
	timer := time.NewTimer(time.Until(due)) // The charm has the machine's clock.
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.ctx.Done():
		t.Fatal(f.ctx.Err())
	}
	ahead.Store(int64(life))
	f.ran = nil
	f.must(f.Tick(f.ctx))
	if !slices.Contains(f.ran, charm+"/0 secret-expired") {
		t.Errorf("ran %v", f.ran)
	}
	after := f.one("ca/0")
	if after.Requests[0].Request == before.Requests[0].Request {
		t.Error("nothing new is asked for")
	}
	if !publicKey(t, after.Requests[0].Request).Equal(publicKey(t, before.Requests[0].Request)) {
		t.Error("the renewal has another key")
	}
	f.awaitServed(url, after.Root, after.Certificates[0].Certificate)
	f.awaitStatus(active)
}

// TestRevoke has the library revoke what it has issued, and later issue it anew, by
// another root even: the same request gets another certificate.
func TestRevoke(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"revoke", "replace-root"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, action, host(action)).withAuthority(nil)
			url := f.hello(action)
			before := f.one("ca/0")
			f.awaitServed(url, before.Root, before.Certificates[0].Certificate)

			f.action("ca/0", action)
			f.awaitRefused(url, before.Root)
			f.awaitStatusLike("waiting Waiting for a certificate for " + action + ".example.com: the certificate is revoked")
			if seen := f.authority("ca/0"); len(seen.Certificates) != 1 || !seen.Certificates[0].Revoked || seen.Outstanding != 1 {
				t.Errorf("the library sees %+v", seen)
			}
			f.updateStatus("ca")
			after := f.one("ca/0")
			if after.Requests[0].Request != before.Requests[0].Request || after.Certificates[0].Revoked {
				t.Errorf("the library sees %+v", after)
			}
			if replaced := after.Root != before.Root; replaced != (action == "replace-root") {
				t.Errorf("replaced the root: %v", replaced)
			}
			f.awaitServed(url, after.Root, after.Certificates[0].Certificate)
			f.awaitStatus(active)
		})
	}
}

// TestRefuse has the library answer with an error, which the charm shows with its
// reason, and then with a certificate for the same request.
func TestRefuse(t *testing.T) {
	t.Parallel()
	const model = "refuse"
	f := newFixture(t, model, host(model)).withAuthority(map[string]any{"refuse": model + ".example.com"})
	app := f.relateHello()
	seen := f.authority("ca/0")
	if diff := cmp.Diff([]int{102}, seen.Errors); diff != "" || len(seen.Certificates) != 0 {
		t.Fatalf("the library sees %+v", seen)
	}
	f.awaitStatusLike("blocked Certificate for refuse.example.com: refused: domain_not_allowed: \"refuse.example.")
	f.configure("ca", map[string]any{"refuse": ""})
	after := f.one("ca/0")
	if after.Requests[0].Request != seen.Requests[0].Request || len(after.Errors) != 0 {
		t.Errorf("the library sees %+v", after)
	}
	f.awaitServed(f.awaitHello(app, model), after.Root, after.Certificates[0].Certificate)
}

// TestCapabilities has the library tell that it issues none for IP addresses: the
// charm, which has no host name, does not ask then, and says what to do.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "names-only", nil).withAuthority(map[string]any{"ip-addresses": false})
	f.relateHello()
	f.awaitStatusLike("blocked external-hostname must be set: ")
	if seen := f.authority("ca/0"); len(seen.Requests) != 0 || len(seen.Errors) != 0 {
		t.Errorf("the library sees %+v", seen)
	}
	// The library tells when its charm next looks after itself.
	f.configure("ca", map[string]any{"ip-addresses": true})
	f.updateStatus("ca")
	f.awaitStatus(active)
	f.one("ca/0")
}

// TestRotateKey makes a new key on our side: the library issues for it, and forgets
// what was issued for the old one.
func TestRotateKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "rotate", host("rotate")).withAuthority(nil)
	url := f.hello("rotate")
	before := f.one("ca/0")
	f.action(charm+"/0", "rotate-private-key")
	after := f.one("ca/0")
	if publicKey(t, after.Requests[0].Request).Equal(publicKey(t, before.Requests[0].Request)) {
		t.Error("the key is the same")
	}
	f.awaitServed(url, after.Root, after.Certificates[0].Certificate)
}

// TestLeaders returns the leadership of each side to a second unit. Nothing is asked for
// or issued again; what is asked for later the new leaders ask for and issue.
func TestLeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "leaders", host("leaders"))
	f.python("ca", "authority", jujutest.DeployOptions{Units: 2})
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	f.must(f.Settle(f.ctx))
	url := f.hello("leaders")
	before := f.one("ca/0")

	next, err := f.Juju.AddUnit(f.ctx, charm)
	f.must(err)
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.SetLeader(charm, next))
	f.must(f.Juju.SetLeader("ca", "ca/1"))
	if ran := f.settle(); !slices.Contains(ran, next+" leader-elected") || !slices.Contains(ran, "ca/1 leader-elected") {
		t.Errorf("ran %v", ran)
	}
	if diff := cmp.Diff(before, f.one("ca/1")); diff != "" {
		t.Errorf("the library sees (-old leader +new):\n%s", diff)
	}
	f.action(next, "rotate-private-key")
	after := f.one("ca/1")
	if after.Root != before.Root || after.Requests[0].Request == before.Requests[0].Request {
		t.Errorf("the library sees %+v", after)
	}
	f.awaitServed(url, after.Root, after.Certificates[0].Certificate)
}

// TestProviderRefreshed returns the authority's unit a new pod with the same charm, so
// that nothing is left of the library's own memory: nobody hears of it.
func TestProviderRefreshed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "refreshed", host("refreshed")).withAuthority(nil)
	url := f.hello("refreshed")
	before := f.one("ca/0")
	f.must(f.Juju.Refresh(f.ctx, "ca", pythonCharm(t, "authority")))
	want := []string{"ca/0 stop", "ca/0 upgrade-charm", "ca/0 config-changed", "ca/0 start"}
	if diff := cmp.Diff(want, f.settle()); diff != "" {
		t.Errorf("hooks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, f.one("ca/0")); diff != "" {
		t.Errorf("the library sees (-before +after):\n%s", diff)
	}
	f.awaitServed(url, before.Root, before.Certificates[0].Certificate)
}

// TestRelatedAnew removes the relation and makes it again: the library issues anew.
func TestRelatedAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "anew", host("anew")).withAuthority(nil)
	url := f.hello("anew")
	before := f.one("ca/0")
	f.must(f.Unrelate(f.ctx, charm, "ca"))
	f.must(f.Settle(f.ctx))
	f.awaitRefused(url, before.Root)
	if status := f.status(charm + "/0"); !strings.HasPrefix(status, "blocked ") {
		t.Errorf("status is %q", status)
	}
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	f.must(f.Settle(f.ctx))
	after := f.one("ca/0")
	if after.Certificates[0].Certificate == before.Certificates[0].Certificate {
		t.Error("the certificate is the same")
	}
	f.awaitServed(url, after.Root, after.Certificates[0].Certificate)
	f.awaitStatus(active)
}
