package state_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
	"time"

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
		// A gateway passes over the first, and serves what comes after it.
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

func newKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := tlscertificates.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
