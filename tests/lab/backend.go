package lab

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// AddH2CApp adds an application of one unit that speaks only HTTP/2 without TLS: a client that
// speaks HTTP/1.1 to it gets no answer.
func (l *Lab) AddH2CApp(ctx context.Context, name string, port int) (*App, error) {
	return l.addBackend(ctx, name, 1, "h2c", func(int) cluster.Pod { return cluster.Pod{Port: port, HTTP2: true} },
		func(next http.Handler) http.Handler { return next })
}

// A TLSApp is an application that speaks TLS itself. It has one certificate for each unit.
type TLSApp struct {
	*App
	// Reached is the number of requests that its pods have got. Plain is the number of requests
	// without TLS, which they refused.
	Reached, Plain atomic.Int64
	// HangUp makes the pods close the connection with each answer, so that the next request sees
	// the present certificate.
	HangUp atomic.Bool

	authority    *Authority
	certificates []atomic.Pointer[tls.Certificate]
}

// maxTLSUnits is the maximum number of units of a TLSApp.
const maxTLSUnits = 32

// AddTLSApp adds an application of some units that speak only TLS. Each has a certificate for the
// name that its unit publishes as its host.
func (l *Lab) AddTLSApp(ctx context.Context, name string, port, units int, authority *Authority) (*TLSApp, error) {
	app := &TLSApp{authority: authority, certificates: make([]atomic.Pointer[tls.Certificate], maxTLSUnits)}
	for unit := range units {
		if err := app.Certify(unit, authority, l.HostOf(name, unit)); err != nil {
			return nil, err
		}
	}
	var err error
	app.App, err = l.addBackend(ctx, name, units, "https", func(unit int) cluster.Pod {
		// A resumed session is not verified again.
		return cluster.Pod{Port: port, Errors: app, TLS: &tls.Config{
			SessionTicketsDisabled: true,
			GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return app.certificates[unit].Load(), nil },
		}}
	}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			app.Reached.Add(1)
			if app.HangUp.Load() {
				w.Header().Set("Connection", "close")
			}
			next.ServeHTTP(w, r)
		})
	})
	if err != nil {
		return nil, err
	}
	return app, nil
}

// AddUnit adds a unit as Juju does: first its pod exists, then the unit joins the relation, and
// then it writes. Settle then runs the events of that.
func (a *TLSApp) AddUnit(ctx context.Context) error {
	unit := len(a.Pods)
	if err := a.Certify(unit, a.authority, a.lab.HostOf(a.Name, unit)); err != nil {
		return err
	}
	if err := a.startPod(ctx, unit); err != nil {
		return err
	}
	if _, err := a.lab.Juju.AddUnit(ctx, a.Name); err != nil {
		return err
	}
	return a.writeUnit(unit)
}

// Write reads the log of its servers, to count requests without TLS (net/http logs them).
func (a *TLSApp) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("client sent an HTTP request to an HTTPS server")) {
		a.Plain.Add(1)
	}
	return len(line), nil
}

// Certify replaces a unit's certificate, for new connections.
func (a *TLSApp) Certify(unit int, authority *Authority, hosts ...string) error {
	certificate, err := authority.certify(hosts)
	if err != nil {
		return fmt.Errorf("cannot certify a backend: %w", err)
	}
	a.certificates[unit].Store(certificate)
	return nil
}

// NewAuthority makes an authority that is in no model: it signs the certificates of TLSApps, and a
// CASource publishes its certificate.
func NewAuthority(name string) (*Authority, error) { return newAuthority(name) }

// certify makes a key and a certificate for it, for a server that did not ask over
// a relation.
func (a *Authority) certify(hosts []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "backend"}, DNSNames: hosts,
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// HostOf returns the host that a unit of an application publishes.
func (l *Lab) HostOf(app string, unit int) string {
	return fmt.Sprintf("%s-%d.%s-endpoints.%s.svc.cluster.local", app, unit, app, l.Namespace())
}

// addBackend adds an application with pods of its own kind.
func (l *Lab) addBackend(ctx context.Context, name string, units int, scheme string, pod func(unit int) cluster.Pod, wrap func(http.Handler) http.Handler) (*App, error) {
	app := &App{Name: name, lab: l, Relation: unrelated}
	l.apps[name] = app
	err := l.Juju.AddScripted(name, jujutest.ScriptedMetadata{Requires: map[string]string{"ingress": "ingress"}}, units)
	if err != nil {
		return nil, err
	}
	app.startPod = func(ctx context.Context, unit int) error {
		wanted := pod(unit)
		wanted.Handler = wrap(EchoHandler(fmt.Sprintf("%s/%d", name, unit)))
		running, err := l.Cluster.AddPod(ctx, l.Model, name, unit, wanted)
		if err == nil {
			app.Pods = append(app.Pods, running)
		}
		return err
	}
	app.Request = map[string]string{
		"model": strconv.Quote(l.Model), "name": strconv.Quote(name), "port": strconv.Itoa(pod(0).Port), "scheme": strconv.Quote(scheme),
	}
	for unit := range units {
		if err := app.startPod(ctx, unit); err != nil {
			return nil, err
		}
	}
	return app, nil
}
