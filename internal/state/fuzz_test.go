package state_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// FuzzParseConfig: the options as config-get answers, of whatever types.
func FuzzParseConfig(f *testing.F) {
	for _, options := range []string{
		`{"enforce-https": true, "hsts-max-age": 31536000}`,
		`{"external-hostname": " WEB.Example.com ", "gateway-class": "cilium", "enforce-https": false, "hsts-max-age": 60, "routing-mode": "subdomain", "hosts-per-relation": 32, "certificates-per-hour": 1000}`,
		`{"external-hostname": "m\u00fcnchen.example", "gateway-class": "../x", "enforce-https": "yes", "hsts-max-age": -1, "routing-mode": "Path", "hosts-per-relation": 33, "certificates-per-hour": 0}`,
		`{"external-hostname": 5, "gateway-class": [], "enforce-https": null, "hsts-max-age": 1e99, "routing-mode": {}}`,
		`{"external-hostname": "*.example.com\n\u001b[2J", "gateway-class": "\ud800", "hsts-max-age": "60"}`,
		`null`,
	} {
		f.Add(options)
	}
	known := []string{
		state.OptionExternalHostname, state.OptionGatewayClass, state.OptionEnforceHTTPS, state.OptionHSTSMaxAge, state.OptionRoutingMode,
		state.OptionHostsPerRelation, state.OptionCertificatesPerHour, state.OptionCrossModelNetworks,
	}
	f.Fuzz(func(t *testing.T, text string) {
		var options map[string]any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&options) != nil {
			return
		}
		config, problems := state.ParseConfig(options)
		wrong := map[string]bool{}
		for _, problem := range problems {
			checkPlain(t, problem.Option, problem.Message, 100)
			if problem.Message == "" || wrong[problem.Option] || !slices.Contains(known, problem.Option) {
				t.Errorf("%+v", problem)
			}
			wrong[problem.Option] = true
		}
		if name := config.ExternalHostname; name != "" {
			checkHostname(t, name)
		}
		if config.HostsPerRelation < 1 || config.HostsPerRelation > 32 || config.CertificatesPerHour < 1 || config.CertificatesPerHour > 1000 {
			t.Errorf("bounds of %+v", config)
		}
		zero := state.Config{
			EnforceHTTPS:     config.EnforceHTTPS,
			HostsPerRelation: state.DefaultHostsPerRelation, CertificatesPerHour: state.DefaultCertificatesPerHour,
		}
		if len(problems) == len(known) && config != zero {
			t.Errorf("all options are wrong, and there is %+v", config)
		}
		if wrong[state.OptionEnforceHTTPS] && !config.EnforceHTTPS {
			t.Error("HTTPS is not enforced by mistake")
		}
		if len(problems) > 0 {
			return
		}
		again, problems := state.ParseConfig(map[string]any{
			state.OptionExternalHostname: config.ExternalHostname, state.OptionGatewayClass: config.GatewayClass,
			state.OptionEnforceHTTPS: config.EnforceHTTPS, state.OptionHSTSMaxAge: config.HSTSMaxAge, state.OptionRoutingMode: string(config.RoutingMode),
			state.OptionHostsPerRelation: config.HostsPerRelation, state.OptionCertificatesPerHour: config.CertificatesPerHour,
		})
		if len(problems) > 0 || again != config || config.HSTSMaxAge < 0 || config.HSTSMaxAge > 1<<53-1 {
			t.Errorf("%+v is read again as %+v, %v", config, again, problems)
		}
	})
}

func FuzzNormalizeHostname(f *testing.F) {
	for _, name := range []string{
		"web.example.com", "Web.EXAMPLE.com", "münchen.example", "xn--mnchen-3ya.com", "faß.example", "a。b", "１.example", "ẞ.x", "\u202ea.b",
		"10.0.0.1", "[fd00::1]", "*.example.com", "web.0x7f", "xn--a.example.com", "\xff.example.com",
		"pr--42.example.com", "r3---sn-x.example.com", "pr--é.example.com", "xn--.x", "xn--ab--.x", strings.Repeat("é", 63) + ".example",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := state.NormalizeHostname(text)
		if err != nil {
			if name != "" {
				t.Errorf("refused, but gives %q", name)
			}
			checkPlain(t, "error", err.Error(), 500)
			return
		}
		checkHostname(t, name)
		const path = "/model-app"
		if url, err := ingress.NormalizeURL("https://" + name + path); err != nil || url != "https://"+name+path {
			t.Errorf("%q makes the URL %q, %v", name, url, err)
		}
	})
}

