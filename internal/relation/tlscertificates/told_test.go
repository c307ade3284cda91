package tlscertificates_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

func TestStateNames(t *testing.T) {
	t.Parallel()
	for state, want := range map[tlscertificates.State]string{
		tlscertificates.Pending: "pending", tlscertificates.Issued: "issued", tlscertificates.Revoked: "revoked", tlscertificates.Denied: "denied",
		tlscertificates.NotYetValid: "not yet valid", tlscertificates.Expired: "expired", tlscertificates.Unusable: "unusable",
		7: "state 7", -1: "state -1",
	} {
		if got := state.String(); got != want {
			t.Errorf("state %d is %q, want %q", int(state), got, want)
		}
	}
}

// The codes of the first hundred require the operator to act.
func TestOperatorMustAct(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]bool{0: false, 99: false, 100: true, tlscertificates.CodeIPNotAllowed: true, 199: true, 200: false, tlscertificates.CodeOther: false} {
		if got := (tlscertificates.RequestError{Code: code}).OperatorMustAct(); got != want {
			t.Errorf("code %d: %t", code, got)
		}
	}
}

func TestCodesOfRefusals(t *testing.T) {
	t.Parallel()
	f := load(t)
	for error, want := range map[string]int{
		`{"code": 0, "name": "domain_not_allowed"}`:     0,
		`{"code": 999, "name": "domain_not_allowed"}`:   999,
		`{"code": 1000, "name": "domain_not_allowed"}`:  tlscertificates.CodeDomainNotAllowed,
		`{"code": "102", "name": "Domain_Not_Allowed"}`: tlscertificates.CodeDomainNotAllowed,
		`{"name": "out of paper"}`:                      tlscertificates.CodeOther,
	} {
		provider := tlscertificates.ParseProvider(bag{"request_errors": `[{"csr": ` + encode(t, f.CSR) + `, "error": ` + error + `}]`})
		if len(provider.Errors) != 1 || provider.Errors[0].Code != want {
			t.Errorf("%s: %+v, want %d; remarks %q", error, provider.Errors, want, provider.Remarks)
		}
	}
}

// The example of RFC 9562 (A.6).
func TestUniqueIDOfRFC9562(t *testing.T) {
	t.Parallel()
	random := bytes.NewReader([]byte("\xfc\xc3\xd8\xc4\xdc\x0c\x0c\x07\x39\x8f"))
	id, err := tlscertificates.NewUniqueID(random, time.UnixMilli(1645557742000))
	if want := "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"; err != nil || id != want {
		t.Errorf("%s, %v, want %s", id, err, want)
	}
}

// Data of a provider that cannot be used are mentioned, and have no effect.
func TestNothingIsMadeOfWhatIsIgnored(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	link, junk := toPEM(root.certificate), asPEM([]byte("junk"))
	for name, c := range map[string]struct {
		bag                                   bag
		certificates, errors, chain, ca, pool int
		remarks                               []string
	}{
		"lists that were deleted": {bag: bag{"certificates": "", "request_errors": ""}},
		"entries that are none": {
			bag:     bag{"certificates": "[1]", "request_errors": "[2]"},
			remarks: []string{"certificates[0]: not a JSON object; ignored", "request_errors[0]: not a JSON object; ignored"},
		},
		"a link twice": {
			bag:          bagOf(t, f.entry(t, map[string]any{"chain": []string{link, link}, "ca": link})),
			certificates: 1, chain: 2, ca: 1, pool: 1,
		},
		"links that are none": {
			bag:          bagOf(t, f.entry(t, map[string]any{"chain": []string{"x", junk, link}, "ca": "x"})),
			certificates: 1, chain: 1, pool: 1,
			remarks: []string{
				"certificates[0].chain: not a PEM certificate; ignored", "certificates[0].chain: not a certificate; ignored",
				"certificates[0].ca: not a PEM certificate; ignored",
			},
		},
	} {
		provider := tlscertificates.ParseProvider(c.bag)
		if !slices.Equal(provider.Remarks, c.remarks) {
			t.Errorf("%s: remarks %q, want %q", name, provider.Remarks, c.remarks)
		}
		if len(provider.Certificates) != c.certificates || len(provider.Errors) != c.errors {
			t.Errorf("%s: %d certificates, %d errors", name, len(provider.Certificates), len(provider.Errors))
			continue
		}
		for _, got := range provider.Certificates {
			if len(got.Chain) != c.chain || (got.CA == "") != (c.ca == 0) || len(got.Roots) != c.ca || len(got.Pool) != c.pool {
				t.Errorf("%s: %d in the chain, CA %q of %d, %d in the pool", name, len(got.Chain), got.CA, len(got.Roots), len(got.Pool))
			}
		}
	}
}

// A request is kept only while it asks for what a new one would ask for.
func TestFitsNothingElse(t *testing.T) {
	t.Parallel()
	f := load(t)
	one, other := net.IPv4(10, 1, 2, 3), net.IPv4(10, 1, 2, 4)
	subject := tlscertificates.Subject{CommonName: "a.example.com", DNSNames: []string{"a.example.com", "b.example.com"}, IPAddresses: []net.IP{one, other}}
	request, err := tlscertificates.NewRequest(strings.NewReader(strings.Repeat("x", 99)), now, f.key, subject)
	if err != nil {
		t.Fatal(err)
	}
	turned := subject
	turned.DNSNames, turned.IPAddresses = []string{"B.example.com", "a.example.com"}, []net.IP{other, one}
	if !request.Is(tlscertificates.Request{PEM: "before\r\n" + request.PEM}) || (tlscertificates.Request{PEM: "x"}).Is(tlscertificates.Request{PEM: "x"}) {
		t.Error("a request is known by something else than its DER")
	}
	if !request.Fits(turned, false, &f.key.PublicKey) {
		t.Error("the order of names and addresses counts")
	}
	names := []pkix.AttributeTypeAndValue{{Type: []int{2, 5, 4, 3}, Value: "a.example.com"}, {Type: []int{2, 5, 4, 45}, Value: "id"}}
	for name, c := range map[string]struct {
		change func(*x509.CertificateRequest)
		fits   bool
	}{
		"nothing else": {func(*x509.CertificateRequest) {}, true},
		"an organization": {func(r *x509.CertificateRequest) {
			r.Subject.ExtraNames = append(slices.Clone(names), pkix.AttributeTypeAndValue{Type: []int{2, 5, 4, 10}, Value: "Example"})
		}, false},
		"no unique identifier":   {func(r *x509.CertificateRequest) { r.Subject.ExtraNames = names[:1] }, false},
		"two unique identifiers": {func(r *x509.CertificateRequest) { r.Subject.ExtraNames = append(slices.Clone(names), names[1]) }, false},
		"an extension": {func(r *x509.CertificateRequest) {
			r.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 15}, Value: []byte{3, 2, 5, 0xa0}}}
		}, false},
		"a mail address": {func(r *x509.CertificateRequest) { r.EmailAddresses = []string{"a@example.com"} }, false},
	} {
		template := &x509.CertificateRequest{Subject: pkix.Name{ExtraNames: names}, DNSNames: subject.DNSNames, IPAddresses: subject.IPAddresses}
		c.change(template)
		der, err := x509.CreateCertificateRequest(nil, template, f.key)
		if err != nil {
			t.Fatal(err)
		}
		request := tlscertificates.Request{PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))}
		if got := request.Fits(subject, false, &f.key.PublicKey); got != c.fits {
			t.Errorf("%s: fits %t", name, got)
		}
	}
}
