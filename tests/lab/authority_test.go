package lab

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// requesterKey signs the requests of all tests: making one takes long.
var requesterKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// request makes a request for a DNS name or an IP address. The id tells it from
// others for the same host.
func request(t *testing.T, host, id string) string {
	t.Helper()
	key, err := requesterKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: host, SerialNumber: id}, DNSNames: []string{host}}
	if ip := net.ParseIP(host); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
}

// asking is the requirer's databag value for some requests.
func asking(t *testing.T, requests ...string) string {
	t.Helper()
	var entries []map[string]any
	for _, request := range requests {
		entries = append(entries, map[string]any{"certificate_signing_request": request, "ca": false})
	}
	return encode(t, entries)
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func authority(t *testing.T) *Authority {
	t.Helper()
	a, err := newAuthority("ca")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// answered has the authority answer the requests, and gives its databag.
func answered(t *testing.T, a *Authority, requests ...string) map[string]string {
	t.Helper()
	bag, err := a.Databag(asking(t, requests...))
	if err != nil {
		t.Fatal(err)
	}
	return bag
}

// served reads the `certificates` of a databag: by request, the certificate and
// "revoked" or "good".
func served(t *testing.T, bag map[string]string) map[string]string {
	t.Helper()
	found := map[string]string{}
	if bag["certificates"] == "" {
		return found
	}
	var entries []certificateEntry
	if err := json.Unmarshal([]byte(bag["certificates"]), &entries); err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		found[entry.Request] = entry.Certificate + " good"
		if entry.Revoked {
			found[entry.Request] = entry.Certificate + " revoked"
		}
	}
	return found
}

func TestHolding(t *testing.T) {
	t.Parallel()
	a := authority(t)
	one, two, ip := request(t, "one.example.com", ""), request(t, "two.example.com", ""), request(t, "10.43.45.1", "")
	a.HoldHosts = []string{"two.example.com", "10.43.45.1"}
	first := served(t, answered(t, a, one, two, ip))
	if len(first) != 1 || first[one] == "" {
		t.Errorf("answers for %d requests, not for the one that is not held", len(first))
	}
	a.HoldHosts, a.Hold = nil, true
	if diff := cmp.Diff(first, served(t, answered(t, a, one, two, ip))); diff != "" {
		t.Errorf("holding all changed the answers (-before +after):\n%s", diff)
	}
	a.Hold = false
	if all := served(t, answered(t, a, one, two, ip)); len(all) != 3 || all[one] != first[one] {
		t.Errorf("answers for %d requests, the first the same: %t", len(all), all[one] == first[one])
	}
	if left := served(t, answered(t, a, two)); len(left) != 1 || left[two] == "" {
		t.Errorf("answers for %d requests when one is asked", len(left))
	}
	a.Mute = true
	want := map[string]string{"certificates": "", "request_errors": "", "capabilities": ""}
	if diff := cmp.Diff(want, answered(t, a, one, two)); diff != "" {
		t.Errorf("mute (-want +got):\n%s", diff)
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	a := authority(t)
	one, two, renewed := request(t, "one.example.com", ""), request(t, "two.example.com", ""), request(t, "one.example.com", "2")
	served(t, answered(t, a, one))
	a.Refuse = map[string]Refusal{
		"one.example.com": {Code: 102, Message: "not ours"},
		"two.example.com": {Code: 201, Message: "away", Reason: "maintenance", Schema: true},
	}
	bag := answered(t, a, one, two, renewed)
	want := `[{"certificate_signing_request":` + encode(t, two) + `,"error":{"code":201,"name":"server_not_available","message":"away","reason":"maintenance"}},` +
		`{"csr":` + encode(t, renewed) + `,"error":{"code":102,"name":"DOMAIN_NOT_ALLOWED","message":"not ours"}}]`
	if diff := cmp.Diff(want, bag["request_errors"]); diff != "" {
		t.Errorf("request_errors (-want +got):\n%s", diff)
	}
	if got := served(t, bag); len(got) != 1 || got[one] == "" {
		t.Errorf("%d certificates, not the one issued before", len(got))
	}
	delete(a.Refuse, "two.example.com")
	bag = answered(t, a, one, two, renewed)
	if got := served(t, bag); len(got) != 2 || got[two] == "" || strings.Contains(bag["request_errors"], encode(t, two)) {
		t.Errorf("the request that is not refused any more: certificates for %d, errors %s", len(got), bag["request_errors"])
	}
}

func TestReissue(t *testing.T) {
	t.Parallel()
	a := authority(t)
	csr, other := request(t, "one.example.com", ""), request(t, "10.43.45.1", "")
	before := served(t, answered(t, a, csr, other))
	a.RevokeIssued("one.example.com")
	revoked := served(t, answered(t, a, csr, other))
	if want := strings.Replace(before[csr], " good", " revoked", 1); revoked[csr] != want || revoked[other] != before[other] {
		t.Error("not the certificate of the one host is revoked")
	}
	a.Reissue("one.example.com")
	after := served(t, answered(t, a, csr, other))
	if after[csr] == before[csr] || !strings.HasSuffix(after[csr], " good") || after[other] != before[other] {
		t.Error("not the certificate of the one host is new and good")
	}
	a.Revoke = []string{"one.example.com", "10.43.45.1"}
	for _, entry := range served(t, answered(t, a, csr, other)) {
		if !strings.HasSuffix(entry, " revoked") {
			t.Error("a certificate of a host on the list is not revoked")
		}
	}
	a.Revoke = nil
	if diff := cmp.Diff(after, served(t, answered(t, a, csr, other))); diff != "" {
		t.Errorf("the list left something behind (-want +got):\n%s", diff)
	}
	for host, want := range map[string][]string{
		"one.example.com": {before[csr], after[csr]}, "10.43.45.1": {before[other]}, "two.example.com": nil,
	} {
		var got []string
		for _, certificate := range a.Issued(host) {
			got = append(got, encodePEM(certificate.Raw)+" good")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("issued for %s (-want +got):\n%s", host, diff)
		}
	}
}

func TestGarbageAndCapabilities(t *testing.T) {
	t.Parallel()
	a := authority(t)
	one, two := request(t, "one.example.com", ""), request(t, "two.example.com", "")
	a.Garbage, a.ErrorGarbage = []string{`null`, `{"ca":7}`}, []string{`[]`, `"x"`, `1`}
	a.Capabilities = `{"supports_ip_sans": false}`
	a.Refuse = map[string]Refusal{"two.example.com": {Code: 999}}
	bag := answered(t, a, one, two)
	for key, want := range map[string][]string{"certificates": {"null", "", `{"ca":7}`}, "request_errors": {"[]", "", `"x"`, "1"}} {
		var list []json.RawMessage
		if err := json.Unmarshal([]byte(bag[key]), &list); err != nil {
			t.Fatal(err)
		}
		if len(list) != len(want) {
			t.Fatalf("%s has %d entries: %s", key, len(list), bag[key])
		}
		for i := range want {
			if want[i] != "" && string(list[i]) != want[i] {
				t.Errorf("%s: entry %d is %s, not %s", key, i, list[i], want[i])
			}
		}
	}
	if bag["capabilities"] != a.Capabilities {
		t.Errorf("capabilities = %s", bag["capabilities"])
	}
	if got := answered(t, a)["certificates"]; got != `[null,{"ca":7}]` {
		t.Errorf("garbage alone = %s", got)
	}
	a.Garbage = []string{"{"}
	if bag, err := a.Databag(""); err == nil {
		t.Errorf("garbage that is no JSON gives %v", bag)
	}
}

func TestValidity(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name                string
		authority           Authority
		notBefore, notAfter time.Time
	}{
		{"default", Authority{}, now.Add(-time.Minute), now.AddDate(0, 3, 0)},
		{"life", Authority{Life: time.Hour}, now.Add(-time.Minute), now.Add(time.Hour)},
		{"backdated", Authority{Life: time.Hour, Backdate: 9 * time.Hour}, now.Add(-9 * time.Hour), now.Add(time.Hour)},
		{"expired", Authority{Life: -time.Second, Backdate: time.Hour}, now.Add(-time.Hour), now.Add(-time.Second)},
		{"delayed", Authority{Life: time.Hour, Backdate: time.Hour, Delay: time.Minute}, now.Add(time.Minute), now.Add(61 * time.Minute)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			notBefore, notAfter := test.authority.validity(now)
			if !notBefore.Equal(test.notBefore) || !notAfter.Equal(test.notAfter) {
				t.Errorf("valid from %s to %s, want %s to %s", notBefore, notAfter, test.notBefore, test.notAfter)
			}
		})
	}
}

