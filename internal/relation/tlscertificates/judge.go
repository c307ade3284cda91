package tlscertificates

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// String returns the state in one word for logs and tests.
func (s State) String() string {
	names := [...]string{"pending", "issued", "revoked", "denied", "not yet valid", "expired", "unusable"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("state %d", int(s))
	}
	return names[s]
}

// Judge returns what the provider's data say at time now about our request r, made with the private
// part of key. A certificate may be served only if it answers r (the same CSR, byte for byte in
// DER), has our key, is a CA certificate if and only if r asks for one, covers every name and
// address of r, is not revoked and is valid now.
//
// A chain is good while each certificate in it is. If one below the root expires before the leaf,
// or begins after it, that limits the verdict's validity. If several certificates may be served,
// Judge returns the newest. A certificate that is listed once as revoked is revoked wherever else
// it is listed. If none may be served, the verdict is the one that asks most of the caller:
// Revoked, NotYetValid, Denied, Expired, Unusable, Pending, in this order.
func Judge(r Request, key *rsa.PublicKey, p Provider, now time.Time) Verdict {
	csr, err := r.parse()
	if err != nil {
		return Verdict{State: Unusable, Reason: "our own request cannot be read"}
	}
	best := Verdict{State: Pending, Reason: "no certificate yet"}
	refusal := refusalOf(csr.Raw, p.Errors)
	if refusal != nil {
		best = Verdict{State: Denied, Reason: refusal.reason()}
	}
	var good []answer
	for _, certificate := range p.Certificates {
		if !bytes.Equal(certificate.Request, csr.Raw) {
			continue
		}
		verdict := judgeOne(certificate, csr, r.CA, key, p, now)
		if verdict.State == Issued {
			good = append(good, answer{verdict, certificate})
		} else if better(verdict, best) {
			best = verdict
		}
	}
	// Only now, and only for the newest ones: to check signatures is the costly part.
	slices.SortStableFunc(good, func(a, b answer) int {
		switch {
		case better(a.verdict, b.verdict):
			return -1
		case better(b.verdict, a.verdict):
			return 1
		}
		return 0
	})
	for _, one := range good[:min(len(good), maxAnswers)] {
		verdict := one.judgeChain(now)
		if verdict.State == Issued {
			return verdict
		}
		if better(verdict, best) {
			best = verdict
		}
	}
	best.Error = refusal
	return best
}

// maxAnswers is how many answers to one request have their chains checked.
const maxAnswers = 8

// An answer is a certificate that may be served, if its chain may.
type answer struct {
	verdict     Verdict
	certificate Certificate
}

// judgeChain finds the chain, and adjusts the verdict to it.
func (a answer) judgeChain(now time.Time) Verdict {
	verdict := a.verdict
	links := chain(pki.Of(a.certificate.Leaf), a.certificate.Pool, now)
	valid := spanOf(links)
	verdict.NotBefore, verdict.NotAfter = valid.notBefore, valid.notAfter
	switch {
	case now.Before(valid.notBefore):
		verdict.State, verdict.Reason = NotYetValid, ofChain(valid.first)+" is not valid before "+valid.notBefore.UTC().Format(time.RFC3339)
	case now.After(valid.notAfter):
		verdict.State, verdict.Reason = Expired, ofChain(valid.last)+" expired on "+valid.notAfter.UTC().Format(time.RFC3339)
	default:
		verdict.ChainPEM = encodeChain(links)
		read := slices.DeleteFunc(slices.Clone(links), func(link *pki.Certificate) bool { return link.X509 == nil })
		if len(read) < len(links) {
			verdict.ReadPEM = encodeChain(read)
		}
		if roots := a.certificate.Roots; len(roots) > 0 && !leadsTo(links, roots) {
			verdict.LeadsTo = cmp.Or(pyjson.Said(pki.NameText(links[len(links)-1].Issuer)), "an authority without a name")
		}
	}
	return verdict
}

// ofChain names a certificate of the chain that is not the leaf.
func ofChain(certificate *pki.Certificate) string {
	if name := pyjson.Said(pki.NameText(certificate.Subject)); name != "" {
		return "intermediate " + name
	}
	return "an intermediate"
}

// urgency orders the states, for requests with several answers.
var urgency = map[State]int{
	Issued: 6, Revoked: 5, NotYetValid: 4, Denied: 3, Expired: 2, Unusable: 1, Pending: 0,
}

