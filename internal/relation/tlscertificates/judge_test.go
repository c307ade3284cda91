package tlscertificates_test

import (
	"bytes"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

func TestJudgeOneCertificate(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	address := net.IPv4(10, 0, 0, 1)
	asCA := func(c *x509.Certificate) { c.IsCA = true }
	addresses := func(list ...net.IP) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.IPAddresses = list }
	}
	for name, c := range map[string]struct {
		names     []string // requested; also certified unless certified is set
		addresses []net.IP
		ca        bool
		certified []string
		changes   []func(*x509.Certificate)
		want      tlscertificates.State
		reason    string
	}{
		"plain":                 {names: []string{"a.example.com"}, want: tlscertificates.Issued},
		"more names than asked": {names: []string{"a.example.com"}, certified: []string{"b.example.com", "a.example.com"}, want: tlscertificates.Issued},
		"another case":          {names: []string{"a.example.com"}, certified: []string{"A.Example.COM"}, want: tlscertificates.Issued},
		"wildcard for a name":   {names: []string{"a.example.com"}, certified: []string{"*.example.com"}, want: tlscertificates.Issued},
		"wildcard too shallow":  {names: []string{"a.b.example.com"}, certified: []string{"*.example.com"}, want: tlscertificates.Unusable, reason: "the certificate does not cover a.b.example.com"},
		"wildcard asked for":    {names: []string{"*.example.com"}, want: tlscertificates.Issued},
		"wildcard not given":    {names: []string{"*.example.com"}, certified: []string{"a.example.com"}, want: tlscertificates.Unusable, reason: "the certificate does not cover *.example.com"},
		"SAN not covering":      {names: []string{"a.example.com"}, certified: []string{"b.example.com"}, want: tlscertificates.Unusable, reason: "the certificate does not cover a.example.com"},
		"one of two names":      {names: []string{"a.example.com", "b.example.com"}, certified: []string{"a.example.com"}, want: tlscertificates.Unusable, reason: "the certificate does not cover b.example.com"},
		"no SAN at all":         {names: []string{"a.example.com"}, certified: []string{}, want: tlscertificates.Unusable, reason: "the certificate does not cover a.example.com"},
		"address":               {addresses: []net.IP{address}, changes: []func(*x509.Certificate){addresses(address)}, want: tlscertificates.Issued},
		"address missing":       {addresses: []net.IP{address}, changes: []func(*x509.Certificate){addresses(net.IPv4(10, 0, 0, 2))}, want: tlscertificates.Unusable, reason: "the certificate does not cover 10.0.0.1"},
		"CA:TRUE for ca=false":  {names: []string{"a.example.com"}, changes: []func(*x509.Certificate){asCA}, want: tlscertificates.Unusable, reason: "the certificate is a certificate authority's, not a server's"},
		"CA:FALSE for ca=true":  {names: []string{"a.example.com"}, ca: true, want: tlscertificates.Unusable, reason: "the certificate is not a certificate authority's, as asked for"},
		"CA:TRUE for ca=true":   {names: []string{"a.example.com"}, ca: true, changes: []func(*x509.Certificate){asCA}, want: tlscertificates.Issued},
		"expired": {
			names:   []string{"a.example.com"},
			changes: []func(*x509.Certificate){validity(now.Add(-time.Hour), now.Add(-time.Second))},
			want:    tlscertificates.Expired, reason: "the certificate expired on 2027-01-01T11:59:59Z",
		},
		"its last second": {
			names: []string{"a.example.com"}, changes: []func(*x509.Certificate){validity(now.Add(-time.Hour), now)}, want: tlscertificates.Issued,
		},
		"its first second": {
			names: []string{"a.example.com"}, changes: []func(*x509.Certificate){validity(now, now.Add(time.Hour))}, want: tlscertificates.Issued,
		},
		"notBefore in future": {
			names:   []string{"a.example.com"},
			changes: []func(*x509.Certificate){validity(now.Add(time.Second), now.Add(time.Hour))},
			want:    tlscertificates.NotYetValid, reason: "the certificate is not valid before 2027-01-01T12:00:01Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := f.newRequest(t, c.names, c.addresses...)
			request.CA = c.ca
			certified := c.certified
			if certified == nil {
				certified = c.names
			}
			leaf := root.issue(t, &f.key.PublicKey, certified, c.changes...)
			provider := tlscertificates.ParseProvider(bagOf(t, map[string]any{
				"certificate_signing_request": request.PEM, "certificate": leaf, "ca": toPEM(root.certificate),
			}))
			got := tlscertificates.Judge(request, &f.key.PublicKey, provider, now)
			if got.State != c.want || got.Reason != c.reason {
				t.Errorf("%v (%s), want %v (%s)", got.State, got.Reason, c.want, c.reason)
			}
			if got.Leaf == nil || toPEM(got.Leaf) != leaf {
				t.Error("the verdict is about another certificate")
			}
		})
	}
}

