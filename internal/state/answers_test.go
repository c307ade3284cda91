package state_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

var from = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// lasting is how long the certificates of the tests are valid.
const lasting = 100 * time.Hour

// requestFor makes a request. One without the time in its unique identifier is like those of the
// Python library.
func requestFor(t *testing.T, key *rsa.PrivateKey, made time.Time, names ...string) tlscertificates.Request {
	t.Helper()
	subject := state.Subject(names)
	if made.IsZero() {
		subject.UniqueID = "5b0f6a0e-3c1d-4d55-9a86-0a1b2c3d4e5f"
	}
	request, err := tlscertificates.NewRequest(rand.Reader, made, key, subject)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// answerTo returns a provider's entry: a certificate for a request, signed by an authority with
// that key.
func answerTo(t *testing.T, authority *rsa.PrivateKey, request tlscertificates.Request, revoked bool) map[string]any {
	t.Helper()
	block, _ := pem.Decode([]byte(request.PEM))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: csr.Subject.CommonName},
		DNSNames: csr.DNSNames, IPAddresses: csr.IPAddresses, NotBefore: from, NotAfter: from.Add(lasting),
	}
	parent := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example CA"}, BasicConstraintsValid: true, IsCA: true,
		NotBefore: from, NotAfter: from.Add(lasting),
	}
	sign := func(template *x509.Certificate, public any) string {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, authority)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return map[string]any{
		"ca": sign(parent, &authority.PublicKey), "certificate": sign(template, csr.PublicKey),
		"certificate_signing_request": request.PEM, "revoked": revoked,
	}
}

func providerWith(t *testing.T, entries ...map[string]any) state.Databag {
	t.Helper()
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return state.Databag{"certificates": string(text)}
}

// judged returns the state of our requests, all made, or not, with the key.
func judged(t *testing.T, key *rsa.PrivateKey, provider state.Databag, now time.Time, requests ...tlscertificates.Request) state.Certificates {
	t.Helper()
	c, remarks := state.NewCertificates("certificates:4", state.PrivateKey(tlscertificates.EncodeKey(key)),
		tlscertificates.EncodeRequests(requests), provider, now)
	if len(remarks) > 0 || len(c.Entries) != len(requests) {
		t.Fatalf("%d entries, remarks %q", len(c.Entries), remarks)
	}
	return c
}

func TestRenewAt(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	at := func(hours int) time.Time { return from.Add(time.Duration(hours) * time.Hour) }
	tests := map[string]struct {
		made, now time.Time
		state     state.CertificateState
		want      time.Time
	}{
		"issued at once":                    {at(0), at(1), state.CertificateIssued, at(90)},
		"issued later than asked for":       {at(-10), at(1), state.CertificateIssued, at(90)},
		"backdated":                         {at(50), at(51), state.CertificateIssued, at(95)},
		"backdated past nine tenths":        {at(95), at(96), state.CertificateIssued, from.Add(99*time.Hour + 30*time.Minute)},
		"when it was asked for is unknown":  {time.Time{}, at(51), state.CertificateIssued, at(90)},
		"due":                               {at(0), at(91), state.CertificateIssued, at(90)},
		"expired":                           {at(0), at(101), state.CertificateExpired, at(90)},
		"expired when it was asked for":     {at(200), at(201), state.CertificateExpired, time.Time{}},
		"expiring when it was asked for":    {at(100), at(101), state.CertificateExpired, time.Time{}},
		"asked for by a clock in advance":   {at(200), at(10), state.CertificateIssued, at(90)},
		"expired, and asked for in advance": {at(200), at(101), state.CertificateExpired, at(90)},
		"valid later":                       {at(-2), at(-1), state.CertificateEarly, time.Time{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := requestFor(t, key, test.made, "web.example.com")
			entry := judged(t, key, providerWith(t, answerTo(t, key, request, false)), test.now, request).Entries[0]
			if entry.State != test.state || !entry.RenewAt.Equal(test.want) {
				t.Errorf("got %s, renewed at %s; want %s, %s", entry.State, entry.RenewAt, test.state, test.want)
			}
			if due := !test.want.IsZero() && !test.now.Before(test.want); entry.Due(test.now) != due {
				t.Errorf("due: got %t", !due)
			}
			if !entry.NotBefore.Equal(from) || !entry.NotAfter.Equal(from.Add(lasting)) || entry.Issuer != "CN=Example CA" || entry.Foreign {
				t.Errorf("got %+v", entry)
			}
		})
	}
}

