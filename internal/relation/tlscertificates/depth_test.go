package tlscertificates_test

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

const day = 24 * time.Hour

// The content of a tls.crt is judged in the way in which a gateway would serve it.
func TestParseChain(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	between := &authority{key: ecKey(t)}
	between.certificate = root.create(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "between"}, BasicConstraintsValid: true, IsCA: true, NotAfter: now.Add(5 * day),
	}, root.certificate, &between.key.PublicKey)
	leaf := between.issue(t, &f.key.PublicKey, []string{"gw.example.com"}, validity(now.Add(-day), now.Add(90*day)))
	link, junk := toPEM(between.certificate), asPEM([]byte("junk"))
	strangers := func(count int) string {
		return strings.Repeat(toPEM(newAuthority(t, "stranger", nil).certificate)+"\n", count)
	}
	unread := asPEM(pkitest.NegativeSerial(t, parse(t, leaf).Raw, between.key))
	long, short := now.Add(90*day), now.Add(5*day)
	for name, c := range map[string]struct {
		text string
		want time.Time // zero: refused
	}{
		"the leaf alone":             {leaf, long},
		"a link that ends first":     {leaf + "\n" + link, short},
		"what cannot be read behind": {leaf + "\n" + junk + "\n" + link, short},
		"many besides":               {leaf + "\n" + strangers(31) + link, short},
		"too many besides":           {leaf + "\n" + strangers(32) + link, long},
		"nothing":                    {"", time.Time{}},
		"no leaf":                    {junk + "\n" + leaf, time.Time{}},
		"a leaf that Go refuses":     {unread + "\n" + link, time.Time{}},
		"more behind the leaf":       {asPEM(append(parse(t, leaf).Raw, 0)), time.Time{}},
		"a key before it":            {f.Key + "\n" + leaf, time.Time{}},
		"a key behind it":            {leaf + "\n" + f.Key, time.Time{}},
	} {
		got, notAfter, ok := tlscertificates.ParseChain(c.text, now)
		if ok == c.want.IsZero() || !notAfter.Equal(c.want) || ok != (got != nil) || ok && toPEM(got) != leaf {
			t.Errorf("%s: %t, until %v, want %v", name, ok, notAfter, c.want)
		}
	}
}

// A chain has at most ten certificates, whatever else would fit.
func TestChainDepth(t *testing.T) {
	t.Parallel()
	f := load(t)
	last := newAuthority(t, "root", nil)
	var pool []string
	for i := range 12 {
		last = newAuthority(t, fmt.Sprint("link ", i), last)
		pool = append(pool, toPEM(last.certificate))
	}
	verdict := f.answered(t, last.issue(t, &f.key.PublicKey, []string{"gw.example.com"}), pool, "")
	if links := strings.Count(verdict.ChainPEM, "BEGIN"); links != 10 {
		t.Errorf("%v: %s, %d links", verdict.State, verdict.Reason, links)
	}
}