var listenerHost = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// checkHostname checks that a listener can have the name, and that the name is in its normal form.
func checkHostname(t *testing.T, name string) {
	t.Helper()
	if len(name) > 253 || !listenerHost.MatchString(name) {
		t.Errorf("taken: %q", name)
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) > 63 {
			t.Errorf("taken: %q in %q", label, name)
		}
	}
	if _, err := netip.ParseAddr(name); err == nil {
		t.Errorf("taken: the address %q", name)
	}
	if again, err := state.NormalizeHostname(name); err != nil || again != name {
		t.Errorf("%q is %q, %v when it is normalized again", name, again, err)
	}
}

// FuzzNewRequirer reads everything that an application on gateway writes.
func FuzzNewRequirer(f *testing.F) {
	for _, name := range []string{"history", "requirer", "provider"} {
		bags := recorded.Bags(f, recorded.Text(f, "../relation/ingress/testdata/ingress_"+name+".txt"))
		for i, bag := range bags {
			f.Add(recorded.Flatten(bag), recorded.Flatten(bags[(i+1)%len(bags)]), recorded.Flatten(bag))
		}
	}
	const request = "model=\"prod\"\nname=\"vault\"\nport=8200\nscheme=\"https\"\n"
	f.Add(request, "host=\"Vault-2.Example\"\nip=\"10.1.0.3\"", "host=\"localhost\"\nip=\"fe80::1\"")
	f.Add(request, "host=\"vault\"\nip=\"::ffff:10.1.0.3\"", "host=\"a_b\"\nip=null")
	f.Add(request, "host=\"vault\"\ningress-address=10.1.0.3", "host=\"vault\"\nip=null\ningress-address=fe80::1")
	f.Add("service-hostname=web\nservice-name=web\nservice-port=80\n", "ingress-address=10.1.0.3", "")
	label := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	f.Fuzz(func(t *testing.T, request, first, second string) {
		units := numbered(recorded.Unflatten(first), recorded.Unflatten(second))
		r := state.NewRequirer(3, "web", recorded.Unflatten(request), units)
		checkPlain(t, "problem", r.Problem, 400)
		if len(r.Remarks) > 11 {
			t.Errorf("%d remarks", len(r.Remarks))
		}
		for _, remark := range r.Remarks {
			checkPlain(t, "remark", remark, 600)
		}
		slices.Reverse(units)
		again := state.NewRequirer(3, "web", recorded.Unflatten(request), units)
		if diff := cmp.Diff(r, again, cmpopts.EquateComparable(netip.Addr{}), cmpopts.IgnoreFields(r, "Problem", "Remarks")); diff != "" {
			t.Errorf("in another order of the units (-before +then):\n%s", diff)
		}
		if !r.Servable() {
			return
		}
		if !label.MatchString(r.Model) || !label.MatchString(r.Name) || r.Port < 1 || r.Port > 65535 ||
			!slices.Contains([]string{"http", "https", "h2c"}, r.Scheme) {
			t.Errorf("to be served: %+v", r)
		}
		for _, address := range r.Addresses {
			if !address.IsGlobalUnicast() || address.Zone() != "" || address.Is4In6() {
				t.Errorf("to be served at %v", address)
			}
		}
		for _, host := range r.Hosts {
			checkHostname(t, host)
		}
		if !slices.IsSortedFunc(r.Addresses, netip.Addr.Compare) || len(slices.Compact(slices.Clone(r.Addresses))) != len(r.Addresses) ||
			len(r.Hosts) > len(r.Units) || len(r.Units) > len(units) {
			t.Errorf("addresses %v, hosts %q, units %+v", r.Addresses, r.Hosts, r.Units)
		}
	})
}