// TestRenewedForItsChain: a leaf that outlives the intermediate above it is renewed before the
// intermediate expires, and the charm says if the chain does not lead to the given CA.
func TestRenewedForItsChain(t *testing.T) {
	t.Parallel()
	key, authority := newKey(t), newKey(t)
	now := from.Add(time.Hour)
	request := requestFor(t, key, from, "web.example.com")
	answer := answerTo(t, authority, request, false)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "Root CA"}, BasicConstraintsValid: true, IsCA: true,
		NotBefore: from, NotAfter: from.Add(10 * lasting),
	}
	sign := func(template *x509.Certificate, public *rsa.PublicKey) string {
		der, err := x509.CreateCertificate(rand.Reader, template, root, public, authority)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	between := *root
	between.Subject, between.NotAfter = pkix.Name{CommonName: "Example CA"}, from.Add(lasting/10)
	answer["chain"], answer["ca"] = []string{sign(&between, &authority.PublicKey)}, sign(root, &authority.PublicKey)
	entry := judged(t, key, providerWith(t, answer), now, request).Entries[0]
	if entry.State != state.CertificateIssued || !entry.NotAfter.Equal(from.Add(lasting/10)) || !entry.RenewAt.Equal(from.Add(lasting/100*9)) || entry.LeadsTo != "" {
		t.Errorf("%s until %v, renewed at %v, leads to %q", entry.State, entry.NotAfter, entry.RenewAt, entry.LeadsTo)
	}
	entry = judged(t, key, providerWith(t, answer), from.Add(lasting/5), request).Entries[0]
	if entry.State != state.CertificateExpired || !strings.Contains(entry.Reason, `intermediate "CN=Example CA" expired`) || entry.Chain != "" {
		t.Errorf("past its end: %s, %s", entry.State, entry.Reason)
	}

	delete(answer, "chain")
	c, remarks := state.NewCertificates("certificates:4", state.PrivateKey(tlscertificates.EncodeKey(key)),
		tlscertificates.EncodeRequests([]tlscertificates.Request{request}), providerWith(t, answer), now)
	want := []string{`the certificate chain for web.example.com leads to "CN=Example CA", and not to the CA that the provider gives: a certificate is missing, or the CA is another's`}
	if c.Entries[0].State != state.CertificateIssued || c.Entries[0].LeadsTo != `"CN=Example CA"` || !slices.Equal(remarks, want) {
		t.Errorf("without a link: %+v, remarks %q", c.Entries[0], remarks)
	}
}

// TestForeignIsJudged shows that a request of an earlier key is judged by that key: its answer is
// issued, but must not be served again.
func TestForeignIsJudged(t *testing.T) {
	t.Parallel()
	old, present := newKey(t), newKey(t)
	now := from.Add(time.Hour)
	before, after := requestFor(t, old, now, "web.example.com"), requestFor(t, present, now, "web.example.com")
	c := judged(t, present, providerWith(t, answerTo(t, old, before, false)), now, before, after)
	if e := c.Entries[0]; !e.Foreign || e.State != state.CertificateIssued || e.Chain != "" || e.Leaf == "" || e.RenewAt.IsZero() {
		t.Errorf("the old one: got %+v", e)
	}
	if e := c.Entries[1]; e.Foreign || e.State != state.CertificatePending || e.Reason != "" || !e.RenewAt.IsZero() {
		t.Errorf("the new one: got %+v", e)
	}
	c = judged(t, present, providerWith(t, answerTo(t, old, before, true)), now, before, after)
	if e := c.Entries[0]; e.State != state.CertificateRevoked || len(c.Revoked) != 1 {
		t.Errorf("revoked: got %s, %v", e.State, c.Revoked)
	}
}

