package state_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

func tlsRequirer(hosts ...string) state.Requirer {
	var units []state.Databag
	for _, host := range hosts {
		units = append(units, state.Databag{"host": `"` + host + `"`})
	}
	return state.NewRequirer(3, "vault", state.Databag{"model": `"prod"`, "name": `"vault"`, "port": "8200", "scheme": `"https"`}, numbered(units...))
}

// TestHosts shows which names of units a certificate is verified for.
func TestHosts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		units, want []string
		remarks     int
	}{
		{units: []string{"vault-10.prod.svc", "vault-2.prod.svc", "vault-2.prod.svc"}, want: []string{"vault-2.prod.svc", "vault-10.prod.svc"}},
		{units: []string{"v2-1", "v10-0", "v", "v2"}, want: []string{"v", "v2", "v2-1", "v10-0"}},
		{units: []string{"web-b", "web-a", "web-"[:3]}, want: []string{"web", "web-a", "web-b"}},
		{units: []string{"a10", "a9", "a99"}, want: []string{"a9", "a10", "a99"}},
		{units: []string{"a-x", "a-1", "a-x1"}, want: []string{"a-1", "a-x", "a-x1"}},
		{units: []string{"a02", "a2", "a1"}, want: []string{"a1", "a02", "a2"}},
		{units: []string{"db--1.prod.svc", "xn--a.prod.svc"}, want: []string{"db--1.prod.svc"}, remarks: 1},
		{units: []string{"Vault.Example.COM", "vault.example.com"}, want: []string{"vault.example.com"}},
		{units: []string{"münchen.example", "vault"}, want: []string{"vault"}, remarks: 1},
		{units: []string{"localhost", "web.localhost", "10.1.2.3", "good"}, want: []string{"good"}, remarks: 3},
		{units: []string{"localhost"}, remarks: 1},
	} {
		got := tlsRequirer(c.units...)
		if !got.Servable() || !slices.Equal(got.Hosts, c.want) || len(got.Remarks) != c.remarks {
			t.Errorf("%q: %q, problem %q, remarks %q", c.units, got.Hosts, got.Problem, got.Remarks)
		}
	}
}