// FuzzNewAuthorities: others may have written into the ConfigMap of authorities. Only authorities
// are read from it, in the bytes in which they are written again.
func FuzzNewAuthorities(f *testing.F) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	good, old := authority(f, now.Add(time.Hour)), authority(f, now.Add(-time.Second))
	key := tlscertificates.EncodeKey(newKey(f))
	f.Add(good + old)
	f.Add("a comment\n" + strings.ReplaceAll(good, "\n", "\r\n") + key + "\n" + good)
	f.Add(strings.TrimSpace(good) + strings.TrimSpace(good) + old)
	f.Add(strings.ReplaceAll(good, "CERTIFICATE-----", "TRUSTED CERTIFICATE-----"))
	f.Add("-----BEGIN CERTIFICATE-----\nheader: yes\n\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN")
	f.Fuzz(func(t *testing.T, bundle string) {
		live := state.NewAuthorities(bundle, "told", now)
		for _, text := range live.PEM {
			block, rest := pem.Decode([]byte(text))
			if block == nil || len(rest) > 0 || block.Type != "CERTIFICATE" || len(block.Headers) > 0 {
				t.Fatalf("taken: %q", text)
			}
			certificate, err := pki.ParseCertificate(block.Bytes)
			if err != nil || !certificate.IsCA || !certificate.NotAfter.IsZero() && now.After(certificate.NotAfter) {
				t.Errorf("taken: %q, %v", text, err)
			}
		}
		again := state.NewAuthorities(strings.Join(live.PEM, ""), "told", now)
		if diff := cmp.Diff(live, again); diff != "" {
			t.Errorf("read again (-before +then):\n%s", diff)
		}
	})
}

// FuzzNewServed: a Secret of the cluster. What is accepted is served, so a gateway must read it in
// the same way as we do.
func FuzzNewServed(f *testing.F) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	private := newKey(f)
	key := []byte(tlscertificates.EncodeKey(private))
	issue := func(host string, expires time.Time) []byte {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
			NotBefore: now.Add(-time.Hour), NotAfter: expires,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
		if err != nil {
			f.Fatal(err)
		}
		return der
	}
	good, old := issue("web.example.com", now.Add(time.Hour)), issue("old.example.com", now.Add(-time.Second))
	oldPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: old})
	f.Add("CERTIFICATE", good, []byte(nil), oldPEM, key)
	f.Add("X509 CERTIFICATE", good, []byte("a comment\n"), oldPEM, key)
	f.Add("CERTIFICATE", old, []byte(nil), []byte(nil), key)
	f.Add("CERTIFICATE", good, key, []byte("and more"), append([]byte("\n"), key...))
	f.Add("CERTIFICATE", good, oldPEM, key, oldPEM)
	f.Add("CERTIFICATE", good, []byte(nil), bytes.TrimSpace(slices.Concat(bytes.TrimSpace(oldPEM), oldPEM)), key)
	f.Fuzz(func(t *testing.T, blockType string, der, before, after, key []byte) {
		chain := slices.Concat(before, pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}), after)
		served, ok := state.NewServed("gw-secret", chain, key, state.Certificates{}, now)
		if !ok {
			if diff := cmp.Diff(state.Served{}, served); diff != "" {
				t.Errorf("refused, but gives\n%s", diff)
			}
			return
		}
		pair, err := tls.X509KeyPair([]byte(served.Chain), []byte(served.Key.PEM()))
		if err != nil {
			t.Fatalf("taken, and no gateway takes it: %v", err)
		}
		leaf := pair.Leaf
		if len(served.Hosts) != len(leaf.DNSNames)+len(leaf.IPAddresses) || !slices.Equal(served.Hosts[:len(leaf.DNSNames)], leaf.DNSNames) || served.NotAfter.After(leaf.NotAfter) ||
			now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
			t.Errorf("taken for one of %q, and one of %q is served", served.Hosts, leaf.DNSNames)
		}
		for rest := []byte(served.Chain); ; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" {
				t.Errorf("a %s stands among the certificates", block.Type)
			}
		}
		checkPlain(t, "issuer", served.Issuer, 300)
		if _, err := tlscertificates.ParseKey(served.Key.PEM()); err != nil {
			t.Errorf("taken with a key that cannot be read: %v", err)
		}
	})
}

// checkPlain checks that a text is one line of at most so many characters, fit for a terminal.
func checkPlain(t *testing.T, what, text string, most int) {
	t.Helper()
	if utf8.RuneCountInString(text) > most || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%s not fit to show: %q", what, text)
	}
}
