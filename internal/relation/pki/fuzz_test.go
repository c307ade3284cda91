package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"unicode"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// FuzzParseCertificate: what Go accepts is read in the same way, and what it does not accept is
// limited by the bytes that it came from.
func FuzzParseCertificate(f *testing.F) {
	der, key := authority(f)
	f.Add(der, der)
	f.Add(pkitest.NegativeSerial(f, der, key), der)
	f.Add(pkitest.UnknownCurve(f, der, key), []byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte("\x30\x80\x00\x00"), []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c, err := pki.ParseCertificate(first)
		parsed, strict := x509.ParseCertificate(first)
		if err != nil {
			if c != nil || strict == nil {
				t.Errorf("%v, and Go reads it: %v", err, strict)
			}
			return
		}
		if !bytes.HasPrefix(first, c.Raw) || (c.X509 == nil) != (c.Refusal != "") || strict == nil && !parsed.Equal(c.X509) {
			t.Errorf("%+v is read of %x, and Go says %v", c, first, strict)
		}
		for _, text := range []string{c.Refusal, pki.NameText(c.Subject), pki.NameText(c.Issuer)} {
			if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || len(text) > 1000 {
				t.Errorf("not fit for a log: %q", text)
			}
		}
		if !pki.SameName(c.Subject, c.Subject) || pki.SameName(c.Subject, second) != pki.SameName(second, c.Subject) {
			t.Errorf("names %x and %x", c.Subject, second)
		}
		again, err := pki.ParseCertificate(c.Raw)
		if err != nil || !bytes.Equal(again.Raw, c.Raw) || !again.NotAfter.Equal(c.NotAfter) {
			t.Errorf("%+v is read again as %+v, %v", c, again, err)
		}
	})
}

// FuzzBlocks: blocks are found whatever is between them, except more dashes.
func FuzzBlocks(f *testing.F) {
	f.Add([]byte("a"), []byte{}, "", "", "")
	f.Add([]byte("a"), bytes.Repeat([]byte("b"), 99), "# a\n", " ", "\r\n")
	f.Add([]byte{}, []byte{0}, "-----BEGIN", "-----END X-----", "-")
	f.Fuzz(func(t *testing.T, first, second []byte, before, between, after string) {
		one := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: first})))
		other := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: second})))
		text := before + one + between + other + after
		separate := pki.Separate(text)
		if again := pki.Separate(separate); again != separate {
			t.Errorf("%q, and then %q", separate, again)
		}
		found := pki.Blocks(text)
		if strings.Contains(before+between+after, "-") {
			return
		}
		if len(found) != 2 || !bytes.Equal(found[0].Bytes, first) || !bytes.Equal(found[1].Bytes, second) {
			t.Errorf("%d blocks of %q", len(found), text)
		}
		if block := pki.First(text); block == nil || !bytes.Equal(block.Bytes, first) {
			t.Errorf("the first block of %q is %+v", text, block)
		}
	})
}