func TestIssuedIsVerifiable(t *testing.T) {
	t.Parallel()
	a, other := authority(t), authority(t)
	a.Life = time.Hour
	answered(t, a, request(t, "fd00::1", ""))
	leaf := a.Issued("fd00::1")[0]
	for _, test := range []struct {
		name  string
		pool  *x509.CertPool
		valid bool
	}{{"its own", a.Pool(), true}, {"both", PoolOf(other, a), true}, {"another", other.Pool(), false}} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: test.pool, DNSName: "[fd00::1]"})
		if (err == nil) != test.valid {
			t.Errorf("%s pool: %v", test.name, err)
		}
	}
	if left := time.Until(leaf.NotAfter); left > time.Hour || left < 50*time.Minute {
		t.Errorf("it is valid for %s", left)
	}
}

// A request that was answered is answered anew by the other root alone.
func TestBecome(t *testing.T) {
	t.Parallel()
	a, other := authority(t), authority(t)
	asked := request(t, "a.example.com", "1")
	answered(t, a, asked)
	a.Become(other)
	bag := answered(t, a, asked)
	if !strings.Contains(bag["certificates"], strings.ReplaceAll(other.PEM(), "\n", `\n`)) {
		t.Error("the other root is not what it writes as its own")
	}
	issued := a.Issued("a.example.com")
	if len(issued) != 2 {
		t.Fatalf("issued %d certificates, want 2", len(issued))
	}
	first, second := issued[0], issued[1]
	if _, err := first.Verify(x509.VerifyOptions{Roots: other.Pool()}); err == nil {
		t.Error("the first certificate is the other root's")
	}
	if _, err := second.Verify(x509.VerifyOptions{Roots: other.Pool()}); err != nil {
		t.Error(err)
	}
}