// better reports whether verdict a comes before b: by its state, then the newer certificate. Equal
// ones are ordered by their bytes, so that the order of the entries never decides.
func better(a, b Verdict) bool {
	switch {
	case a.State != b.State:
		return urgency[a.State] > urgency[b.State]
	case !a.NotBefore.Equal(b.NotBefore):
		return a.NotBefore.After(b.NotBefore)
	case !a.NotAfter.Equal(b.NotAfter):
		return a.NotAfter.After(b.NotAfter)
	case a.Leaf != nil && b.Leaf != nil:
		return bytes.Compare(a.Leaf.Raw, b.Leaf.Raw) > 0
	}
	return false
}

// judgeOne judges one certificate that answers csr, except its chain.
func judgeOne(c Certificate, csr *x509.CertificateRequest, ca bool, key *rsa.PublicKey, p Provider, now time.Time) Verdict {
	switch {
	case c.Leaf != nil:
	case c.Revoked:
		return Verdict{State: Revoked, Reason: isRevoked}
	default:
		return Verdict{State: Unusable, Reason: "the certificate cannot be read"}
	}
	verdict := Verdict{
		Leaf:      c.Leaf,
		CA:        c.CA,
		Chain:     c.Chain,
		Issuer:    Issuer(c.Leaf),
		NotBefore: c.Leaf.NotBefore,
		NotAfter:  c.Leaf.NotAfter,
	}
	verdict.State, verdict.Reason = stateOf(c, csr, ca, key, p, now)
	return verdict
}

func stateOf(c Certificate, csr *x509.CertificateRequest, ca bool, key *rsa.PublicKey, p Provider, now time.Time) (State, string) {
	switch {
	case key == nil || !key.Equal(c.Leaf.PublicKey):
		return Unusable, "the certificate has another key than ours"
	case isCA(c.Leaf) != ca:
		return Unusable, kindProblem[ca]
	}
	if name := uncovered(c.Leaf, csr); name != "" {
		return Unusable, "the certificate does not cover " + name
	}
	switch {
	case revoked(c.Leaf, p.Certificates):
		return Revoked, isRevoked
	case now.Before(c.Leaf.NotBefore):
		return NotYetValid, "the certificate is not valid before " + c.Leaf.NotBefore.UTC().Format(time.RFC3339)
	case now.After(c.Leaf.NotAfter):
		return Expired, "the certificate expired on " + c.Leaf.NotAfter.UTC().Format(time.RFC3339)
	}
	return Issued, ""
}

// Issuer returns who signed a certificate, in one line (RFC 2253) for a log.
func Issuer(certificate *x509.Certificate) string { return pyjson.Plain(certificate.Issuer.String()) }

// isRevoked is the reason of a verdict that is Revoked.
const isRevoked = "the certificate is revoked"

// kindProblem says that a certificate is not of the requested kind, by whether a certificate
// authority was requested.
var kindProblem = map[bool]string{
	true:  "the certificate is not a certificate authority's, as asked for",
	false: "the certificate is a certificate authority's, not a server's",
}

func isCA(certificate *x509.Certificate) bool {
	return certificate.BasicConstraintsValid && certificate.IsCA
}

// uncovered returns a name or address that csr asks for and leaf lacks, or nothing. A request
// without names and addresses asks for its common name.
func uncovered(leaf *x509.Certificate, csr *x509.CertificateRequest) string {
	names := csr.DNSNames
	if len(names) == 0 && len(csr.IPAddresses) == 0 && csr.Subject.CommonName != "" {
		names = []string{csr.Subject.CommonName}
	}
	for _, name := range names {
		if leaf.VerifyHostname(name) != nil {
			return name
		}
	}
	for _, address := range csr.IPAddresses {
		if !hasAddress(leaf.IPAddresses, address) {
			return address.String()
		}
	}
	return ""
}

func hasAddress(list []net.IP, address net.IP) bool {
	for _, other := range list {
		if other.Equal(address) {
			return true
		}
	}
	return false
}

// revoked reports whether any of the certificates is leaf and is revoked.
func revoked(leaf *x509.Certificate, all []Certificate) bool {
	for _, other := range all {
		if other.Revoked && other.Leaf != nil && leaf.Equal(other.Leaf) {
			return true
		}
	}
	return false
}

// refusalOf returns the last refusal of the request with this DER, or nil.
func refusalOf(request []byte, all []RequestError) *RequestError {
	for i := len(all) - 1; i >= 0; i-- {
		if bytes.Equal(all[i].Request, request) {
			return &all[i]
		}
	}
	return nil
}
