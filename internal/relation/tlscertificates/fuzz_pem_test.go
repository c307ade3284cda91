package tlscertificates_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/canonical/gateway-api-integrator/internal/pkitest"
	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// FuzzParseKey: the content of a Juju secret, and of a Secret in the cluster. No error may contain
// any of it, and nothing that is accepted may be slow to use.
func FuzzParseKey(f *testing.F) {
	fixture := load(f)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(fixture.key)
	if err != nil {
		f.Fatal(err)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	otherKind, err := x509.MarshalPKCS8PrivateKey(elliptical)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(fixture.key), "", "")
	f.Add("PRIVATE KEY", pkcs8, "a comment\n", "\n"+fixture.OtherKey)
	f.Add("PRIVATE KEY", otherKind, "", "")
	f.Add("EC PRIVATE KEY", otherKind, fixture.Root, fixture.Key)
	f.Add("", []byte("no key"), "-----BEGIN RSA PRIVATE KEY-----\nAAAA", "")
	problems := []string{
		"cannot read private key: not PEM", "cannot read private key: not PKCS#1", "cannot read private key: not PKCS#8",
		"cannot read private key: not an RSA key in PEM", "cannot use private key: not RSA",
		"cannot use private key: fewer than 2048 bits", "cannot use private key: more than 8192 bits",
		"cannot read private key: longer than 8192 bytes",
	}
	f.Fuzz(func(t *testing.T, blockType string, der []byte, before, after string) {
		key, err := tlscertificates.ParseKey(before + string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})) + after)
		if err != nil {
			if key != nil || !slices.Contains(problems, err.Error()) {
				t.Errorf("refused with %q", err)
			}
			return
		}
		if bits := key.N.BitLen(); bits < 2048 || bits > 8192 {
			t.Errorf("taken: a key of %d bits", bits)
		}
		again, err := tlscertificates.ParseKey(tlscertificates.EncodeKey(key))
		if err != nil || !again.Equal(key) {
			t.Errorf("read again: %v", err)
		}
	})
}

