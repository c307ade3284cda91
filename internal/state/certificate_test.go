package state_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

func TestPrivateKeyHidesItself(t *testing.T) {
	t.Parallel()
	s := state.State{Certificates: state.Certificates{Key: "-----BEGIN RSA PRIVATE KEY-----"}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(format, s); strings.Contains(text, "BEGIN") {
			t.Errorf("%s shows the key: %s", format, text)
		}
		if text := fmt.Sprintf(format, s.Certificates.Key); !strings.Contains(text, "(private key)") {
			t.Errorf("%s does not say that there is a key: %s", format, text)
		}
	}
}

func TestCertificatesFor(t *testing.T) {
	t.Parallel()
	const host = "web.example.com"
	issued := state.Certificate{Request: "issued", Hosts: []string{host}, State: state.CertificateIssued}
	pending := state.Certificate{Request: "pending", Hosts: []string{host}, State: state.CertificatePending}
	other := state.Certificate{Request: "other", Hosts: []string{"b.example.com"}, State: state.CertificateIssued}
	foreign := state.Certificate{Request: "foreign", Foreign: true, Hosts: []string{host}, State: state.CertificateIssued}
	lost := state.Certificate{Request: "lost", Foreign: true, Hosts: []string{host}, State: state.CertificatePending}
	tests := map[string]struct {
		entries []state.Certificate
		want    string
	}{
		"none":                         {nil, ""},
		"other hosts and keys":         {[]state.Certificate{other, lost}, ""},
		"while the key is rotated":     {[]state.Certificate{foreign, pending}, "foreign"},
		"when the key is rotated":      {[]state.Certificate{issued, foreign}, "issued"},
		"an issued one before a newer": {[]state.Certificate{issued, pending}, "issued"},
		"an issued one after an older": {[]state.Certificate{pending, issued}, "issued"},
		"the newest that is pending":   {[]state.Certificate{{Request: "old", Hosts: []string{host}, State: state.CertificateExpired}, pending}, "pending"},
	}
	for name, test := range tests {
		got, ok := state.Certificates{Entries: test.entries}.For(host)
		if got.Request != test.want || ok != (test.want != "") {
			t.Errorf("%s: got %q, %t; want %q", name, got.Request, ok, test.want)
		}
	}
}

// TestNewCertificatesWithoutKey shows that without the key that it was made with, a request of ours
// counts as foreign, and is made again.
func TestNewCertificatesWithoutKey(t *testing.T) {
	t.Parallel()
	const host = "web.example.com"
	ours := newKey(t)
	request, err := tlscertificates.NewRequest(rand.Reader, time.Unix(0, 0), ours, state.Subject([]string{host}))
	if err != nil {
		t.Fatal(err)
	}
	own := tlscertificates.EncodeRequests([]tlscertificates.Request{request})
	tests := map[string]struct {
		key     state.PrivateKey
		foreign bool
		remarks int
	}{
		"ours":       {state.PrivateKey(tlscertificates.EncodeKey(ours)), false, 0},
		"another":    {state.PrivateKey(tlscertificates.EncodeKey(newKey(t))), true, 0},
		"none":       {"", true, 0},
		"unreadable": {"no PEM", true, 1},
	}
	for name, test := range tests {
		got, remarks := state.NewCertificates("certificates:4", test.key, own, nil, time.Unix(0, 0))
		if len(got.Entries) != 1 || got.Entries[0].Foreign != test.foreign || !got.Asked(host, got.Entries[0].KeyID) || !got.Related {
			t.Errorf("%s: got %+v", name, got)
		}
		if got.Asked(host, "") {
			t.Errorf("%s: the key of the request is not known", name)
		}
		if len(remarks) != test.remarks {
			t.Errorf("%s: remarks are %q", name, remarks)
		}
		if test.remarks > 0 && got.Key != "" {
			t.Errorf("%s: the key is kept", name)
		}
	}
}
