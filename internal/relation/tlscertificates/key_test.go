package tlscertificates_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
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

func TestKeyLabels(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	if current != load(t).Label || legacy != "afd8c2bccf834997afce12c2706d2ede-private-key-certificates" {
		t.Errorf("labels %q, %q", current, legacy)
	}
}
