package tlscertificates_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// TestChainsOfProviders reads what each provider writes: leaf first, then its intermediate if there
// is one, and never the root.
func TestChainsOfProviders(t *testing.T) {
	t.Parallel()
	f := load(t)
	for name, c := range map[string]struct {
		bag          bag
		intermediate bool
		given        int // certificates in the provider's chain
	}{
		"self-signed":         {f.SelfSigned, false, 2},
		"reversed":            {f.Reversed, false, 2},
		"lego":                {f.Lego, true, 2},
		"vault":               {f.Vault, true, 3},
		"manual without leaf": {f.Manual, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdict := f.judge(c.bag)
			if verdict.State != tlscertificates.Issued {
				t.Fatalf("%v: %s", verdict.State, verdict.Reason)
			}
			want, ca := toPEM(verdict.Leaf)+"\n", f.Root
			if c.intermediate {
				want, ca = want+f.Intermediate+"\n", f.Intermediate
			}
			if diff := cmp.Diff(want, verdict.ChainPEM); diff != "" {
				t.Errorf("chain (-want +got):\n%s", diff)
			}
			if verdict.CA != ca || len(verdict.Chain) != c.given {
				t.Errorf("ca and chain are not as given: %d, %s", len(verdict.Chain), verdict.CA)
			}
			start, end := verdict.Leaf.NotBefore, verdict.Leaf.NotAfter
			if intermediate := parse(t, f.Intermediate); c.intermediate {
				start = slices.MaxFunc([]time.Time{start, intermediate.NotBefore}, time.Time.Compare)
				end = slices.MinFunc([]time.Time{end, intermediate.NotAfter}, time.Time.Compare)
			}
			if !verdict.NotBefore.Equal(start) || !verdict.NotAfter.Equal(end) {
				t.Errorf("validity %v to %v", verdict.NotBefore, verdict.NotAfter)
			}
			if verdict.LeadsTo != "" {
				t.Errorf("the chain leads to %s and not to the CA", verdict.LeadsTo)
			}
		})
	}
}