func TestAuthorityWritesItsDatabag(t *testing.T) {
	t.Parallel()
	juju, err := jujutest.New(jujutest.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := juju.Close(); err != nil {
			t.Error(err)
		}
	})
	l := &Lab{Juju: juju, authorities: map[string]*Authority{}, apps: map[string]*App{}}
	a, err := l.AddAuthority("ca")
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(juju.AddScripted("client", jujutest.ScriptedMetadata{Requires: map[string]string{"certificates": "tls-certificates"}}, 1))
	must(l.Relate(t.Context(), "client", "ca"))
	one, two := request(t, "one.example.com", ""), request(t, "two.example.com", "")
	must(juju.SetApplicationData(a.relation, "client", map[string]string{"certificate_signing_requests": asking(t, one, two)}))
	a.Refuse = map[string]Refusal{"two.example.com": {Code: 201}}
	a.Capabilities = "{}"
	must(l.Settle(t.Context()))
	if diff := cmp.Diff(answered(t, a, one, two), juju.RelationData(a.relation, "ca")); diff != "" {
		t.Errorf("databag (-want +got):\n%s", diff)
	}
	a.Refuse, a.Capabilities = nil, ""
	must(l.Settle(t.Context()))
	want := map[string]string{"certificates": answered(t, a, one, two)["certificates"]}
	if diff := cmp.Diff(want, juju.RelationData(a.relation, "ca")); diff != "" {
		t.Errorf("databag when nothing is refused (-want +got):\n%s", diff)
	}
}
