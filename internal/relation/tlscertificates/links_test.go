package tlscertificates_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// answered judges a certificate that the provider gives with this chain and this CA.
func (f fixture) answered(tb testing.TB, leaf string, chain []string, ca string) tlscertificates.Verdict {
	tb.Helper()
	return f.judge(bagOf(tb, map[string]any{"certificate_signing_request": f.CSR, "certificate": leaf, "chain": chain, "ca": ca}))
}

// A link that Go cannot read or check is served in the place that its name gives it, in the
// provider's order: clients know more than Go does. Without it, nobody could verify the rest.
func TestLinksThatGoCannotCheck(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	upper, lower := newAuthority(t, "upper", root), newAuthority(t, "lower", nil)
	lower.certificate = upper.sign(t, "lower", lower.key)
	leaf := lower.issue(t, &f.key.PublicKey, []string{"gw.example.com"})
	renewed := asPEM(pkitest.NegativeSerial(t, root.sign(t, "upper", upper.key).Raw, root.key))
	negative := asPEM(pkitest.NegativeSerial(t, upper.certificate.Raw, root.key))
	curve := asPEM(pkitest.UnknownCurve(t, lower.certificate.Raw, upper.key))
	both, plain := asPEM(pkitest.NegativeSerial(t, root.certificate.Raw, root.key)), toPEM(root.certificate)
	stranger := asPEM(pkitest.NegativeSerial(t, newAuthority(t, "stranger", nil).certificate.Raw, root.key))
	namesake := asPEM(pkitest.NegativeSerial(t, newAuthority(t, "lower", newAuthority(t, "x", nil)).certificate.Raw, root.key))
	for name, c := range map[string]struct {
		chain []string
		ca    string
		want  []string // after the leaf
	}{
		"negative serial number":          {[]string{leaf, toPEM(lower.certificate), negative, plain}, plain, []string{toPEM(lower.certificate), negative}},
		"unknown curve":                   {[]string{leaf, curve, toPEM(upper.certificate), plain}, plain, []string{curve, toPEM(upper.certificate)}},
		"both, and the root":              {[]string{curve, negative, both}, both, []string{curve, negative}},
		"in another order":                {[]string{plain, negative, curve, leaf}, plain, []string{curve, negative}},
		"no line end between them":        {[]string{leaf + curve + negative + plain}, plain, []string{curve, negative}},
		"one that can be checked instead": {[]string{negative, curve, toPEM(upper.certificate), toPEM(lower.certificate)}, plain, []string{toPEM(lower.certificate), toPEM(upper.certificate)}},
		"two of one name, the first":      {[]string{curve, negative, renewed}, plain, []string{curve, negative}},
		"two of one name, the other":      {[]string{curve, renewed, negative}, plain, []string{curve, renewed}},
		"of another key":                  {[]string{namesake, curve, negative}, plain, []string{curve, negative}},
		"strangers":                       {[]string{stranger, curve, negative}, plain, []string{curve, negative}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdict := f.answered(t, leaf, c.chain, c.ca)
			if verdict.State != tlscertificates.Issued || verdict.LeadsTo != "" {
				t.Fatalf("%v (%s), leads to %q", verdict.State, verdict.Reason, verdict.LeadsTo)
			}
			if want := leaf + "\n" + strings.Join(c.want, "\n") + "\n"; verdict.ChainPEM != want {
				t.Errorf("chain\n%swant\n%s", verdict.ChainPEM, want)
			}
			read := leaf + "\n"
			for _, link := range c.want {
				if link != negative && link != renewed && link != curve {
					read += link + "\n"
				}
			}
			if read == verdict.ChainPEM {
				read = ""
			}
			if verdict.ReadPEM != read {
				t.Errorf("without what Go does not read\n%swant\n%s", verdict.ReadPEM, read)
			}
			if verdict.CA != c.ca || !slices.Contains(verdict.Chain, c.chain[0]) {
				t.Error("CA and chain are not as given")
			}
		})
	}
	provider := tlscertificates.ParseProvider(bagOf(t, map[string]any{"certificate_signing_request": f.CSR, "certificate": leaf, "chain": []string{negative, curve}}))
	for i, word := range []string{"negative serial number", "curve"} {
		if len(provider.Remarks) != 2 || !strings.Contains(provider.Remarks[i], word) || !strings.HasSuffix(provider.Remarks[i], "; taken as it is") {
			t.Errorf("remarks %q", provider.Remarks)
		}
	}
}

// Names that differ only in their bytes are compared as OpenSSL does.
func TestLinksOfNamesInOtherWords(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	between := newAuthority(t, "Between CA", root)
	shouting := *between.certificate
	shouting.Subject, shouting.RawSubject = pkix.Name{CommonName: "BETWEEN  CA"}, nil
	between.certificate = &shouting
	leaf := between.issue(t, &f.key.PublicKey, []string{"gw.example.com"})
	quiet := toPEM(root.sign(t, "Between CA", between.key))
	verdict := f.answered(t, leaf, []string{quiet}, toPEM(root.certificate))
	if verdict.ChainPEM != leaf+"\n"+quiet+"\n" || verdict.LeadsTo != "" {
		t.Errorf("%v: %s, leads to %q, chain\n%s", verdict.State, verdict.Reason, verdict.LeadsTo, verdict.ChainPEM)
	}
}