func TestChainOrder(t *testing.T) {
	t.Parallel()
	f := load(t)
	host := []string{"gw.example.com"}
	root := newAuthority(t, "root", nil)
	upper := newAuthority(t, "upper", root)
	lower := newAuthority(t, "lower", upper)
	stranger := newAuthority(t, "stranger", nil)
	namesake := newAuthority(t, "lower", stranger) // the same name without the key
	sameName := newAuthority(t, "root", root)      // an intermediate with the name of its root
	leaf := lower.issue(t, &f.key.PublicKey, host)
	pems := func(authorities ...*authority) []string {
		var texts []string
		for _, a := range authorities {
			texts = append(texts, toPEM(a.certificate))
		}
		return texts
	}

	// Two authorities that signed each other: a circle without a root.
	a, b := newAuthority(t, "a", nil), newAuthority(t, "b", nil)
	aByB, bByA := toPEM(b.sign(t, "a", a.key)), toPEM(a.sign(t, "b", b.key))

	// A root that an older root has signed too.
	crossSigned := toPEM(stranger.sign(t, "root", root.key))

	// An intermediate that was renewed with the same key.
	expired := *upper
	expired.certificate = root.create(t, &x509.Certificate{
		Subject: lower.certificate.Issuer, BasicConstraintsValid: true, IsCA: true,
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(-24 * time.Hour),
	}, root.certificate, &upper.key.PublicKey)

	byRoot := root.issue(t, &f.key.PublicKey, host)
	for name, c := range map[string]struct {
		leaf  string
		chain []string
		ca    any
		want  []string // after the leaf
	}{
		"in order":              {leaf: leaf, chain: append([]string{leaf}, pems(lower, upper, root)...), want: pems(lower, upper)},
		"reversed":              {leaf: leaf, chain: append(pems(root, upper, lower), leaf), want: pems(lower, upper)},
		"shuffled, twice":       {leaf: leaf, chain: pems(upper, root, lower, upper, lower), want: pems(lower, upper)},
		"issuer is ca":          {leaf: leaf, ca: toPEM(lower.certificate), want: pems(lower)},
		"one bundle":            {leaf: leaf, chain: []string{strings.Join(pems(root, lower, upper), "\n\n")}, want: pems(lower, upper)},
		"rest in certificate":   {leaf: leaf + "\n" + strings.Join(pems(upper, lower), "\n"), want: pems(lower, upper)},
		"a link missing":        {leaf: leaf, chain: pems(upper, root)},
		"strangers":             {leaf: leaf, chain: pems(stranger, lower, namesake), want: pems(lower)},
		"namesake first":        {leaf: leaf, chain: pems(namesake, lower, upper), want: pems(lower, upper)},
		"only a namesake":       {leaf: leaf, chain: pems(namesake)},
		"root's name":           {leaf: sameName.issue(t, &f.key.PublicKey, host), chain: pems(root, sameName), want: pems(sameName)},
		"circle":                {leaf: a.issue(t, &f.key.PublicKey, host), chain: []string{bByA, aByB}, want: []string{aByB, bByA}},
		"cross-signed":          {leaf: byRoot, chain: []string{toPEM(root.certificate), crossSigned, toPEM(stranger.certificate)}, want: []string{crossSigned}},
		"renewed intermediate":  {leaf: leaf, chain: pems(lower, &expired, upper), want: pems(lower, upper)},
		"unread among the good": {leaf: leaf, chain: append([]string{"x"}, pems(lower)...), want: pems(lower)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdict := f.judge(bagOf(t, map[string]any{
				"certificate_signing_request": f.CSR, "certificate": c.leaf, "chain": c.chain, "ca": c.ca,
			}))
			if verdict.State != tlscertificates.Issued {
				t.Fatalf("%v: %s", verdict.State, verdict.Reason)
			}
			want := toPEM(verdict.Leaf) + "\n"
			for _, text := range c.want {
				want += text + "\n"
			}
			if diff := cmp.Diff(want, verdict.ChainPEM); diff != "" {
				t.Errorf("chain (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSelfSignedLeaf serves a certificate that nobody else has signed, as it is.
func TestSelfSignedLeaf(t *testing.T) {
	t.Parallel()
	f := load(t)
	template := &x509.Certificate{
		SerialNumber: newAuthority(t, "x", nil).certificate.SerialNumber, DNSNames: []string{"gw.example.com"},
		BasicConstraintsValid: true, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &f.key.PublicKey, f.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := toPEM(&x509.Certificate{Raw: der})
	verdict := f.judge(bagOf(t, map[string]any{"certificate_signing_request": f.CSR, "certificate": leaf, "ca": leaf, "chain": []string{leaf, leaf}}))
	if verdict.State != tlscertificates.Issued || verdict.ChainPEM != leaf+"\n" || verdict.CA != leaf {
		t.Errorf("%v (%s), chain %s", verdict.State, verdict.Reason, verdict.ChainPEM)
	}
}

// TestPoolBounds checks that one entry cannot make us check signatures without end.
func TestPoolBounds(t *testing.T) {
	t.Parallel()
	f := load(t)
	stranger := newAuthority(t, "stranger", nil)
	modulus := new(big.Int).Lsh(big.NewInt(1), 8200) // nobody has the key to it
	oversized := stranger.issue(t, &rsa.PublicKey{N: modulus.Add(modulus, big.NewInt(1)), E: 65537}, nil)
	chain := []string{oversized}
	for range 40 {
		chain = append(chain, toPEM(newAuthority(t, "stranger", nil).certificate))
	}
	provider := tlscertificates.ParseProvider(bagOf(t, f.entry(t, map[string]any{"chain": chain})))
	if len(provider.Certificates) != 1 || len(provider.Certificates[0].Pool) != 32 {
		t.Fatalf("the pool is not bounded: %+v", provider.Remarks)
	}
	want := `certificates[0].chain: "CN=leaf": signatures of its key cannot be checked; taken as it is`
	if len(provider.Remarks) == 0 || provider.Remarks[0] != want {
		t.Errorf("remarks %q, want %q first", provider.Remarks, want)
	}
	if want := "certificates[0]: more than 32 certificates; the rest ignored"; !slices.Contains(provider.Remarks, want) {
		t.Errorf("remarks %q, want %q", provider.Remarks, want)
	}
}
