package state_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

func TestPrivateKeyHidesItself(t *testing.T) {
	t.Parallel()
	s := state.State{Certificates: state.Certificates{Key: "-----BEGIN RSA PRIVATE KEY-----"}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(format, s); strings.Contains(text, "BEGIN") {
			t.Errorf("%s shows the key: %s", format, text)
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
	two := state.Certificate{Request: "two", Hosts: []string{host, "b.example.com"}, State: state.CertificateIssued}
	tests := map[string]struct {
		entries []state.Certificate
		want    string
	}{
		"none":                         {nil, ""},
		"other hosts and keys":         {[]state.Certificate{other, foreign, two}, ""},
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

// TestNewCertificatesWithoutKey shows that without a key every request of ours
// counts as another's: all are made anew.
func TestNewCertificatesWithoutKey(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]state.PrivateKey{"none": "", "unreadable": "no PEM"} {
		own := state.Databag{"certificate_signing_requests": `[{"certificate_signing_request": "x", "ca": false}]`}
		got, remarks := state.NewCertificates("certificates:4", key, own, nil, time.Unix(0, 0))
		if got.Key != "" || !got.Related || len(got.Hosts()) != 0 {
			t.Errorf("%s: got %+v", name, got)
		}
		if len(remarks) == 0 {
			t.Errorf("%s: nothing said about it", name)
		}
	}
}
