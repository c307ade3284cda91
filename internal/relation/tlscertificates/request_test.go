package tlscertificates_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

func TestRequestsAreThePythonBytes(t *testing.T) {
	t.Parallel()
	f := load(t)
	if diff := cmp.Diff(f.CSR, f.request.PEM); diff != "" {
		t.Errorf("PEM (-fixture +got):\n%s", diff)
	}
	if diff := cmp.Diff(f.Requirer, tlscertificates.EncodeRequests([]tlscertificates.Request{f.request})); diff != "" {
		t.Errorf("bag (-fixture +got):\n%s", diff)
	}
}

func TestEncodeRequests(t *testing.T) {
	t.Parallel()
	requests := []tlscertificates.Request{{PEM: "\nB\nC\n"}, {PEM: "A", CA: true}}
	want := bag{"certificate_signing_requests": `[{"certificate_signing_request": "B\nC", "ca": false}, {"certificate_signing_request": "A", "ca": true}]`}
	if diff := cmp.Diff(want, tlscertificates.EncodeRequests(requests)); diff != "" {
		t.Errorf("two (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(bag{"certificate_signing_requests": ""}, tlscertificates.EncodeRequests(nil)); diff != "" {
		t.Errorf("none (-want +got):\n%s", diff)
	}
}

func TestParseRequests(t *testing.T) {
	t.Parallel()
	f := load(t)
	csr := encode(t, f.CSR)
	crlf := encode(t, strings.ReplaceAll(f.CSR, "\n", "\r\n")+"\r\n")
	for name, c := range map[string]struct {
		value  string
		want   int
		ca     bool
		remark string // begins the first remark
	}{
		"as Python writes it": {value: f.Requirer["certificate_signing_requests"], want: 1},
		"compact":             {value: `[{"certificate_signing_request":` + csr + `,"ca":false}]`, want: 1},
		"ca true":             {value: `[{"certificate_signing_request":` + csr + `,"ca":true}]`, want: 1, ca: true},
		"ca null":             {value: `[{"certificate_signing_request":` + csr + `,"ca":null}]`, want: 1},
		"ca absent":           {value: `[{"certificate_signing_request":` + csr + `}]`, want: 1},
		"crlf":                {value: `[{"certificate_signing_request":` + crlf + `}]`, want: 1},
		"empty list":          {value: `[]`},
		"deleted":             {value: ``},
		"one bad, one good":   {value: `[{"certificate_signing_request":"x"},{"certificate_signing_request":` + csr + `}]`, want: 1, remark: "certificate_signing_requests[0]: not a PEM certificate request"},
		"ca garbage":          {value: `[{"certificate_signing_request":` + csr + `,"ca":[]}]`, remark: "certificate_signing_requests[0]: ca must be"},
		"no csr":              {value: `[{"ca":false}]`, remark: "certificate_signing_requests[0]: certificate_signing_request missing"},
		"certificate":         {value: `[{"certificate_signing_request":` + encode(t, f.Root) + `}]`, remark: "certificate_signing_requests[0]: not a PEM certificate request"},
		"false armour":        {value: `[{"certificate_signing_request":` + encode(t, strings.ReplaceAll(f.Root, "CERTIFICATE", "CERTIFICATE REQUEST")) + `}]`, remark: "certificate_signing_requests[0]: not a certificate request"},
		"not a list":          {value: `{}`, remark: "certificate_signing_requests: not a list"},
		"not json":            {value: `x`, remark: "certificate_signing_requests: not JSON"},
		"entry no object":     {value: `[null]`, remark: "certificate_signing_requests[0]: not a JSON object"},
		"huge":                {value: strings.Repeat(" ", 5<<20), remark: "databag has"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, remarks := tlscertificates.ParseRequests(bag{"certificate_signing_requests": c.value})
			if len(got) != c.want {
				t.Fatalf("%d requests, want %d (%q)", len(got), c.want, remarks)
			}
			if c.remark == "" && len(remarks) > 0 || c.remark != "" && (len(remarks) == 0 || !strings.HasPrefix(remarks[0], c.remark)) {
				t.Errorf("remarks %q, want one that begins %q", remarks, c.remark)
			}
			if c.want == 1 && (!got[0].Is(f.request) || got[0].CA != c.ca || strings.TrimSpace(got[0].PEM) != got[0].PEM) {
				t.Errorf("request %+v, want the fixture's, ca %t", got[0], c.ca)
			}
		})
	}
}