// TestCommonNameOnly judges a request without a subject alternative name by its
// common name.
func TestCommonNameOnly(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	request, err := tlscertificates.NewRequest(strings.NewReader(strings.Repeat("x", 99)), now, f.key, tlscertificates.Subject{CommonName: "a.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for certified, want := range map[string]tlscertificates.State{"a.example.com": tlscertificates.Issued, "b.example.com": tlscertificates.Unusable} {
		provider := tlscertificates.ParseProvider(bagOf(t, map[string]any{
			"certificate_signing_request": request.PEM, "certificate": root.issue(t, &f.key.PublicKey, []string{certified}),
		}))
		if got := tlscertificates.Judge(request, &f.key.PublicKey, provider, now); got.State != want {
			t.Errorf("certificate for %s: %v (%s), want %v", certified, got.State, got.Reason, want)
		}
	}
}

// TestJudgeSeveral has several answers to one request, in every order.
func TestJudgeSeveral(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	answer := func(from, to time.Duration, changes map[string]any) map[string]any {
		entry := map[string]any{
			"certificate_signing_request": f.CSR,
			"certificate":                 root.issue(t, &f.key.PublicKey, []string{"gw.example.com"}, validity(now.Add(from), now.Add(to))),
		}
		for key, value := range changes {
			entry[key] = value
		}
		return entry
	}
	marked := func(entry map[string]any) map[string]any {
		return map[string]any{"certificate_signing_request": f.CSR, "certificate": entry["certificate"], "revoked": true}
	}
	expired, old, fresh, longer := answer(-9*day, -day, nil), answer(-3*day, day, nil), answer(-day, day, nil), answer(-day, 2*day, nil)
	future, withdrawn := answer(day, 2*day, nil), answer(-day, day, map[string]any{"revoked": true})
	// If the times are equal, the bytes decide; a later end comes before that.
	der := func(entry map[string]any) []byte { return parse(t, entry["certificate"].(string)).Raw }
	twin := answer(-day, day, nil)
	larger := slices.MaxFunc([]map[string]any{fresh, twin}, func(a, b map[string]any) int { return bytes.Compare(der(a), der(b)) })
	for bytes.Compare(der(longer), der(larger)) > 0 {
		longer = answer(-day, 2*day, nil)
	}
	foreign := map[string]any{"certificate_signing_request": f.CSR, "certificate": root.issue(t, &root.key.PublicKey, []string{"gw.example.com"})}
	for name, c := range map[string]struct {
		entries []any
		refused bool
		want    tlscertificates.State
		leaf    any
	}{
		"newest":                         {entries: []any{old, fresh, expired}, want: tlscertificates.Issued, leaf: fresh["certificate"]},
		"longest of the newest":          {entries: []any{fresh, longer, old}, want: tlscertificates.Issued, leaf: longer["certificate"]},
		"of the same time":               {entries: []any{fresh, twin}, want: tlscertificates.Issued, leaf: larger["certificate"]},
		"longest before all bytes":       {entries: []any{larger, longer}, want: tlscertificates.Issued, leaf: longer["certificate"]},
		"revoked counts before future":   {entries: []any{future, withdrawn}, want: tlscertificates.Revoked, leaf: withdrawn["certificate"]},
		"refused and future":             {entries: []any{future}, refused: true, want: tlscertificates.NotYetValid, leaf: future["certificate"]},
		"valid before future":            {entries: []any{future, old}, want: tlscertificates.Issued, leaf: old["certificate"]},
		"another key beside":             {entries: []any{foreign, old}, want: tlscertificates.Issued, leaf: old["certificate"]},
		"re-issued after a revocation":   {entries: []any{withdrawn, old}, want: tlscertificates.Issued, leaf: old["certificate"]},
		"the same, revoked and not":      {entries: []any{fresh, marked(fresh)}, want: tlscertificates.Revoked, leaf: fresh["certificate"]},
		"revoked counts before expired":  {entries: []any{expired, withdrawn, foreign}, want: tlscertificates.Revoked, leaf: withdrawn["certificate"]},
		"future counts before expired":   {entries: []any{expired, future}, want: tlscertificates.NotYetValid, leaf: future["certificate"]},
		"expired counts before unusable": {entries: []any{foreign, expired}, want: tlscertificates.Expired, leaf: expired["certificate"]},
		"issued although refused":        {entries: []any{old}, refused: true, want: tlscertificates.Issued, leaf: old["certificate"]},
		"refused and revoked":            {entries: []any{withdrawn}, refused: true, want: tlscertificates.Revoked, leaf: withdrawn["certificate"]},
		"refused and expired":            {entries: []any{expired}, refused: true, want: tlscertificates.Denied},
		"refused and unusable":           {entries: []any{foreign}, refused: true, want: tlscertificates.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries := slices.Clone(c.entries)
			var first tlscertificates.Verdict
			for turn := range 2 {
				bag := bagOf(t, entries...)
				if c.refused {
					bag["request_errors"] = f.Error["request_errors"]
				}
				got := f.judge(bag)
				if got.State != c.want {
					t.Fatalf("%v (%s), want %v", got.State, got.Reason, c.want)
				}
				if c.leaf != nil && toPEM(got.Leaf) != c.leaf {
					t.Error("the verdict is about another certificate")
				}
				if refused := got.Error != nil; refused != (c.refused && c.want != tlscertificates.Issued) {
					t.Errorf("error %v", got.Error)
				}
				if turn == 0 {
					first = got
				} else if got.ChainPEM != first.ChainPEM || got.Reason != first.Reason {
					t.Error("the order of the entries decides")
				}
				slices.Reverse(entries)
			}
		})
	}
}

