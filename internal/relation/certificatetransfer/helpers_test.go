package certificatetransfer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/recorded"
)

// now is the time of every judgement.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

type bag = map[string]string

// authority makes the self-signed certificate of an authority, in PEM.
func authority(tb testing.TB, name string, changes ...func(*x509.Certificate)) string {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	for _, change := range changes {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	if template.SerialNumber.Sign() == 0 { // Go makes none like that; see unread.
		der = pkitest.NegativeSerial(tb, der, key)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func leaf(c *x509.Certificate)    { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature }
func expired(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }
func early(c *x509.Certificate)   { c.NotBefore, c.NotAfter = now.Add(time.Hour), now.Add(2*time.Hour) }

// unread makes it a certificate that Go cannot parse.
func unread(c *x509.Certificate) { c.SerialNumber = new(big.Int) }

// text returns a value's JSON.
func text(tb testing.TB, value any) string {
	tb.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return string(encoded)
}

const recording = "testdata/certificate_transfer.txt"

// A block is one "## name" of the recordings.
type block struct {
	app, unit bag
	updated   string // "['A', 'B']", for those that were read
}

// blocks returns the recordings by name.
func blocks(t *testing.T) map[string]block {
	t.Helper()
	all := map[string]block{}
	for _, one := range recorded.Section(t, recording, "certificate_transfer") {
		var b block
		for line := range strings.Lines(one.Text) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "app":
				b.app = recorded.Bag(t, value)
			case "unit":
				b.unit = recorded.Bag(t, value)
			case "updated":
				b.updated = value
			default:
				t.Fatalf("block %q: unknown line %q", one.Name, line)
			}
		}
		all[one.Name] = b
	}
	return all
}
