package tlscertificates_test

import (
	"crypto/rand"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// A limit is a request at the limits of what the Python library makes.
type limit struct {
	subject tlscertificates.Subject
	// refused says that we do not make it either.
	refused bool
	// unlike says why, if the library's result is different.
	unlike string
}

// limits are the recorded cases of both sections, by the words with which a line begins. Lines that
// begin with "legacy owner" are about the secret of the key: see the charm's
// TestLegacyKeyRecordings.
func limits() map[string]limit {
	named := func(length int) tlscertificates.Subject {
		name := strings.Repeat("a", length)
		return tlscertificates.Subject{CommonName: name, DNSNames: []string{name}}
	}
	const noCommonName = "the name is asked for as an alternative name alone"
	return map[string]limit{
		"63":                 {subject: named(63)},
		"64":                 {subject: named(64)},
		"65":                 {subject: named(65), unlike: noCommonName},
		"no CN":              {subject: tlscertificates.Subject{DNSNames: []string{"gw.example.com"}}},
		"no subject, no uid": {unlike: "our requests always have a unique identifier"},
		"no CN + uid":        {subject: tlscertificates.Subject{UniqueID: uniqueID}},
		"ip bad":             {subject: tlscertificates.Subject{IPAddresses: []net.IP{net.ParseIP("nope")}}, refused: true},
		"ip":                 {subject: tlscertificates.Subject{IPAddresses: []net.IP{net.ParseIP("10.0.0.1")}}},
		"wild":               {subject: tlscertificates.Subject{DNSNames: []string{"*.x.com"}}},
		"idn":                {subject: tlscertificates.Subject{DNSNames: []string{"münchen.example"}}, refused: true},
	}
}

// TestLimits compares the requests that we make, and those that we refuse to make, with what the
// Python library does at the limits.
func TestLimits(t *testing.T) {
	t.Parallel()
	f, cases, seen := load(t), limits(), 0
	for path, title := range map[string]string{
		"testdata/tls_requirer.txt": "CN limits",
		"testdata/tls_provider.txt": "CN/CSR limits",
	} {
		for _, line := range recorded.Lines(t, path, title) {
			name, made := outcomeOf(line)
			if strings.HasPrefix(name, "legacy owner") {
				continue
			}
			c, known := cases[name]
			if !known {
				t.Errorf("%s: %q is unknown to this test", path, line)
				continue
			}
			seen++
			request, err := tlscertificates.NewRequest(rand.Reader, now, f.key, c.subject)
			if (err != nil) != c.refused {
				t.Errorf("%s: error %v, want one: %t", name, err, c.refused)
			}
			if differs := made == c.refused; differs != (c.unlike != "") {
				t.Errorf("%s: the library makes it: %t, we refuse: %t, unlike: %q", name, made, c.refused, c.unlike)
			}
			if err == nil {
				checkNames(t, name, request, c.subject)
			}
		}
	}
	if seen != len(cases) {
		t.Errorf("%d cases were recorded, want %d", seen, len(cases))
	}
}

// outcomeOf takes a line apart: what was tried, and whether the library made a request:
//
//	65 EXC ValueError Attribute's length …
//	ip -> ['<IPAddress(value=10.0.0.1)>']
//	64 ok
func outcomeOf(line string) (name string, made bool) {
	if name, _, refused := strings.Cut(line, " EXC "); refused {
		return name, false
	}
	name, _, _ = strings.Cut(line, " ->")
	return strings.TrimSuffix(name, " ok"), true
}

// checkNames compares the content of a request with what it was made for.
func checkNames(t *testing.T, name string, request tlscertificates.Request, want tlscertificates.Subject) {
	t.Helper()
	got, err := request.Details()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(want.CommonName) > 64 {
		want.CommonName = ""
	}
	if got.UniqueID == "" || got.CommonName != want.CommonName {
		t.Errorf("%s: unique identifier %q, common name %q", name, got.UniqueID, got.CommonName)
	}
	if diff := cmp.Diff(want.DNSNames, got.DNSNames); diff != "" {
		t.Errorf("%s: names (-want +got):\n%s", name, diff)
	}
	if len(got.IPAddresses) != len(want.IPAddresses) || len(want.IPAddresses) > 0 && !got.IPAddresses[0].Equal(want.IPAddresses[0]) {
		t.Errorf("%s: addresses %v, want %v", name, got.IPAddresses, want.IPAddresses)
	}
}

// TestSections fails if a recording has a section without a test.
func TestSections(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		// The charm's TestRequirerRecordings is about requests when hosts and leaders come and go.
		"testdata/tls_requirer.txt": {"MODE Mode.UNIT", "MODE Mode.APP", "CN limits"},
		"testdata/tls_provider.txt": {"CN/CSR limits", "V4 PROVIDER reading requirer data"},
	} {
		if diff := cmp.Diff(want, recorded.Titles(t, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}