func TestAddressRequests(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	now := from.Add(time.Hour)
	tests := map[string]struct {
		names, hosts []string
		foreign      bool
	}{
		"IPv4":              {[]string{"10.43.45.1"}, []string{"10.43.45.1"}, false},
		"IPv6":              {[]string{"2001:db8::1"}, []string{"2001:db8::1"}, false},
		"both":              {[]string{"10.43.45.1", "2001:db8::1"}, []string{"10.43.45.1", "2001:db8::1"}, false},
		"another order":     {[]string{"2001:db8::1", "10.43.45.1"}, []string{"10.43.45.1", "2001:db8::1"}, true}, // With another common name.
		"a name as well":    {[]string{"10.43.45.1", "lb.example.net"}, []string{"10.43.45.1", "lb.example.net"}, true},
		"two names":         {[]string{"a.example.net", "b.example.net"}, []string{"a.example.net", "b.example.net"}, true},
		"a name of an LB":   {[]string{"lb.example.net"}, []string{"lb.example.net"}, false},
		"the older library": {[]string{"10.43.45.1"}, []string{"10.43.45.1"}, false},
	}
	for name, test := range tests {
		made := now
		if name == "the older library" {
			made = time.Time{}
		}
		request := requestFor(t, key, made, test.names...)
		c := judged(t, key, providerWith(t, answerTo(t, key, request, false)), now, request)
		e := c.Entries[0]
		if !slices.Equal(e.Hosts, test.hosts) || e.Foreign != test.foreign || e.State != state.CertificateIssued || (e.Chain == "") != test.foreign {
			t.Errorf("%s: got %+v", name, e)
		}
		if !c.Asked(test.hosts[0], c.Entries[0].KeyID) || c.Asked("10.43.45.10", c.Entries[0].KeyID) || c.Asked(test.hosts[0], "another") {
			t.Errorf("%s: asked for the wrong ones", name)
		}
	}
}

func TestNoAddresses(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	tests := map[string]struct {
		capabilities string
		want         bool
	}{
		"not told":      {"", false},
		"told nothing":  {`{}`, false},
		"null":          {`{"supports_ip_sans": null}`, false},
		"supported":     {`{"supports_ip_sans": true}`, false},
		"not supported": {`{"supports_ip_sans": false, "provider_type": "acme"}`, true},
	}
	for name, test := range tests {
		c := judged(t, key, state.Databag{"capabilities": test.capabilities}, from)
		if c.NoAddresses != test.want {
			t.Errorf("%s: got %t", name, c.NoAddresses)
		}
	}
}

// TestServedForAddresses reads a certificate that was issued for addresses from its Secret.
func TestServedForAddresses(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	now := from.Add(time.Hour)
	request := requestFor(t, key, now, "10.43.45.1", "2001:db8::1")
	c := judged(t, key, providerWith(t, answerTo(t, key, request, false)), now, request)
	got, ok := state.NewServed("gateway-secret", []byte(c.Entries[0].Chain), []byte(c.Key.PEM()), c, now)
	if !ok || !slices.Equal(got.Hosts, []string{"10.43.45.1", "2001:db8::1"}) || got.Issuer != "CN=Example CA" || !got.NotAfter.Equal(from.Add(lasting)) {
		t.Errorf("got %t, %+v", ok, got)
	}
	c = judged(t, key, providerWith(t, answerTo(t, key, request, true)), now, request)
	revoked := answerTo(t, key, request, true)["certificate"].(string)
	if _, ok := state.NewServed("gateway-secret", []byte(revoked), []byte(c.Key.PEM()), c, now); ok {
		t.Error("what is revoked is still good")
	}
}

func TestServedCovers(t *testing.T) {
	t.Parallel()
	served := state.Served{Hosts: []string{"Web.example.com", "*.apps.example.com", "10.43.45.1", "2001:db8::1"}}
	for host, want := range map[string]bool{
		"web.example.com": true, "a.apps.example.com": true, "10.43.45.1": true, "2001:db8::1": true,
		"example.com": false, "apps.example.com": false, "b.a.apps.example.com": false, "10.43.45.2": false, "": false,
	} {
		if served.Covers(host) != want {
			t.Errorf("%q: got %t", host, !want)
		}
	}
}

// A refusal is for the operator to act on, or passes by itself. Parts of an answer that cannot be
// used are logged.
func TestRefusals(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	request := requestFor(t, key, from, "web.example.com")
	for code, want := range map[int]state.CertificateState{
		tlscertificates.CodeDomainNotAllowed: state.CertificateDenied, tlscertificates.CodeServerNotAvailable: state.CertificateDelayed,
	} {
		text, err := json.Marshal([]any{map[string]any{"csr": request.PEM, "error": map[string]any{"code": code}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := judged(t, key, state.Databag{"request_errors": string(text)}, from, request).Entries[0].State; got != want {
			t.Errorf("code %d: %s, want %s", code, got, want)
		}
	}
	_, remarks := state.NewCertificates("certificates:4", "", nil, state.Databag{"certificates": "junk"}, from)
	if len(remarks) != 1 || remarks[0] != "certificates: not JSON; ignored" {
		t.Errorf("remarks %q", remarks)
	}
}
