package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestH2C serves an application that speaks HTTP/2 without TLS and does not understand HTTP/1.1, or
// reports that the class does not support that, whatever the class claims.
func TestH2C(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "h2c", map[string]any{"external-hostname": "h2c.example.com"}).withAuthority()
	app, err := f.AddH2CApp(f.ctx, "grpc", 50051)
	f.must(err)
	f.must(f.Relate(f.ctx, "grpc:ingress", charm))
	f.must(f.Settle(f.ctx))
	if traits().SpeaksH2C {
		f.awaitStatus("active", active)
		if got := f.awaitAnswer(app.URL(charm), 200).Echo; got.HTTP != "HTTP/2.0" || got.Unit != "grpc/0" {
			t.Errorf("reached %+v", got)
		}
	} else {
		f.awaitStatus("blocked", "class "+class()+" speaks no HTTP/2 in clear to grpc; set enable-gateway-api-app-protocol to true")
	}
	// With the default the same application is spoken to in HTTP/1.1, which it refuses.
	request := map[string]string{"scheme": ""}
	f.must(f.Juju.SetApplicationData(app.Relation, "grpc", request))
	f.must(f.Settle(f.ctx))
	f.awaitEach(app.URL(charm), func(response lab.Response) error {
		if response.Code < 500 {
			return fmt.Errorf("answer %+v", response)
		}
		return nil
	})
	f.awaitStatus("active", active)
}

// withTLSApp adds an application of some units that speak TLS, related, and gives also
// the authority that signed for it.
func (f *fixture) withTLSApp(name string, units int, authority *lab.Authority) *lab.TLSApp {
	f.t.Helper()
	app, err := f.AddTLSApp(f.ctx, name, 8443, units, authority)
	f.must(err)
	f.must(f.Relate(f.ctx, name+":ingress", charm))
	f.must(f.Settle(f.ctx))
	return app
}

func (f *fixture) authority(name string) *lab.Authority {
	f.t.Helper()
	authority, err := lab.NewAuthority(name)
	f.must(err)
	return authority
}

// tell has the source tell of these authorities.
func (f *fixture) tell(source *lab.CASource, authorities ...*lab.Authority) {
	f.t.Helper()
	source.Tell(authorities...)
	f.must(f.Settle(f.ctx))
}

// withCASource adds a source of authorities and relates it.
func (f *fixture) withCASource(name string, authorities ...*lab.Authority) *lab.CASource {
	f.t.Helper()
	source, err := f.AddCASource(name, authorities...)
	f.must(err)
	f.must(f.Relate(f.ctx, charm+":receive-ca-cert", name))
	f.must(f.Settle(f.ctx))
	return source
}

// objectsOfTLS are those that an application on TLS has and no other.
func (f *fixture) objectsOfTLS() []string {
	f.t.Helper()
	all, err := f.Objects(f.ctx, charm)
	f.must(err)
	return slices.DeleteFunc(all, func(name string) bool {
		return name[:9] != "ConfigMap" && name[:9] != "BackendTL"
	})
}

