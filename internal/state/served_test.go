package state_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

func TestNewServed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	key, other := newKey(t), newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "web.example.com"}, DNSNames: []string{"web.example.com"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	oldType := pem.EncodeToMemory(&pem.Block{Type: "X509 CERTIFICATE", Bytes: der})
	keyPEM, otherPEM := []byte(tlscertificates.EncodeKey(key)), []byte(tlscertificates.EncodeKey(other))

	tests := map[string]struct {
		chain, key []byte
		revoked    []string
		now        time.Time
		want       bool
	}{
		"good":              {chain: chain, key: keyPEM, now: now, want: true},
		"more behind it":    {chain: append(slices.Clone(chain), chain...), key: keyPEM, now: now, want: true},
		"another revoked":   {chain: chain, key: keyPEM, now: now, revoked: []string{"00"}, want: true},
		"revoked":           {chain: chain, key: keyPEM, now: now, revoked: []string{"00", hex.EncodeToString(sum[:])}},
		"expired":           {chain: chain, key: keyPEM, now: now.Add(2 * time.Hour)},
		"not valid yet":     {chain: chain, key: keyPEM, now: now.Add(-2 * time.Hour)},
		"of another key":    {chain: chain, key: otherPEM, now: now},
		"without a key":     {chain: chain, now: now},
		"no PEM":            {chain: []byte("old"), key: keyPEM, now: now},
		"not a certificate": {chain: keyPEM, key: keyPEM, now: now},
		// A gateway ignores the first, and serves what comes after it.
		"of an old type": {chain: append(oldType, chain...), key: keyPEM, now: now},
		"with its key":   {chain: append(slices.Clone(chain), keyPEM...), key: keyPEM, now: now},
		"empty":          {now: now},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := state.NewServed("s", test.chain, test.key, state.Certificates{Revoked: test.revoked}, test.now)
			if ok != test.want {
				t.Fatalf("got %t", ok)
			}
			if ok && (got.Secret != "s" || !slices.Equal(got.Hosts, template.DNSNames) || got.Key.PEM() != string(keyPEM) || got.Chain != string(test.chain)) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A Secret's content is valid as long as the certificates that a client needs, and is still served
// after the end of one that is not the leaf.
func TestServedChain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	key := newKey(t)
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	hour := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	between := func(name string, until time.Time) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: hour(-90), NotAfter: until,
			IsCA: true, BasicConstraintsValid: true, SubjectKeyId: []byte(name),
		}
	}
	sign := func(template, parent *x509.Certificate, public any) []byte {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	text := func(ders ...[]byte) string {
		all := ""
		for _, der := range ders {
			all += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		return all
	}
	root := between("root", hour(500))
	link := func(until int) []byte { return sign(between("between", hour(until)), root, &signer.PublicKey) }
	leaf := sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{"web.example.com"}, NotBefore: hour(-1), NotAfter: hour(90),
	}, between("between", hour(500)), &key.PublicKey)
	for name, c := range map[string]struct {
		chain string
		want  time.Time
	}{
		"leaf first to end": {text(leaf, link(500)), hour(90)},
		"link first to end": {text(leaf, link(5)), hour(5)},
		"link ended":        {text(leaf, link(-5)), hour(-5)},
		"unread link":       {text(leaf, pkitest.NegativeSerial(t, link(5), signer)), hour(5)},
		"link of no use":    {text(leaf, link(500), sign(between("other", hour(-5)), root, &signer.PublicKey)), hour(90)},
		"root ended":        {text(leaf, link(500), sign(between("root", hour(-5)), root, &signer.PublicKey)), hour(90)},
		"no certificate":    {text(leaf, []byte("x")), hour(90)},
		"no line end":       {strings.ReplaceAll(text(leaf, link(5)), "-----\n-----", "----------"), hour(5)},
		"the leaf alone":    {text(leaf), hour(90)},
	} {
		got, ok := state.NewServed("s", []byte(c.chain), []byte(tlscertificates.EncodeKey(key)), state.Certificates{}, now)
		if !ok || !got.NotAfter.Equal(c.want) {
			t.Errorf("%s: %t, until %v, not %v", name, ok, got.NotAfter, c.want)
		}
		if _, err := tls.X509KeyPair([]byte(got.Chain), []byte(got.Key.PEM())); err != nil {
			t.Errorf("%s: no gateway takes it: %v", name, err)
		}
	}
	if _, ok := state.NewServed("s", []byte(text(link(5), leaf)), []byte(tlscertificates.EncodeKey(key)), state.Certificates{}, now); ok {
		t.Error("the link taken for the leaf")
	}
}

func newKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := tlscertificates.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
