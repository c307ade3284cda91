package state_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Older releases have stored digests in Juju and in object names. If their form changed, a
// refreshed charm would take its applications for others.
func TestDigestsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"IjO4h68r3p-LFslP9cdrZQ":           state.HeldSum("prod", "/prod-web"),
		"2d711642b726b04401627ca9fbac32f5": state.ChainDigest("x"),
		"7a4e455d":                         state.ShortHash("prod-web"),
		strings.Repeat("x", 16):            state.BoundedName(strings.Repeat("x", 16), 16),
		"xxxxxxx-d04fd59f":                 state.BoundedName(strings.Repeat("x", 17), 16),
		"web-76d46d95":                     state.BoundedName("web-.-.-.-.-.-", 13),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A record entry belongs to one relation; without a record there is none.
func TestRecordHas(t *testing.T) {
	t.Parallel()
	var none *state.Record
	record := &state.Record{Held: map[int]string{3: "sum", 4: ""}}
	for _, c := range []struct {
		record   *state.Record
		relation int
		sum      string
		want     bool
	}{
		{record, 3, "sum", true},
		{record, 3, "other", false},
		{record, 4, "", true},
		{record, 5, "", false},
		{record, 5, "sum", false},
		{none, 3, "sum", false},
		{none, 3, "", false},
	} {
		if got := c.record.Has(c.relation, c.sum); got != c.want {
			t.Errorf("%v has %q of %d: %t", c.record, c.sum, c.relation, got)
		}
	}
}

func TestLookingUpInTheCluster(t *testing.T) {
	t.Parallel()
	c := state.Cluster{
		Foreign: []state.Foreign{{Kind: "Service", Name: "web"}, {Kind: "Secret", Name: "web"}, {Kind: "Secret", Name: "api"}},
		Served:  []state.Served{{Secret: "tls-web"}, {Secret: "tls-api"}},
	}
	for i, want := range c.Foreign {
		if got := c.ForeignOf(want.Kind, want.Name); got != &c.Foreign[i] {
			t.Errorf("foreign %s %s: %v", want.Kind, want.Name, got)
		}
	}
	for i, want := range c.Served {
		if got := c.ServedIn(want.Secret); got != &c.Served[i] {
			t.Errorf("served in %s: %v", want.Secret, got)
		}
	}
	if got := c.ForeignOf("Service", "api"); got != nil {
		t.Errorf("foreign: %v", got)
	}
	if got := c.ServedIn("tls"); got != nil {
		t.Errorf("served: %v", got)
	}
	for _, c := range []state.Cluster{{Forbidden: "list gateways"}, {WithoutGatewayAPI: true}, {Forbidden: "list gateways", WithoutGatewayAPI: true}} {
		if c.Usable() {
			t.Errorf("usable: %+v", c)
		}
	}
	if !c.Usable() {
		t.Error("not usable, and nothing is in the way")
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names      []string
		commonName string
		dns, ips   int
	}{
		{nil, "", 0, 0},
		{[]string{"a.example.com"}, "a.example.com", 1, 0},
		{[]string{"fd00::1", "10.1.2.3"}, "fd00::1", 0, 2},
	} {
		got := state.Subject(c.names)
		if got.CommonName != c.commonName || len(got.DNSNames) != c.dns || len(got.IPAddresses) != c.ips {
			t.Errorf("%q: %+v", c.names, got)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      `""`,
		"`juju`\n":              `"'juju'\n"`,
		strings.Repeat("é", 40): `"` + strings.Repeat("é", 40) + `"`,
		strings.Repeat("é", 41): `"` + strings.Repeat("é", 40) + `"…`,
	} {
		if got := state.Quote(text); got != want {
			t.Errorf("%q is quoted as %s", text, got)
		}
	}
}

// Hosts of certificates are those that are issued, or requested with the present key.
func TestHostsOfCertificates(t *testing.T) {
	t.Parallel()
	c := state.Certificates{Entries: []state.Certificate{
		{Hosts: []string{"d.example.com", "b.example.com"}, State: state.CertificatePending},
		{Hosts: []string{"c.example.com"}, State: state.CertificateIssued, Foreign: true},
		{Hosts: []string{"a.example.com", "b.example.com"}, State: state.CertificateIssued},
		{Hosts: []string{"lost.example.com"}, State: state.CertificatePending, Foreign: true},
	}}
	if got, want := c.Hosts(), []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
