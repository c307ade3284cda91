package tlscertificates

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// maxDepth is how many certificates a chain may have, the leaf included.
const maxDepth = 10

const (
	// minCheckedBits and maxKeyBits limit the RSA keys with which signatures are checked. Go
	// refuses smaller keys. The time for a check grows with the square of the size, and Go's TLS
	// allows 8192 bits.
	minCheckedBits = 1024
	maxKeyBits     = 8192
)

// chain returns leaf and, in order, the certificates of pool that lead a client which trusts only
// the root to the leaf. Providers give chains in any order, with and without the leaf and the root;
// this function follows the signatures instead:
//
//   - The next certificate has the name of the issuer, and its key has signed the present one. All
//     others are left out.
//   - If Go does not know a certificate or a signature, the name must do: clients know more kinds
//     than Go does. Of several candidates, one with the right key identifier comes first, then the
//     provider's order decides.
//   - A self-signed certificate ends the chain and is left out (a client has the root or does not
//     trust it), unless it is the leaf.
//   - No certificate comes twice, so a circle of signatures ends too.
func chain(leaf *pki.Certificate, pool []*pki.Certificate, now time.Time) []*pki.Certificate {
	ordered := []*pki.Certificate{leaf}
	for len(ordered) < maxDepth {
		issuer := issuerOf(ordered[len(ordered)-1], pool, ordered, now)
		if issuer == nil || selfSigned(issuer) {
			break
		}
		ordered = append(ordered, issuer)
	}
	return ordered
}

// issuerOf returns the certificate in pool that issued child, or nil. A root that another root has
// signed too exists twice, with one name and one key. Then the one that is not self-signed comes
// first, because clients of either root can use it. A certificate that is valid now comes before
// one that is not; otherwise the given order decides.
func issuerOf(child *pki.Certificate, pool, used []*pki.Certificate, now time.Time) *pki.Certificate {
	if selfSigned(child) {
		return nil
	}
	var best *pki.Certificate
	bestRank := 0
	for _, candidate := range pool {
		sure := issued(candidate, child)
		if sure == no || contains(used, candidate) {
			continue
		}
		rank := 4 * int(sure)
		if !selfSigned(candidate) {
			rank++
		}
		if validAt(candidate, now) {
			rank += 2
		}
		if rank > bestRank {
			best, bestRank = candidate, rank
		}
	}
	return best
}

// certainty says how certain it is that one certificate issued another.
type certainty int

const (
	no       certainty = iota
	possible           // by name
	likely             // by name and key identifier
	proven             // by signature
)

// issued reports whether parent issued child: by name, as a certificate authority, and by
// signature. If Go cannot check that, the names and the key identifiers must do: clients decide for
// themselves.
func issued(parent, child *pki.Certificate) certainty {
	if !pki.SameName(parent.Subject, child.Issuer) {
		return no
	}
	if checkable(parent) && child.X509 != nil {
		err := child.X509.CheckSignatureFrom(parent.X509)
		if err == nil {
			return proven
		}
		if !unknown(err) {
			return no
		}
	}
	switch {
	case !parent.IsCA:
		return no
	case len(parent.SubjectKeyID) == 0 || len(child.AuthorityKeyID) == 0:
		return possible
	case bytes.Equal(parent.SubjectKeyID, child.AuthorityKeyID):
		return likely
	}
	return no
}

// selfSigned reports whether the certificate is its own issuer. The names are not enough: some
// intermediates have the name of their root.
func selfSigned(certificate *pki.Certificate) bool {
	if !pki.SameName(certificate.Subject, certificate.Issuer) {
		return false
	}
	if c := certificate.X509; checkable(certificate) {
		err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
		if !unknown(err) {
			return err == nil
		}
	}
	return len(certificate.AuthorityKeyID) == 0 || bytes.Equal(certificate.SubjectKeyID, certificate.AuthorityKeyID)
}

// unknown reports whether a signature was not checked, because its kind is too old for Go (SHA-1),
// or unknown to Go.
func unknown(err error) bool {
	var insecure x509.InsecureAlgorithmError
	return errors.As(err, &insecure) || errors.Is(err, x509.ErrUnsupportedAlgorithm)
}

// checkable reports whether signatures can be checked with the key of certificate
// in reasonable time.
func checkable(certificate *pki.Certificate) bool {
	if certificate.X509 == nil {
		return false
	}
	key, ok := certificate.X509.PublicKey.(*rsa.PublicKey)
	return !ok || minCheckedBits <= key.N.BitLen() && key.N.BitLen() <= maxKeyBits
}

func contains(list []*pki.Certificate, certificate *pki.Certificate) bool {
	return slices.ContainsFunc(list, func(other *pki.Certificate) bool { return bytes.Equal(other.Raw, certificate.Raw) })
}

func validAt(certificate *pki.Certificate, now time.Time) bool {
	return !now.Before(certificate.NotBefore) && (certificate.NotAfter.IsZero() || !now.After(certificate.NotAfter))
}

// leadsTo reports whether a chain ends where one of these authorities is trusted: at its own
// certificate, at another certificate with its key, or at one that it has issued.
func leadsTo(chain, authorities []*pki.Certificate) bool {
	last := chain[len(chain)-1]
	return slices.ContainsFunc(authorities, func(authority *pki.Certificate) bool {
		sameKey := func(link *pki.Certificate) bool {
			return bytes.Equal(link.Key, authority.Key) && pki.SameName(link.Subject, authority.Subject)
		}
		return slices.ContainsFunc(chain, sameKey) || issued(authority, last) != no
	})
}

// ParseChain reads a chain in the form of a tls.crt. It returns the leaf, and until when all
// certificates that a client needs are valid. It returns false if there is no readable leaf, and if
// there is anything but certificates: a gateway ignores what it does not know, and would serve
// another certificate than the one that was judged.
func ParseChain(text string, now time.Time) (leaf *x509.Certificate, notAfter time.Time, ok bool) {
	var pool []*pki.Certificate
	for i, block := range pki.Blocks(text) {
		if block.Type != certificateTypes[0] {
			return nil, time.Time{}, false
		}
		certificate, err := pki.ParseCertificate(block.Bytes)
		switch {
		case i == 0 && (err != nil || certificate.X509 == nil || len(certificate.Raw) != len(block.Bytes)):
			return nil, time.Time{}, false
		case i == 0:
			leaf = certificate.X509
		case err == nil && len(pool) < maxPool:
			pool = append(pool, certificate)
		}
	}
	if leaf == nil {
		return nil, time.Time{}, false
	}
	return leaf, spanOf(chain(pki.Of(leaf), pool, now)).notAfter, true
}

// span is the time in which every certificate of a chain is valid, as far as that can be read, and
// which certificates begin and end it.
type span struct {
	notBefore, notAfter time.Time
	first, last         *pki.Certificate
}

func spanOf(chain []*pki.Certificate) span {
	var s span
	for _, link := range chain {
		if s.first == nil || link.NotBefore.After(s.notBefore) {
			s.notBefore, s.first = link.NotBefore, link
		}
		if s.last == nil || !link.NotAfter.IsZero() && link.NotAfter.Before(s.notAfter) {
			s.notAfter, s.last = link.NotAfter, link
		}
	}
	return s
}