// Which of several possible issuers is chosen.
func TestIssuers(t *testing.T) {
	t.Parallel()
	f := load(t)
	host := []string{"gw.example.com"}
	root, stranger := newAuthority(t, "root", nil), newAuthority(t, "stranger", nil)
	byRoot := root.issue(t, &f.key.PublicKey, host)
	// The root, signed by another, older root.
	expiredCross := toPEM(stranger.create(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "root"}, BasicConstraintsValid: true, IsCA: true, NotBefore: now.Add(-9 * day), NotAfter: now.Add(-day),
	}, stranger.certificate, &root.key.PublicKey))

	// SHA-1, which Go does not check, and says so.
	old := newAuthority(t, "old", root)
	sha1 := func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }
	byOld := old.issue(t, &f.key.PublicKey, host, sha1)

	// Authorities that do not say which key they have, and leaves that do not say who signed them.
	nameless := *root.certificate
	nameless.SubjectKeyId = nil
	quiet := &authority{certificate: &nameless, key: root.key}
	withoutKeyID := asPEM(pkitest.NegativeSerial(t, stranger.create(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "root"}, ExtraExtensions: []pkix.Extension{{Id: []int{2, 5, 29, 19}, Value: []byte{0x30, 3, 1, 1, 0xff}}},
	}, stranger.certificate, &root.key.PublicKey).Raw, stranger.key))
	withKeyID := asPEM(pkitest.NegativeSerial(t, stranger.sign(t, "root", root.key).Raw, stranger.key))
	expiredRoot := asPEM(pkitest.NegativeSerial(t, root.create(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "root"}, BasicConstraintsValid: true, IsCA: true, NotBefore: now.Add(-9 * day), NotAfter: now.Add(-day),
	}, root.certificate, &root.key.PublicKey).Raw, root.key))

	for name, c := range map[string]struct {
		leaf  string
		chain []string
		want  []string // after the leaf
	}{
		"a valid root before what has expired":       {byRoot, []string{expiredCross, toPEM(root.certificate)}, nil},
		"a signature too old to be checked":          {byOld, []string{toPEM(old.certificate)}, []string{toPEM(old.certificate)}},
		"the issuer does not name its key":           {byRoot, []string{withoutKeyID}, []string{withoutKeyID}},
		"the leaf does not name its issuer's key":    {quiet.issue(t, &f.key.PublicKey, host), []string{withKeyID}, []string{withKeyID}},
		"the named key before one that is not named": {byRoot, []string{withoutKeyID, withKeyID}, []string{withKeyID}},
		"be it expired and a root":                   {byRoot, []string{withoutKeyID, expiredRoot}, nil},
	} {
		verdict := f.answered(t, c.leaf, c.chain, "")
		want := strings.Join(append([]string{c.leaf}, c.want...), "\n") + "\n"
		if verdict.State != tlscertificates.Issued || verdict.ChainPEM != want {
			t.Errorf("%s: %v (%s), chain\n%swant\n%s", name, verdict.State, verdict.Reason, verdict.ChainPEM, want)
		}
	}
}

// Neither the name nor the key of an authority alone makes a chain lead to it.
func TestLeadsToAnotherAuthority(t *testing.T) {
	t.Parallel()
	f := load(t)
	root := newAuthority(t, "root", nil)
	lower := newAuthority(t, "lower", root)
	leaf := lower.issue(t, &f.key.PublicKey, []string{"gw.example.com"})
	alone := func(name string, a *authority) string { return toPEM((&authority{key: a.key}).sign(t, name, a.key)) }
	for name, c := range map[string]struct{ ca, want string }{
		"the root":         {toPEM(root.certificate), ""},
		"the intermediate": {toPEM(lower.certificate), ""},
		"its key":          {alone("lower", lower), ""},
		"a namesake":       {toPEM(newAuthority(t, "lower", nil).certificate), `"CN=root"`},
		"another name":     {alone("upper", lower), `"CN=root"`},
	} {
		if got := f.answered(t, leaf, []string{toPEM(lower.certificate)}, c.ca); got.LeadsTo != c.want {
			t.Errorf("%s: leads to %q, want %q", name, got.LeadsTo, c.want)
		}
	}
}

// Signatures are checked only with keys of a size that is fast to check, and that Go accepts.
func TestSizesOfKeys(t *testing.T) {
	t.Parallel()
	f := load(t)
	stranger := newAuthority(t, "stranger", nil)
	for bits, checked := range map[uint]bool{1023: false, 1024: true, 2048: true, 8192: true, 8193: false} {
		modulus := new(big.Int).Lsh(big.NewInt(1), bits-1) // Nobody has the key to it.
		link := stranger.issue(t, &rsa.PublicKey{N: modulus.Add(modulus, big.NewInt(1)), E: 65537}, nil)
		provider := tlscertificates.ParseProvider(bagOf(t, f.entry(t, map[string]any{"chain": []string{link}})))
		if told := strings.Contains(strings.Join(provider.Remarks, ""), "signatures of its key cannot be checked"); told == checked {
			t.Errorf("%d bits: remarks %q", bits, provider.Remarks)
		}
	}
}