// TestTLSBackend is the story of an application that speaks TLS: it never gets a connection without
// TLS.
func TestTLSBackend(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tls", map[string]any{"external-hostname": "tls.example.com"}).withAuthority()
	good, wrong := f.authority("backend"), f.authority("wrong")
	app := f.withTLSApp("vault", 1, good)
	app.HangUp.Store(traits().VerifiesOnce) // It would go on with a connection that it has verified.
	f.awaitStatus("blocked", "Validation of ingress relation data failed. vault: no CA fo…; `juju integrate "+charm+":receive-ca-cert CA`")
	if app.URL(charm) != "" || len(f.objectsOfTLS()) > 0 {
		t.Errorf("published %q, and there is %v", app.URL(charm), f.objectsOfTLS())
	}
	plain := f.app("web", 8080, nil)
	f.awaitStatus("active", "1 of 2 applications served; vault: no CA for scheme https; `juju integrate "+charm+":receive-ca-cert CA`")

	f.unfailing(plain.URL(charm), func() {
		source := f.withCASource("authorities", good)
		f.awaitStatus("active", active)
		if got := f.awaitAnswer(app.URL(charm), 200).Echo; got.Unit != "vault/0" {
			t.Errorf("reached %+v", got)
		}
		want := f.policiesOf(1)
		if got := f.objectsOfTLS(); !slices.Equal(got, want) {
			t.Errorf("there is %v", got)
		}

		// A CA that did not sign for it: the gateway refuses the certificate.
		f.tell(source, wrong)
		f.awaitSteadily(app.URL(charm), traits().Unverified)
		before := app.Reached.Load()
		f.awaitAnswer(app.URL(charm), traits().Unverified)
		if after := app.Reached.Load(); after != before {
			t.Errorf("%d requests reached an application that was not verified", after-before)
		}
		f.awaitStatus("active", active)
		f.tell(source, good)
		f.awaitAnswer(app.URL(charm), 200)

		// A certificate for another name.
		f.must(app.Certify(0, good, "other.example.com"))
		f.tell(source, good, wrong) // New connections.
		f.awaitAnswer(app.URL(charm), traits().Unverified)
		f.must(app.Certify(0, good, f.HostOf("vault", 0)))
		f.awaitAnswer(app.URL(charm), 200)

		// Without the CA all is withdrawn.
		url := app.URL(charm)
		f.must(f.Unrelate(f.ctx, charm, "authorities"))
		f.must(f.Settle(f.ctx))
		f.awaitAnswer(url, 404)
		f.awaitStatus("active", "1 of 2 applications served; vault: no CA for scheme https; `juju integrate "+charm+":receive-ca-cert CA`")
		if got := f.objectsOfTLS(); app.URL(charm) != "" || len(got) > 0 {
			t.Errorf("published %q, and there is %v", app.URL(charm), got)
		}
		if n := app.Plain.Load(); n > 0 {
			t.Errorf("%d requests came in clear", n)
		}
	})
}

// awaitSteadily waits until a URL answers with the code, ten times in a row.
func (f *fixture) awaitSteadily(url string, code int) {
	f.t.Helper()
	f.awaitEach(url, func(response lab.Response) error {
		if response.Code != code {
			return fmt.Errorf("%s answers %d, not %d", url, response.Code, code)
		}
		return nil
	})
}

// awaitEach waits until ten answers in a row are accepted: a data plane has several
// threads, of which one hears of a change before the other.
func (f *fixture) awaitEach(url string, accept func(lab.Response) error) {
	f.t.Helper()
	f.awaitMany(url, 10, accept)
}

func (f *fixture) awaitMany(url string, count int, accept func(lab.Response) error) {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		for range count {
			response, err := f.Get(ctx, url, f.ca.Pool())
			if err == nil {
				err = accept(response)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestTLSBackendRotation replaces the authority of an application under load: both authorities are
// published, the application gets its new certificate, then the old authority is removed.
func TestTLSBackendRotation(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tlsrotation", map[string]any{"external-hostname": "tlsrotation.example.com"}).withAuthority()
	old, next := f.authority("old"), f.authority("next")
	source := f.withCASource("authorities", old)
	app := f.withTLSApp("vault", 1, old)
	// These two tell what the gateway trusts by now.
	early, late := f.withTLSApp("early", 1, next), f.withTLSApp("late", 1, old)
	late.HangUp.Store(traits().VerifiesOnce) // It would go on with a connection that it has verified.
	f.awaitStatus("active", active)
	f.awaitSteadily(late.URL(charm), 200)
	f.awaitSteadily(early.URL(charm), traits().Unverified)
	f.unfailing(app.URL(charm), func() {
		f.tell(source, old, next)
		f.awaitSteadily(early.URL(charm), 200)
		f.awaitSteadily(late.URL(charm), 200)
		f.must(app.Certify(0, next, f.HostOf("vault", 0)))
		f.tell(source, next)
		f.awaitSteadily(late.URL(charm), traits().Unverified)
		f.awaitSteadily(early.URL(charm), 200)
		f.awaitSteadily(app.URL(charm), 200)
	})
}

// TestTLSBackendOfOldProvider gets its authority from a provider of version 0.
func TestTLSBackendOfOldProvider(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tlsold", map[string]any{"external-hostname": "tlsold.example.com"}).withAuthority()
	signer := f.authority("backend")
	app := f.withTLSApp("vault", 1, signer)
	source, err := f.AddCASource("authorities", signer)
	f.must(err)
	source.Old = true
	f.must(f.Relate(f.ctx, charm+":receive-ca-cert", "authorities"))
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	f.awaitAnswer(app.URL(charm), 200)
}
