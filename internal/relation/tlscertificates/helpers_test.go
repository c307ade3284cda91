package tlscertificates_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

type bag = map[string]string

// now is the time of the tests: the fixture's certificates are valid then.
var now = time.Date(2027, time.January, 1, 12, 0, 0, 0, time.UTC)

// fixture is testdata/tls_fixture.json, with the contents of its databags.
type fixture struct {
	Key          string `json:"private_key"`
	OtherKey     string `json:"other_private_key"`
	Root         string `json:"root"`
	Intermediate string `json:"intermediate"`
	CSR          string `json:"csr"`
	Requirer     bag    `json:"requirer_databag"`
	SelfSigned   bag    `json:"provider_self_signed"`
	Reversed     bag    `json:"provider_self_signed_reversed"`
	Lego         bag    `json:"provider_lego_like"`
	Vault        bag    `json:"provider_vault_like"`
	Manual       bag    `json:"provider_manual_chain_without_leaf"`
	Revoked      bag    `json:"provider_revoked"`
	Error        bag    `json:"provider_error"`
	Capabilities bag    `json:"provider_capabilities_only"`
	Label        string `json:"secret_label_app_key"`

	key     *rsa.PrivateKey
	request tlscertificates.Request
}

func load(tb testing.TB) fixture {
	tb.Helper()
	var f fixture
	recorded.Into(tb, "testdata/tls_fixture.json", &f)
	var err error
	if f.key, err = tlscertificates.ParseKey(f.Key); err != nil {
		tb.Fatal(err)
	}
	requests, remarks := tlscertificates.ParseRequests(f.Requirer)
	if len(requests) != 1 || len(remarks) != 0 {
		tb.Fatalf("fixture: %v, %v", requests, remarks)
	}
	f.request = requests[0]
	return f
}

// judge judges the fixture's request by a provider's databag.
func (f fixture) judge(provider bag) tlscertificates.Verdict {
	return tlscertificates.Judge(f.request, &f.key.PublicKey, tlscertificates.ParseProvider(provider), now)
}

// entry returns the self-signed provider's only entry, changed. A nil value is
// JSON null; "-" removes the member.
func (f fixture) entry(tb testing.TB, changes map[string]any) map[string]any {
	tb.Helper()
	var entries []map[string]any
	if err := json.Unmarshal([]byte(f.SelfSigned["certificates"]), &entries); err != nil {
		tb.Fatal(err)
	}
	for key, value := range changes {
		if entries[0][key] = value; value == "-" {
			delete(entries[0], key)
		}
	}
	return entries[0]
}

func (f fixture) leaf(tb testing.TB) string {
	tb.Helper()
	return f.entry(tb, nil)["certificate"].(string)
}

// bagOf returns a provider's databag with these entries.
func bagOf(tb testing.TB, entries ...any) bag {
	tb.Helper()
	return bag{"certificates": encode(tb, entries)}
}

func encode(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// authority is a certificate authority of the tests.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func ecKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// newAuthority makes an authority that parent signs, or that signs itself if parent is nil.
func newAuthority(tb testing.TB, name string, parent *authority) *authority {
	tb.Helper()
	a := &authority{key: ecKey(tb)}
	if parent == nil {
		parent = &authority{key: a.key}
	}
	a.certificate = parent.sign(tb, name, a.key)
	return a
}

// sign returns the authority name, with this key and a certificate by a. If a has no certificate
// itself, it makes a root.
func (a *authority) sign(tb testing.TB, name string, key *ecdsa.PrivateKey) *x509.Certificate {
	tb.Helper()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		BasicConstraintsValid: true,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	parent := a.certificate
	if parent == nil {
		parent = template
	}
	return a.create(tb, template, parent, &key.PublicKey)
}

// issue returns the PEM of a certificate for names by a, after changes.
func (a *authority) issue(tb testing.TB, public any, names []string, changes ...func(*x509.Certificate)) string {
	tb.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "leaf"}, DNSNames: names, BasicConstraintsValid: true}
	for _, change := range changes {
		change(template)
	}
	return toPEM(a.create(tb, template, a.certificate, public))
}

func (a *authority) create(tb testing.TB, template, parent *x509.Certificate, public any) *x509.Certificate {
	tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		tb.Fatal(err)
	}
	template.SerialNumber = serial
	if template.NotBefore.IsZero() {
		template.NotBefore = now.Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = now.Add(24 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return certificate
}

func toPEM(certificate *x509.Certificate) string { return asPEM(certificate.Raw) }

func asPEM(der []byte) string {
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

func parse(tb testing.TB, text string) *x509.Certificate {
	tb.Helper()
	block, _ := pem.Decode([]byte(text))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return certificate
}

// newRequest makes a request of the fixture's key.
func (f fixture) newRequest(tb testing.TB, names []string, addresses ...net.IP) tlscertificates.Request {
	tb.Helper()
	subject := tlscertificates.Subject{DNSNames: names, IPAddresses: addresses}
	if len(names) > 0 {
		subject.CommonName = names[0]
	}
	request, err := tlscertificates.NewRequest(rand.Reader, now, f.key, subject)
	if err != nil {
		tb.Fatal(err)
	}
	return request
}

func validity(from, to time.Time) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}