// authority makes the certificate of an authority, in PEM, that expires at that time.
func authority(t testing.TB, expires time.Time) string {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "backend"}, NotBefore: expires.Add(-24 * time.Hour), NotAfter: expires,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// What is in the cluster has the bytes in which a provider told it, and only what is still valid.
func TestAuthoritiesOfTheCluster(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	old, good := authority(t, now.Add(-time.Second)), authority(t, now.Add(time.Hour))
	provider := state.NewCAProvider(1, "ca", nil, []state.Databag{{"ca": good}, {"ca": old}}, now.Add(-time.Minute))
	if len(provider.Certificates) != 2 {
		t.Fatalf("the provider tells of %q", provider.Certificates)
	}
	got := state.NewAuthorities(strings.Join(provider.Certificates, "")+"no PEM", "told", now)
	if diff := cmp.Diff(state.Authorities{PEM: []string{good}, Told: "told"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	joined := strings.TrimSpace(old) + strings.TrimSpace(good)
	if diff := cmp.Diff(got, state.NewAuthorities(joined, "told", now)); diff != "" {
		t.Errorf("without a line end between them (-want +got):\n%s", diff)
	}
	if got := state.NewAuthorities("", "", now); !got.IsZero() {
		t.Errorf("of nothing: %+v", got)
	}
	for _, some := range []state.Authorities{{PEM: []string{good}}, {Told: "told"}} {
		if some.IsZero() {
			t.Errorf("nothing: %+v", some)
		}
	}
}

// Hosts of applications that do not speak TLS do not count, and nothing is said about them.
func TestHostsOfOthers(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "h2c"} {
		r := state.NewRequirer(3, "web", state.Databag{"model": `"prod"`, "name": `"web"`, "port": "80", "scheme": `"` + scheme + `"`},
			numbered(state.Databag{"host": `"localhost"`}))
		if !r.Servable() || r.Hosts != nil || r.Remarks != nil {
			t.Errorf("%s: %+v", scheme, r)
		}
	}
}

// numbered returns the units with numbers from 0 on.
func numbered(bags ...state.Databag) []state.UnitBag {
	var all []state.UnitBag
	for i, bag := range bags {
		all = append(all, state.UnitBag{Number: i, Bag: bag})
	}
	return all
}

// TestUnits: if an application speaks TLS, the host and the address of each unit stay together, in
// whatever order they are read.
func TestUnits(t *testing.T) {
	t.Parallel()
	request := state.Databag{"model": `"prod"`, "name": `"vault"`, "port": "8200", "scheme": `"https"`}
	units := []state.UnitBag{
		{Number: 10, Bag: state.Databag{"host": `"vault.example"`, "ip": `"10.1.0.10"`}},
		{Number: 2, Bag: state.Databag{"host": `"Vault.example"`, "ip": "null"}},
		{Number: 3, Bag: state.Databag{"host": `"localhost"`, "ip": `"10.1.0.3"`}},
		{Number: 0, Bag: state.Databag{"ingress-address": "10.1.0.1"}},
		{Number: 4, Bag: state.Databag{"host": "raw", "ip": `"10.1.0.4"`}},
	}
	got := state.NewRequirer(3, "vault", request, units)
	want := []state.Unit{
		{Number: 0, Silent: true},
		{Number: 2, Host: "vault.example"},
		{Number: 3, Address: netip.MustParseAddr("10.1.0.3")},
		{Number: 4},
		{Number: 10, Host: "vault.example", Address: netip.MustParseAddr("10.1.0.10")},
	}
	if diff := cmp.Diff(want, got.Units, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("units (-want +got):\n%s", diff)
	}
	if !slices.Equal(got.Hosts, []string{"vault.example"}) || len(got.Addresses) != 2 || len(got.Remarks) != 2 {
		t.Errorf("hosts %q, addresses %v, remarks %q", got.Hosts, got.Addresses, got.Remarks)
	}
	nowhere := []state.UnitBag{
		{Number: 1, Bag: state.Databag{"host": `"vault.example"`, "ingress-address": "10.1.0.1"}},
		{Number: 2, Bag: state.Databag{"ingress-address": "10.1.0.2"}},
	}
	want = []state.Unit{{Number: 1, Host: "vault.example", Address: netip.MustParseAddr("10.1.0.1")}, {Number: 2, Silent: true}}
	if diff := cmp.Diff(want, state.NewRequirer(3, "vault", request, nowhere).Units, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("units at Juju's addresses (-want +got):\n%s", diff)
	}
	request["scheme"] = `"http"`
	if got := state.NewRequirer(3, "vault", request, units); got.Units != nil || len(got.Addresses) != 2 {
		t.Errorf("of one that does not speak TLS: %v, %v", got.Units, got.Addresses)
	}
}

func TestNewCAProvider(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	junk := "[" + strings.Repeat(`"x", `, 30) + `"x"]`
	for name, c := range map[string]struct {
		written state.Databag
		units   []state.Databag
		want    state.CAProvider
		remarks int
	}{
		"silent": {nil, []state.Databag{{}}, state.CAProvider{RelationID: 5, Application: "ca"}, 0},
		"empty":  {state.Databag{"certificates": "[]"}, nil, state.CAProvider{RelationID: 5, Application: "ca", Written: true}, 0},
		"junk":   {state.Databag{"certificates": junk}, nil, state.CAProvider{RelationID: 5, Application: "ca", Written: true}, 11},
		"one more than there is room for": {
			state.Databag{"certificates": "[" + strings.Repeat(`"x", `, 10) + `"x"]`},
			nil,
			state.CAProvider{RelationID: 5, Application: "ca", Written: true},
			11,
		},
		"junk 0": {nil, []state.Databag{{"ca": "x"}}, state.CAProvider{RelationID: 5, Application: "ca", Written: true}, 1},
	} {
		got := state.NewCAProvider(5, "ca", c.written, c.units, now)
		if len(got.Remarks) != c.remarks {
			t.Errorf("%s: remarks %q", name, got.Remarks)
		}
		got.Remarks = nil
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// requests are what an application can write in addition to what it needs, and what has no effect:
// a port that it opened, and health checks. The number is how many remarks there are about it.
var requests = []struct {
	key, value string
	remarks    int
}{
	{"is_port_open", "true", 0},
	{"is_port_open", "false", 0},
	{"is_port_open", "null", 0},
	{"is_port_open", `"yes"`, 0},
	{"is_port_open", "1", 0},
	{"is-port-open", "nonsense", 0},
	{"healthcheck_params", `{"path": "/health", "port": 9000, "interval": "10s"}`, 0},
	{"healthcheck_params", `{"path": "/health"}`, 0},
	{"healthcheck_params", `{"path": "/health", "port": "9000", "scheme": "https", "hostname": "web", "interval": "1m", "timeout": "1s"}`, 0},
	{"healthcheck_params", `{"path": "/health", "port": null, "scheme": null, "hostname": null, "more": [1]}`, 0},
	{"healthcheck_params", "null", 0},
	{"healthcheck-params", "nonsense", 0},
	{"healthcheck_params", "{}", 1},
	{"healthcheck_params", `{"path": null}`, 1},
	{"healthcheck_params", `{"path": 1}`, 1},
	{"healthcheck_params", `{"path": "/health", "port": 0}`, 1},
	{"healthcheck_params", `{"path": "/health", "port": "x"}`, 1},
	{"healthcheck_params", `{"path": "/health", "interval": 10}`, 1},
	{"healthcheck_params", `"{\"path\": \"/health\"}"`, 1},
	{"healthcheck_params", `[]`, 1},
	{"healthcheck_params", "path=/health", 1},
	{"healthcheck_params", "", 1},
	{"healthcheck_params", `{"path": "` + strings.Repeat("x", 70_000) + `"}`, 1},
}

// TestWhatIsAcceptedAndNotUsed: with these an application is the same as without them, except for a
// line in the log.
func TestWhatIsAcceptedAndNotUsed(t *testing.T) {
	t.Parallel()
	request := func() state.Databag {
		return state.Databag{"model": `"prod"`, "name": `"web"`, "port": "8080"}
	}
	units := numbered(state.Databag{"host": `"web-0"`, "ip": `"10.1.2.3"`})
	plain := state.NewRequirer(3, "web", request(), units)
	if !plain.Servable() {
		t.Fatalf("%+v", plain)
	}
	for _, c := range requests {
		bag := request()
		bag[c.key] = c.value
		got := state.NewRequirer(3, "web", bag, units)
		if len(got.Remarks) != c.remarks {
			t.Errorf("%s %.60s: remarks %q", c.key, c.value, got.Remarks)
		}
		got.Remarks = nil
		if diff := cmp.Diff(plain, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("%s %.60s (-without +with):\n%s", c.key, c.value, diff)
		}
	}
}
