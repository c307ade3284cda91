package pki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

var (
	from = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	to   = time.Date(2051, 6, 1, 12, 0, 0, 0, time.UTC)
)

// authority makes the certificate of an authority, and its key.
func authority(tb testing.TB) ([]byte, *ecdsa.PrivateKey) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Între CA", Organization: []string{"Example"}},
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		SubjectKeyId: []byte{1, 2, 3},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	return der, key
}

// A certificate that Go refuses is read like one that it accepts.
func TestParseCertificate(t *testing.T) {
	t.Parallel()
	der, key := authority(t)
	good, err := pki.ParseCertificate(der)
	if err != nil || good.X509 == nil {
		t.Fatalf("%+v, %v", good, err)
	}
	for name, refused := range map[string][]byte{
		"negative serial number": pkitest.NegativeSerial(t, der, key),
		"unknown curve":          pkitest.UnknownCurve(t, der, key),
		"more behind it":         append(pkitest.NegativeSerial(t, der, key), "\x00\x00more"...),
	} {
		got, err := pki.ParseCertificate(refused)
		if err != nil || got.X509 != nil || got.Refusal == "" {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		want := *good
		want.X509, want.Refusal, want.Raw = nil, got.Refusal, got.Raw
		if name == "unknown curve" {
			want.Key = got.Key
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !bytes.HasPrefix(refused, got.Raw) || bytes.HasSuffix(got.Raw, []byte("more")) {
			t.Errorf("%s: another certificate", name)
		}
	}
	text := func(der []byte) string { return encoded("CERTIFICATE", string(der)) }
	if pki.Unread(text(der)) || pki.Unread("none") || pki.Unread(text([]byte("none"))) || !pki.Unread(text(pkitest.NegativeSerial(t, der, key))) {
		t.Error("what Go does not read is not told apart")
	}
	if got := pki.NameText(good.Subject); got != "CN=Între CA,O=Example" {
		t.Errorf("name %q", got)
	}
	if got := pki.NameText(append(slices.Clone(good.Subject), 0)); got != "" {
		t.Errorf("name with more behind it: %q", got)
	}
	for cut := range der {
		if got, err := pki.ParseCertificate(der[:cut]); err == nil {
			t.Fatalf("the first %d bytes are %+v", cut, got)
		}
	}
}

// name makes a name of parts: the string type, and the text.
func name(tb testing.TB, parts ...asn1.RawValue) []byte {
	tb.Helper()
	type attribute struct {
		ID    asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	var sets []asn1.RawValue
	for _, part := range parts {
		encoded, err := asn1.MarshalWithParams([]attribute{{asn1.ObjectIdentifier{2, 5, 4, 3}, part}}, "set")
		if err != nil {
			tb.Fatal(err)
		}
		sets = append(sets, asn1.RawValue{FullBytes: encoded})
	}
	encoded, err := asn1.Marshal(sets)
	if err != nil {
		tb.Fatal(err)
	}
	return encoded
}

func TestSameName(t *testing.T) {
	t.Parallel()
	text := func(tag int, content string) asn1.RawValue { return asn1.RawValue{Tag: tag, Bytes: []byte(content)} }
	const utf8String, printable, t61, bmp = 12, 19, 20, 30
	plain := name(t, text(utf8String, "Corp Root"))
	for what, c := range map[string]struct {
		a, b []byte
		same bool
	}{
		"itself":               {plain, plain, true},
		"another string":       {plain, name(t, text(printable, "Corp Root")), true},
		"case":                 {plain, name(t, text(utf8String, "CORP root")), true},
		"space":                {plain, name(t, text(utf8String, " Corp  Root ")), true},
		"two bytes each":       {plain, name(t, text(bmp, "\x00C\x00o\x00r\x00p\x00 \x00R\x00o\x00o\x00t")), true},
		"Latin-1":              {name(t, text(utf8String, "Büro")), name(t, text(t61, "B\xfcro")), true},
		"case beyond ASCII":    {name(t, text(utf8String, "BÜRO")), name(t, text(utf8String, "büro")), false},
		"another text":         {plain, name(t, text(utf8String, "Corp Root 2")), false},
		"one part more":        {plain, name(t, text(utf8String, "Corp"), text(utf8String, "Root")), false},
		"numbers, not as text": {name(t, asn1.RawValue{Tag: 2, Bytes: []byte("a")}), name(t, asn1.RawValue{Tag: 2, Bytes: []byte("A")}), false},
		"nothing":              {plain, nil, false},
		"no name":              {plain, []byte("Corp Root"), false},
	} {
		if got := pki.SameName(c.a, c.b); got != c.same {
			t.Errorf("%s: %t", what, got)
		}
		if got := pki.SameName(c.b, c.a); got != c.same {
			t.Errorf("%s, the other way round: %t", what, got)
		}
	}
}

func encoded(kind, content string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte(content)}))
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	a, b := encoded("CERTIFICATE", "a"), encoded("X509 CRL", strings.Repeat("b", 100))
	for name, text := range map[string]string{
		"as they should be":      a + b,
		"no line end":            strings.TrimSpace(a) + strings.TrimSpace(b),
		"space":                  "  " + strings.TrimSpace(a) + " " + strings.TrimSpace(b) + "\t",
		"text between":           "one: " + strings.TrimSpace(a) + ", two: " + strings.TrimSpace(b) + ".",
		"line ends of Windows":   strings.ReplaceAll(strings.TrimSpace(a)+b, "\n", "\r\n"),
		"a comment before":       "# -----\n" + a + "-----\n" + b,
		"another's end":          "-----END CERTIFICATE-----" + a + b,
		"half a line end":        strings.TrimSpace(a) + "\r" + strings.TrimSpace(b) + "\r",
		"begun and never ended":  a + b + "-----BEGIN CERTIFICATE",
		"ended and never closed": a + b + "-----END CERTIFICATE",
		"more dashes":            strings.TrimSpace(a) + "-----" + b,
	} {
		var got []string
		for _, block := range pki.Blocks(text) {
			got = append(got, string(pem.EncodeToMemory(block)))
		}
		if !slices.Equal(got, []string{a, b}) {
			t.Errorf("%s: %q", name, got)
		}
		if first := pki.First(text); first == nil || string(first.Bytes) != "a" {
			t.Errorf("%s: the first is %+v", name, first)
		}
	}
	for _, text := range []string{"", "-----", a, a + b, "no PEM\n" + a} {
		if got := pki.Separate(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if pki.First("none") != nil || pki.Blocks("none") != nil {
		t.Error("a block of nothing")
	}
}

// Lines that begin and end a block get lines of their own, and no other byte changes.
func TestSeparate(t *testing.T) {
	t.Parallel()
	const begin, end = "-----BEGIN X-----", "-----END X-----"
	for text, want := range map[string]string{
		"x" + begin + "\n":                     "x\n" + begin + "\n",
		"one: " + begin + "\nYQ==" + end:       "one: \n" + begin + "\nYQ==\n" + end,
		end + "x\n":                            end + "\nx\n",
		end + begin:                            end + "\n\n" + begin, // An empty line does no harm.
		end + "\r\n" + begin:                   end + "\r\n" + begin,
		end + "\r" + begin:                     end + "\n\r\n" + begin,
		begin + "YQ==\n":                       begin + "YQ==\n",
		"-----BEGIN -----x" + begin:            "-----BEGIN -----x\n" + begin,
		"-----END \n-----x\n":                  "-----END \n-----x\n",
		"x-----BEGIN X":                        "x\n-----BEGIN X",
		"x -----":                              "x -----",
		"-" + begin + "\n-------" + end + "\n": "-\n" + begin + "\n-------\n" + end + "\n",
	} {
		if got := pki.Separate(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