// FuzzJudge goes below the JSON and the PEM, where FuzzParseProvider rarely gets: to the content of
// a certificate.
func FuzzJudge(f *testing.F) {
	fixture := load(f)
	root := newAuthority(f, "root", nil)
	between := newAuthority(f, "between", root)
	der := func(text string) []byte {
		block, _ := pem.Decode([]byte(text))
		return block.Bytes
	}
	good := der(between.issue(f, &fixture.key.PublicKey, []string{"gw.example.com"}))
	f.Add(good, between.certificate.Raw, root.certificate.Raw, false)
	f.Add(good, root.certificate.Raw, between.certificate.Raw, true)
	f.Add(der(fixture.leaf(f)), der(fixture.Intermediate), der(fixture.Root), false)
	f.Add(der(between.issue(f, &fixture.key.PublicKey, []string{"*.example.com"}, expired)), good, []byte("no certificate"), false)
	f.Add(between.certificate.Raw, between.certificate.Raw, []byte{}, false)
	f.Add(good, pkitest.NegativeSerial(f, between.certificate.Raw, root.key), root.certificate.Raw, false)
	f.Add(good, pkitest.UnknownCurve(f, between.certificate.Raw, root.key), pkitest.NegativeSerial(f, root.certificate.Raw, root.key), false)
	f.Add(pkitest.NegativeSerial(f, good, between.key), between.certificate.Raw, root.certificate.Raw, false)
	f.Fuzz(func(t *testing.T, leaf, first, second []byte, revoked bool) {
		encoded := func(der []byte) string {
			return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		provider := tlscertificates.ParseProvider(bagOf(t, map[string]any{
			"certificate_signing_request": fixture.request.PEM, "certificate": encoded(leaf), "revoked": revoked,
			"ca": encoded(second), "chain": []string{encoded(first), encoded(leaf), encoded(second)},
		}))
		for _, remark := range provider.Remarks {
			checkPlain(t, "remark", remark)
		}
		verdict := tlscertificates.Judge(fixture.request, &fixture.key.PublicKey, provider, now)
		checkPlain(t, "reason", verdict.Reason)
		checkPlain(t, "issuer", verdict.Issuer)
		checkPlain(t, "authority", verdict.LeadsTo)
		if verdict.State != tlscertificates.Issued {
			if verdict.ChainPEM != "" || verdict.Reason == "" {
				t.Errorf("%v with the reason %q and a chain of %d bytes", verdict.State, verdict.Reason, len(verdict.ChainPEM))
			}
			return
		}
		if revoked || !bytes.Equal(verdict.Leaf.Raw, leaf) || !fixture.key.PublicKey.Equal(verdict.Leaf.PublicKey) ||
			verdict.Leaf.VerifyHostname("gw.example.com") != nil || verdict.Leaf.IsCA ||
			now.Before(verdict.NotBefore) || now.After(verdict.NotAfter) {
			t.Errorf("to be served: %+v", verdict.Leaf)
		}
		checkChain(t, verdict)
		again, notAfter, ok := tlscertificates.ParseChain(verdict.ChainPEM, now)
		if !ok || !again.Equal(verdict.Leaf) || !notAfter.Equal(verdict.NotAfter) {
			t.Errorf("read again from a Secret: %t, valid until %v, not %v", ok, notAfter, verdict.NotAfter)
		}
	})
}

// FuzzChain has real certificates in every order, some of them repeated, in a list or in one text.
// In another order they make the same chain, unless two of them are equally good.
func FuzzChain(f *testing.F) {
	fixture := load(f)
	root, other := newAuthority(f, "root", nil), newAuthority(f, "other root", nil)
	first := newAuthority(f, "first", root)
	second := newAuthority(f, "second", first)
	circle := newAuthority(f, "circle", second)
	leaf := second.issue(f, &fixture.key.PublicKey, []string{"gw.example.com"})
	all := []string{
		leaf, toPEM(second.certificate), toPEM(first.certificate), toPEM(root.certificate), toPEM(other.certificate),
		toPEM(other.sign(f, "root", root.key)),                            // the root, by another root
		toPEM(circle.sign(f, "first", first.key)),                         // first, by one that it leads to
		toPEM(circle.sign(f, "circle", other.key)),                        // another key under an existing name
		asPEM(pkitest.NegativeSerial(f, first.certificate.Raw, root.key)), // first, for which its name must do
		fixture.Root, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
	}
	const byRoot, byCircle = 2, 6 // certificates of the first one
	f.Add([]byte{1, 2, 3}, false)
	f.Add([]byte{3, 2, 1, 0}, true)
	f.Add([]byte{5, 3, 1, 2, 4, 6, 7, 8, 9, 1, 1}, false)
	f.Fuzz(func(t *testing.T, order []byte, bundle bool) {
		order = slices.Clone(order[:min(len(order), 30)])
		for i := range order {
			order[i] %= byte(len(all))
		}
		judge := func() tlscertificates.Verdict {
			chosen := []string{}
			for _, which := range order {
				chosen = append(chosen, all[which])
			}
			var chain any = chosen
			if bundle {
				chain = strings.Join(chosen, "\n")
			}
			return fixture.judge(bagOf(t, map[string]any{
				"certificate_signing_request": fixture.request.PEM, "certificate": leaf, "ca": toPEM(other.certificate), "chain": chain,
			}))
		}
		verdict := judge()
		if verdict.State != tlscertificates.Issued {
			t.Fatalf("%v: %s", verdict.State, verdict.Reason)
		}
		checkChain(t, verdict)
		if slices.Contains(order, byRoot) && slices.Contains(order, byCircle) {
			return
		}
		slices.Reverse(order)
		if again := judge(); again.ChainPEM != verdict.ChainPEM {
			t.Errorf("in another order the chain is\n%s\nand not\n%s", again.ChainPEM, verdict.ChainPEM)
		}
	})
}

// checkChain checks that a client gets from the leaf to the last certificate, and that there is
// nothing else.
func checkChain(t *testing.T, verdict tlscertificates.Verdict) {
	t.Helper()
	var chain []*pki.Certificate
	for _, block := range pki.Blocks(verdict.ChainPEM) {
		certificate, err := pki.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			t.Fatalf("the chain has a %s: %v", block.Type, err)
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 || len(chain) > 10 || !bytes.Equal(chain[0].Raw, verdict.Leaf.Raw) {
		t.Fatalf("a chain of %d", len(chain))
	}
	for i, certificate := range chain {
		if certificate.NotBefore.After(verdict.NotBefore) || !certificate.NotAfter.IsZero() && certificate.NotAfter.Before(verdict.NotAfter) {
			t.Errorf("said to be valid from %v to %v, and %s is not", verdict.NotBefore, verdict.NotAfter, pki.NameText(certificate.Subject))
		}
		if i == 0 {
			continue
		}
		child := chain[i-1]
		same := func(other *pki.Certificate) bool { return bytes.Equal(other.Raw, certificate.Raw) }
		if !pki.SameName(child.Issuer, certificate.Subject) || slices.ContainsFunc(chain[:i], same) {
			t.Errorf("%s is followed by %s", pki.NameText(child.Subject), pki.NameText(certificate.Subject))
		}
		if c := certificate.X509; c != nil && bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignatureFrom(c) == nil {
			t.Errorf("the root %s is in the chain", c.Subject)
		}
		if c, signed := certificate.X509, child.X509; c != nil && signed != nil {
			err := signed.CheckSignatureFrom(c)
			if key, ok := c.PublicKey.(*rsa.PublicKey); ok && (key.N.BitLen() < 1024 || key.N.BitLen() > 8192) {
				continue
			}
			var insecure x509.InsecureAlgorithmError
			if err != nil && !errors.As(err, &insecure) && !errors.Is(err, x509.ErrUnsupportedAlgorithm) {
				t.Errorf("%s is not signed by %s: %v", signed.Subject, c.Subject, err)
			}
		}
	}
}

func expired(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }

// checkPlain checks that a text is one line, fit for a log.
func checkPlain(t *testing.T, what, text string) {
	t.Helper()
	if utf8.RuneCountInString(text) > 300 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%s not fit to show: %q", what, text)
	}
}