func TestJudgeOddInput(t *testing.T) {
	t.Parallel()
	f := load(t)
	provider := tlscertificates.ParseProvider(f.SelfSigned)
	other, err := tlscertificates.ParseKey(f.OtherKey)
	if err != nil {
		t.Fatal(err)
	}
	if got := tlscertificates.Judge(f.request, &other.PublicKey, provider, now); got.State != tlscertificates.Unusable {
		t.Errorf("after a change of key: %v", got.State)
	}
	if got := tlscertificates.Judge(f.request, nil, provider, now); got.State != tlscertificates.Unusable {
		t.Errorf("without a key: %v", got.State)
	}
	if got := tlscertificates.Judge(tlscertificates.Request{PEM: "x"}, &f.key.PublicKey, provider, now); got.State != tlscertificates.Unusable {
		t.Errorf("without a request: %v", got.State)
	}
	if got := tlscertificates.Judge(f.request, &f.key.PublicKey, tlscertificates.Provider{Certificates: []tlscertificates.Certificate{{}}}, now); got.State != tlscertificates.Pending {
		t.Errorf("with an empty certificate: %v", got.State)
	}
	if got := tlscertificates.State(99).String(); got != "state 99" {
		t.Errorf("unknown state %q", got)
	}
}

func TestProviderBounds(t *testing.T) {
	t.Parallel()
	f := load(t)
	long := f.entry(t, map[string]any{"other": strings.Repeat("x", 64<<10)})
	many := "[" + strings.Repeat("1,", 1000) + "1]"
	for name, c := range map[string]struct {
		bag     bag
		want    tlscertificates.State
		remarks []string
	}{
		"bag":      {bag{"certificates": f.SelfSigned["certificates"], "x": strings.Repeat("x", 4<<20)}, tlscertificates.Pending, []string{"databag has 42"}},
		"entries":  {bag{"certificates": many, "request_errors": many}, tlscertificates.Pending, []string{"certificates: more than 1000 entries; ignored", "request_errors: more than 1000 entries; ignored"}},
		"entry":    {bagOf(t, long, f.entry(t, nil)), tlscertificates.Issued, []string{"certificates[0]: longer than 65536 bytes; ignored"}},
		"trailing": {bag{"certificates": f.SelfSigned["certificates"] + "]"}, tlscertificates.Pending, []string{"certificates: more than one JSON document; ignored"}},
		"nesting":  {bag{"certificates": strings.Repeat("[", 60_000)}, tlscertificates.Pending, []string{"certificates: not JSON; ignored"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := tlscertificates.ParseProvider(c.bag)
			if got := tlscertificates.Judge(f.request, &f.key.PublicKey, provider, now); got.State != c.want {
				t.Errorf("%v (%s), want %v", got.State, got.Reason, c.want)
			}
			if !slices.EqualFunc(provider.Remarks, c.remarks, strings.HasPrefix) {
				t.Errorf("remarks %q, want such as begin %q", provider.Remarks, c.remarks)
			}
		})
	}
	provider := tlscertificates.ParseProvider(bag{"certificates": "[" + strings.Repeat("1,", 99) + "1]"})
	if n := len(provider.Remarks); n != 20 || provider.Remarks[n-1] != "and 81 more" {
		t.Errorf("%d remarks, the last %q", n, provider.Remarks[n-1])
	}
}
