package tlscertificates_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

func TestKeyRoundTrip(t *testing.T) {
	t.Parallel()
	f := load(t)
	if got := tlscertificates.EncodeKey(f.key); got != f.Key {
		t.Error("the fixture's key is not encoded as the Python library stores it")
	}
	key, err := tlscertificates.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if key.N.BitLen() != 2048 || key.E != 65537 {
		t.Errorf("%d bits, exponent %d", key.N.BitLen(), key.E)
	}
	back, err := tlscertificates.ParseKey("\n" + tlscertificates.EncodeKey(key) + "\n")
	if err != nil || !back.Equal(key) {
		t.Errorf("the key is not read back: %v", err)
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	f := load(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := tlscertificates.ParseKey(pkcs8(t, f.key)); err != nil || !key.Equal(f.key) {
		t.Errorf("PKCS#8: %v", err)
	}
	body := strings.Split(f.Key, "\n")
	for name, c := range map[string]struct{ text, want string }{
		"empty":     {"", "cannot read private key: not PEM"},
		"garbage":   {"garbage", "cannot read private key: not PEM"},
		"cut":       {strings.Join(body[:5], "\n") + "\n-----END RSA PRIVATE KEY-----", "cannot read private key: not PKCS#1"},
		"elliptic":  {pkcs8(t, ecKey(t)), "cannot use private key: not RSA"},
		"small":     {tlscertificates.EncodeKey(small), "cannot use private key: fewer than 2048 bits"},
		"other":     {f.Root, "cannot read private key: not an RSA key in PEM"},
		"big":       {bigKey(t, 9000), "cannot use private key: more than 8192 bits"},
		"huge":      {bigKey(t, 65_536), "cannot read private key: longer than 8192 bytes"},
		"bad PKCS8": {strings.ReplaceAll(f.Root, "CERTIFICATE", "PRIVATE KEY"), "cannot read private key: not PKCS#8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := tlscertificates.ParseKey(c.text); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func pkcs8[K *rsa.PrivateKey | *ecdsa.PrivateKey](t *testing.T, key K) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// bigKey returns a key of that size in PKCS#1. Its factors are not primes, but to find that out
// takes longer than to read the key.
func bigKey(t *testing.T, bits int) string {
	t.Helper()
	one, e := big.NewInt(1), big.NewInt(65537)
	factor := func() *big.Int {
		for {
			p, err := rand.Int(rand.Reader, new(big.Int).Lsh(one, uint(bits/2-2)))
			if err != nil {
				t.Fatal(err)
			}
			p.SetBit(p.SetBit(p.SetBit(p, bits/2-1, 1), bits/2-2, 1), 0, 1)
			if new(big.Int).GCD(nil, nil, e, new(big.Int).Sub(p, one)).Cmp(one) == 0 {
				return p
			}
		}
	}
	key := struct{ Version, N, E, D, P, Q, Dp, Dq, Qinv *big.Int }{Version: new(big.Int), E: e}
	for key.Qinv == nil {
		key.P, key.Q = factor(), factor()
		key.Qinv = new(big.Int).ModInverse(key.Q, key.P)
	}
	p1, q1 := new(big.Int).Sub(key.P, one), new(big.Int).Sub(key.Q, one)
	key.N = new(big.Int).Mul(key.P, key.Q)
	key.D = new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))
	key.Dp, key.Dq = new(big.Int).Mod(key.D, p1), new(big.Int).Mod(key.D, q1)
	der, err := asn1.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))
}

func TestKeyLabels(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	if current != load(t).Label || legacy != "afd8c2bccf834997afce12c2706d2ede-private-key-certificates" {
		t.Errorf("labels %q, %q", current, legacy)
	}
}