// subjectOf returns the attributes of a request's subject in their DER form.
func subjectOf(t *testing.T, request tlscertificates.Request) (csr *x509.CertificateRequest, subject []string) {
	t.Helper()
	block, rest := pem.Decode([]byte(request.PEM))
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(rest) > 0 {
		t.Fatalf("not one PEM request: %s", request.PEM)
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	var sets []asn1.RawValue
	if _, err := asn1.Unmarshal(csr.RawSubject, &sets); err != nil {
		t.Fatal(err)
	}
	for _, set := range sets {
		var attribute struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		if _, err := asn1.Unmarshal(set.Bytes, &attribute); err != nil {
			t.Fatal(err)
		}
		subject = append(subject, fmt.Sprintf("%v=%d:%s", attribute.Type, attribute.Value.Tag, attribute.Value.Bytes))
	}
	return csr, subject
}

const uniqueID = "196b5eda-4fdf-451b-8449-093b5ccfe5a5" // the fixture's

// TestNewRequestIsThePythonRequest rebuilds the fixture's CSR: RSA signatures are
// not random, so every byte must be the same.
func TestNewRequestIsThePythonRequest(t *testing.T) {
	t.Parallel()
	f := load(t)
	got, err := tlscertificates.NewRequest(rand.Reader, now, f.key, tlscertificates.Subject{
		CommonName: "gw.example.com", DNSNames: []string{"gw.example.com"}, UniqueID: uniqueID,
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.request, got); diff != "" {
		t.Errorf("request (-python +got):\n%s", diff)
	}
}

func TestNewRequest(t *testing.T) {
	t.Parallel()
	f := load(t)
	names := []string{"*.a.example.com", "b.example.com"}
	addresses := []net.IP{net.IPv4(10, 0, 0, 1), net.ParseIP("fd00::1")}
	request, err := tlscertificates.NewRequest(rand.Reader, now, f.key, tlscertificates.Subject{
		CommonName: "a.example.com", DNSNames: names, IPAddresses: addresses,
	})
	if err != nil {
		t.Fatal(err)
	}
	csr, subject := subjectOf(t, request)
	if err := csr.CheckSignature(); err != nil {
		t.Error(err)
	}
	if csr.SignatureAlgorithm != x509.SHA256WithRSA || csr.Version != 0 {
		t.Errorf("signed with %v, version %d", csr.SignatureAlgorithm, csr.Version)
	}
	details, err := request.Details()
	if err != nil {
		t.Fatal(err)
	}
	// 12 is the tag of UTF8String.
	want := []string{"2.5.4.3=12:a.example.com", "2.5.4.45=12:" + details.UniqueID}
	if diff := cmp.Diff(want, subject); diff != "" {
		t.Errorf("subject (-want +got):\n%s", diff)
	}
	if !uuid7.MatchString(details.UniqueID) {
		t.Errorf("unique identifier %q is no UUID", details.UniqueID)
	}
	if len(csr.Extensions) != 1 || csr.Extensions[0].Critical || !csr.Extensions[0].Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
		t.Errorf("extensions %v, want one subject alternative name, not critical", csr.Extensions)
	}
	if diff := cmp.Diff(names, details.DNSNames); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if len(details.IPAddresses) != 2 || !details.IPAddresses[0].Equal(addresses[0]) || !details.IPAddresses[1].Equal(addresses[1]) {
		t.Errorf("addresses %v", details.IPAddresses)
	}
	if !details.PublicKey.Equal(&f.key.PublicKey) {
		t.Error("the request has another key")
	}
}

var uuid7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestCommonNameBoundary(t *testing.T) {
	t.Parallel()
	f := load(t)
	for length, want := range map[int]int{63: 2, 64: 2, 65: 1, 253: 1} {
		name := strings.Repeat("a", length)
		subject := tlscertificates.Subject{CommonName: name, DNSNames: []string{name}}
		request, err := tlscertificates.NewRequest(rand.Reader, now, f.key, subject)
		if err != nil {
			t.Fatal(err)
		}
		csr, attributes := subjectOf(t, request)
		if len(attributes) != want || len(csr.DNSNames) != 1 || csr.DNSNames[0] != name {
			t.Errorf("name of %d characters: subject %q, names %q", length, attributes, csr.DNSNames)
		}
		if !request.Fits(subject, false, &f.key.PublicKey) {
			t.Errorf("name of %d characters: the request does not fit its own subject", length)
		}
	}
}

func TestRenewalDiffersWithTheSameKey(t *testing.T) {
	t.Parallel()
	f := load(t)
	first, second := f.newRequest(t, []string{"a.example.com"}), f.newRequest(t, []string{"a.example.com"})
	if first.Is(second) || first.PEM == second.PEM {
		t.Error("a renewal is the same request: no provider would answer it")
	}
	for _, request := range []tlscertificates.Request{first, second} {
		details, err := request.Details()
		if err != nil || !details.PublicKey.Equal(&f.key.PublicKey) {
			t.Errorf("key differs: %v", err)
		}
	}
}

func TestNewRequestErrors(t *testing.T) {
	t.Parallel()
	f := load(t)
	broken := iotest.ErrReader(errors.New("no entropy"))
	for name, make := range map[string]func() error{
		"no key": func() error {
			_, err := tlscertificates.NewRequest(rand.Reader, now, nil, tlscertificates.Subject{})
			return err
		},
		"no randomness": func() error {
			_, err := tlscertificates.NewRequest(broken, now, f.key, tlscertificates.Subject{})
			return err
		},
		"unicode name": func() error {
			_, err := tlscertificates.NewRequest(rand.Reader, now, f.key, tlscertificates.Subject{DNSNames: []string{"café.example"}})
			return err
		},
		"bad address": func() error {
			_, err := tlscertificates.NewRequest(rand.Reader, now, f.key, tlscertificates.Subject{IPAddresses: []net.IP{{1, 2}}})
			return err
		},
		"name not UTF-8": func() error {
			_, err := tlscertificates.NewRequest(rand.Reader, now, f.key, tlscertificates.Subject{CommonName: "\xff"})
			return err
		},
	} {
		if err := make(); err == nil || !strings.HasPrefix(err.Error(), "cannot make ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestNewUniqueID(t *testing.T) {
	t.Parallel()
	// RFC 9562, appendix A.6, has this time as its example.
	made := time.Date(2022, time.February, 22, 19, 22, 22, 0, time.UTC)
	id, err := tlscertificates.NewUniqueID(bytes.NewReader(bytes.Repeat([]byte{0xff}, 10)), made)
	if err != nil || id != "017f22e2-79b0-7fff-bfff-ffffffffffff" {
		t.Errorf("got %q, %v", id, err)
	}
	if _, err := tlscertificates.NewUniqueID(bytes.NewReader(nil), made); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
}

// TestMade shows that a request of ours says when it was made, and others do not.
func TestMade(t *testing.T) {
	t.Parallel()
	f := load(t)
	made := time.Date(2026, time.November, 23, 12, 0, 0, 123e6, time.UTC)
	ours, err := tlscertificates.NewRequest(rand.Reader, made, f.key, tlscertificates.Subject{CommonName: "a.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if details, err := ours.Details(); err != nil || !details.Made.Equal(made) {
		t.Errorf("made at %v, %v; want %v", details.Made, err, made)
	}
	if details, err := f.request.Details(); err != nil || !details.Made.IsZero() {
		t.Errorf("the Python library's request was made at %v, %v", details.Made, err)
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	f := load(t)
	other, err := tlscertificates.ParseKey(f.OtherKey)
	if err != nil {
		t.Fatal(err)
	}
	subject := tlscertificates.Subject{CommonName: "gw.example.com", DNSNames: []string{"gw.example.com"}}
	if !f.request.Fits(subject, false, &f.key.PublicKey) {
		t.Error("the Python library's request is not kept")
	}
	if f.request.Fits(subject, true, &f.key.PublicKey) || f.request.Fits(subject, false, &other.PublicKey) || f.request.Fits(subject, false, nil) {
		t.Error("a request of another kind or key is kept")
	}
	for name, subject := range map[string]tlscertificates.Subject{
		"other name":      {CommonName: "gw.example.com", DNSNames: []string{"b.example.com"}},
		"one name more":   {CommonName: "gw.example.com", DNSNames: []string{"gw.example.com", "b.example.com"}},
		"no common name":  {DNSNames: []string{"gw.example.com"}},
		"an address more": {CommonName: "gw.example.com", DNSNames: []string{"gw.example.com"}, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1)}},
	} {
		if f.request.Fits(subject, false, &f.key.PublicKey) {
			t.Errorf("%s: kept", name)
		}
	}
	two := f.newRequest(t, []string{"a.example.com", "b.example.com"}, net.IPv4(10, 0, 0, 1))
	if !two.Fits(tlscertificates.Subject{
		CommonName: "a.example.com", DNSNames: []string{"B.example.com", "a.example.com", "a.example.com"},
		IPAddresses: []net.IP{net.ParseIP("10.0.0.1")},
	}, false, &f.key.PublicKey) {
		t.Error("the order of names, their case or the form of an address counts")
	}
	for name, template := range map[string]*x509.CertificateRequest{
		"no unique identifier": {Subject: pkix.Name{CommonName: "gw.example.com"}, DNSNames: subject.DNSNames},
		"organisation":         {Subject: pkix.Name{CommonName: "gw.example.com", Organization: []string{"O"}}, DNSNames: subject.DNSNames},
		"e-mail":               {Subject: pkix.Name{CommonName: "gw.example.com"}, DNSNames: subject.DNSNames, EmailAddresses: []string{"a@b"}},
	} {
		if name != "no unique identifier" {
			template.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 45}, Value: uniqueID}}
		}
		der, err := x509.CreateCertificateRequest(rand.Reader, template, f.key)
		if err != nil {
			t.Fatal(err)
		}
		text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
		if (tlscertificates.Request{PEM: text}).Fits(subject, false, &f.key.PublicKey) {
			t.Errorf("%s: kept", name)
		}
	}
}
