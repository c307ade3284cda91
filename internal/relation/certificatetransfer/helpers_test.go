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
	"os"
	"strings"
	"testing"
	"time"
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
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func leaf(c *x509.Certificate)    { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature }
func expired(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }
func early(c *x509.Certificate)   { c.NotBefore, c.NotAfter = now.Add(time.Hour), now.Add(2*time.Hour) }

// text gives a value's JSON.
func text(tb testing.TB, value any) string {
	tb.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return string(encoded)
}

// A block is one "## name" of the recordings.
type block struct {
	app, unit bag
	updated   string // "['A', 'B']", for those that were read
}

// blocks gives the recordings by name.
func blocks(t *testing.T) map[string]block {
	t.Helper()
	content, err := os.ReadFile("testdata/certificate_transfer.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]block{}
	for part := range strings.SplitSeq(string(content), "\n## ") {
		name, lines, _ := strings.Cut(part, "\n")
		if strings.HasPrefix(name, "===") {
			continue
		}
		var b block
		for line := range strings.Lines(lines) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "app":
				err = json.Unmarshal([]byte(value), &b.app)
			case "unit":
				err = json.Unmarshal([]byte(value), &b.unit)
			case "updated":
				b.updated = value
			default:
				t.Fatalf("block %q: unknown line %q", name, line)
			}
			if err != nil {
				t.Fatalf("block %q: %v", name, err)
			}
		}
		all[name] = b
	}
	if len(all) == 0 {
		t.Fatal("no recordings")
	}
	return all
}