// An intermediate without a name is called that.
func TestNamelessLink(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	a := &authority{key: ecKey(t)}
	a.certificate = root.create(t, &x509.Certificate{
		BasicConstraintsValid: true, IsCA: true, NotBefore: now.Add(-2 * day), NotAfter: now.Add(-day),
	}, root.certificate, &a.key.PublicKey)
	leaf := a.issue(t, &f.key.PublicKey, []string{"gw.example.com"})
	verdict := f.answered(t, leaf, []string{toPEM(a.certificate)}, "")
	if want := "an intermediate expired on 2026-12-31T12:00:00Z"; verdict.State != tlscertificates.Expired || verdict.Reason != want {
		t.Errorf("%v: %s, want %s", verdict.State, verdict.Reason, want)
	}
}

// A chain is valid as long as its shortest-lived link, whether Go can read that link or not.
func TestChainEndsWithItsFirstLink(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	between := func(from, to time.Time) *authority {
		a := &authority{key: ecKey(t)}
		a.certificate = root.create(t, &x509.Certificate{
			Subject: pkix.Name{CommonName: "between"}, BasicConstraintsValid: true, IsCA: true, NotBefore: from, NotAfter: to,
		}, root.certificate, &a.key.PublicKey)
		return a
	}
	begun := now.Add(-2 * day)
	start, end := now.Add(-time.Hour), now.Add(90*day)
	for name, c := range map[string]struct {
		from, to time.Time // validity of the intermediate
		want     tlscertificates.State
		notAfter time.Time
		reason   string
	}{
		"outlives the leaf": {begun, now.Add(365 * day), tlscertificates.Issued, end, ""},
		"ends first":        {begun, now.Add(5 * day), tlscertificates.Issued, now.Add(5 * day), ""},
		"has ended":         {begun, now.Add(-day), tlscertificates.Expired, now.Add(-day), `intermediate "CN=between" expired on 2026-12-31T12:00:00Z`},
		"has not begun":     {now.Add(day), now.Add(5 * day), tlscertificates.NotYetValid, now.Add(5 * day), `intermediate "CN=between" is not valid before 2027-01-02T12:00:00Z`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := between(c.from, c.to)
			leaf := a.issue(t, &f.key.PublicKey, []string{"gw.example.com"}, validity(start, end))
			for kind, link := range map[string]string{
				"read":   toPEM(a.certificate),
				"unread": asPEM(pkitest.NegativeSerial(t, a.certificate.Raw, root.key)),
			} {
				verdict := f.answered(t, leaf, []string{leaf, link}, toPEM(root.certificate))
				if verdict.State != c.want || verdict.Reason != c.reason || !verdict.NotAfter.Equal(c.notAfter) {
					t.Errorf("%s: %v until %v: %s", kind, verdict.State, verdict.NotAfter, verdict.Reason)
				}
				if (verdict.ChainPEM != "") != (c.want == tlscertificates.Issued) {
					t.Errorf("%s: chain\n%s", kind, verdict.ChainPEM)
				}
			}
		})
	}

	// The newer of two answers has a chain that has expired: the older one is served.
	good, ended := between(begun, end), between(begun, now.Add(-day))
	answer := func(a *authority, from time.Time) map[string]any {
		leaf := a.issue(t, &f.key.PublicKey, []string{"gw.example.com"}, validity(from, end))
		return map[string]any{"certificate_signing_request": f.CSR, "certificate": leaf, "chain": []string{toPEM(a.certificate)}}
	}
	older := answer(good, start)
	verdict := f.judge(bagOf(t, answer(ended, now.Add(-time.Minute)), older))
	if verdict.State != tlscertificates.Issued || !strings.HasPrefix(verdict.ChainPEM, older["certificate"].(string)) {
		t.Errorf("%v: %s", verdict.State, verdict.Reason)
	}
}

// The verdict says if a chain does not lead to the given CA; without a CA it says nothing.
func TestChainThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	f := load(t)
	root, other := newAuthority(t, "root", nil), newAuthority(t, "other", nil)
	upper := newAuthority(t, "upper", root)
	lower := newAuthority(t, "lower", upper)
	leaf := lower.issue(t, &f.key.PublicKey, []string{"gw.example.com"})
	cross := toPEM(other.sign(t, "root", root.key))
	unread := asPEM(pkitest.NegativeSerial(t, root.certificate.Raw, root.key))
	for name, c := range map[string]struct {
		chain   []string
		ca      string
		leadsTo string
	}{
		"to the root":              {[]string{toPEM(lower.certificate), toPEM(upper.certificate)}, toPEM(root.certificate), ""},
		"to a link":                {[]string{toPEM(lower.certificate), toPEM(upper.certificate)}, toPEM(upper.certificate), ""},
		"to the issuer":            {nil, toPEM(lower.certificate), ""},
		"to the root's other form": {[]string{toPEM(lower.certificate), toPEM(upper.certificate), cross}, toPEM(root.certificate), ""},
		"to a root Go cannot read": {[]string{toPEM(lower.certificate), toPEM(upper.certificate)}, unread, ""},
		"to one of several":        {[]string{toPEM(lower.certificate), toPEM(upper.certificate)}, toPEM(other.certificate) + toPEM(root.certificate), ""},
		"a link is missing":        {[]string{toPEM(upper.certificate)}, toPEM(root.certificate), `"CN=lower"`},
		"the last is missing":      {[]string{toPEM(lower.certificate)}, toPEM(root.certificate), `"CN=upper"`},
		"to another's CA":          {[]string{toPEM(lower.certificate), toPEM(upper.certificate)}, toPEM(other.certificate), `"CN=root"`},
		"no CA":                    {nil, "", ""},
		"a CA nobody can read":     {nil, "x", ""},
	} {
		verdict := f.answered(t, leaf, c.chain, c.ca)
		if verdict.State != tlscertificates.Issued || verdict.LeadsTo != c.leadsTo {
			t.Errorf("%s: %v (%s), leads to %q", name, verdict.State, verdict.Reason, verdict.LeadsTo)
		}
	}
}
