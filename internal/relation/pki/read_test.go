package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// extension returns an extension in DER.
func extension(id []int, value ...byte) pkix.Extension { return pkix.Extension{Id: id, Value: value} }

var basicConstraints, keyUsage = []int{2, 5, 29, 19}, []int{2, 5, 29, 15}

// Whatever a certificate has, Go's reading is the standard: a copy that Go refuses is read with the
// same result.
func TestRefusedIsReadAsGoReads(t *testing.T) {
	t.Parallel()
	der, key := authority(t)
	issuer, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	at := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		template x509.Certificate
		isCA     bool
	}{
		"neither constraints nor usage":     {template: x509.Certificate{}},
		"an authority without usage":        {x509.Certificate{BasicConstraintsValid: true, IsCA: true}, true},
		"an authority that signs":           {x509.Certificate{BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}, true},
		"an authority that signs lists":     {template: x509.Certificate{BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCRLSign}},
		"an authority that deciphers":       {template: x509.Certificate{BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageDecipherOnly}},
		"no authority, says it signs":       {template: x509.Certificate{BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}},
		"no authority by its constraints":   {template: x509.Certificate{BasicConstraintsValid: true}},
		"usage alone":                       {template: x509.Certificate{KeyUsage: x509.KeyUsageCertSign}},
		"other extensions besides":          {x509.Certificate{BasicConstraintsValid: true, IsCA: true, DNSNames: []string{"a.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, true},
		"constraints that are not critical": {x509.Certificate{ExtraExtensions: []pkix.Extension{extension(basicConstraints, 0x30, 3, 1, 1, 0xff)}}, true},
		"the last century":                  {template: x509.Certificate{NotBefore: at(1950), NotAfter: at(1999)}},
		"as late as two digits can say":     {template: x509.Certificate{NotBefore: at(1951), NotAfter: at(2050).Add(-time.Second)}},
		"as early as four digits say":       {template: x509.Certificate{NotBefore: at(2050), NotAfter: at(2051)}},
	} {
		c.template.SerialNumber, c.template.Subject = big.NewInt(8), pkix.Name{CommonName: "a.example"}
		if c.template.NotAfter.IsZero() {
			c.template.NotBefore, c.template.NotAfter = from, to
		}
		der, err := x509.CreateCertificate(rand.Reader, &c.template, issuer, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		good, err := pki.ParseCertificate(der)
		if err != nil || good.X509 == nil || good.IsCA != c.isCA || string(good.AuthorityKeyID) != "\x01\x02\x03" {
			t.Fatalf("%s: %+v, %v", name, good, err)
		}
		sameButRefused(t, name, good, pkitest.NegativeSerial(t, der, key))
		// Old certificates number their names, which Go ignores.
		numbered := edited(t, der, func(body []asn1.RawValue) []asn1.RawValue {
			return slices.Insert(body, 7, asn1.RawValue{FullBytes: []byte{0x81, 2, 0, 1}}, asn1.RawValue{FullBytes: []byte{0x82, 2, 0, 2}})
		})
		if good, err = pki.ParseCertificate(numbered); err != nil || good.X509 == nil {
			t.Fatalf("%s, with numbered names: %+v, %v", name, good, err)
		}
		sameButRefused(t, name+", with numbered names", good, pkitest.NegativeSerial(t, numbered, key))
	}
}

// sameButRefused checks that twin is read like good, except for Go's reading.
func sameButRefused(t *testing.T, name string, good *pki.Certificate, twin []byte) {
	t.Helper()
	got, err := pki.ParseCertificate(twin)
	if err != nil || got.X509 != nil {
		t.Errorf("%s: %+v, %v", name, got, err)
		return
	}
	want := *good
	want.X509, want.Refusal, want.Raw = nil, got.Refusal, got.Raw
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// edited returns the certificate with another body, without a valid signature.
func edited(tb testing.TB, der []byte, edit func(body []asn1.RawValue) []asn1.RawValue) []byte {
	tb.Helper()
	var whole, body []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &whole); err != nil {
		tb.Fatal(err)
	}
	if _, err := asn1.Unmarshal(whole[0].FullBytes, &body); err != nil {
		tb.Fatal(err)
	}
	return sequence(tb, asn1.RawValue{FullBytes: sequence(tb, edit(body)...)}, whole[1], whole[2])
}

func sequence(tb testing.TB, parts ...asn1.RawValue) []byte {
	tb.Helper()
	encoded, err := asn1.Marshal(parts)
	if err != nil {
		tb.Fatal(err)
	}
	return encoded
}

// If a part is missing, it is not a certificate, except for the version and the extensions, which
// are optional.
func TestPartsOfACertificate(t *testing.T) {
	t.Parallel()
	der, _ := authority(t)
	const version, validity, extensions = 0, 4, 7
	for part := range extensions + 1 {
		lacking := edited(t, der, func(body []asn1.RawValue) []asn1.RawValue { return slices.Delete(body, part, part+1) })
		if c, err := pki.ParseCertificate(lacking); (err == nil) != (part == version || part == extensions) {
			t.Errorf("without part %d: %+v, %v", part, c, err)
		}
	}
	var whole []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &whole); err != nil {
		t.Fatal(err)
	}
	for part := range whole {
		if c, err := pki.ParseCertificate(sequence(t, slices.Delete(slices.Clone(whole), part, part+1)...)); err == nil {
			t.Errorf("without part %d around the body: %+v", part, c)
		}
	}
	start, _ := asn1.Marshal(from)
	for name, times := range map[string][]byte{"no times": nil, "one time": start, "half a time": append(slices.Clone(start), start[:5]...)} {
		odd := edited(t, der, func(body []asn1.RawValue) []asn1.RawValue {
			body[validity] = asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: times}
			return body
		})
		if c, err := pki.ParseCertificate(odd); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// Constraints and usage that say nothing do not allow signing.
func TestEmptyExtensions(t *testing.T) {
	t.Parallel()
	_, key := authority(t)
	authorised := extension(basicConstraints, 0x30, 3, 1, 1, 0xff)
	for name, extensions := range map[string][]pkix.Extension{
		"no value":                {extension(basicConstraints)},
		"a value without a flag":  {extension(basicConstraints, 0x30, 0)},
		"a flag without a value":  {extension(basicConstraints, 0x30, 2, 1, 0)},
		"a flag that is too long": {extension(basicConstraints, 0x30, 4, 1, 2, 0xff, 0xff)},
		"a flag that is down":     {extension(basicConstraints, 0x30, 3, 1, 1, 0)},
		"usage of no value":       {authorised, extension(keyUsage)},
		"usage of no bytes":       {authorised, extension(keyUsage, 3, 0)},
		"usage of no bits":        {authorised, extension(keyUsage, 3, 1, 0)},
	} {
		template := &x509.Certificate{SerialNumber: big.NewInt(8), NotBefore: from, NotAfter: to, ExtraExtensions: extensions}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if der == nil {
			t.Fatal(err)
		}
		if c, err := pki.ParseCertificate(pkitest.NegativeSerial(t, der, key)); err != nil || c.IsCA {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}
