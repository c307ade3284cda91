package tlscertificates

import (
	"bytes"
	"crypto/x509"
	"errors"
	"time"
)

// maxDepth is how many certificates a chain may have, the leaf included.
const maxDepth = 10

// chain returns leaf and, in order, the certificates of pool through which a client
// that trusts only the root gets to it. Providers give a chain in every order,
// with and without the leaf and the root; this follows the signatures instead:
//
//   - each certificate is followed by one that has its issuer's name and whose
//     key has signed it; what is not on the way is left out;
//   - a self-signed certificate ends the chain and is left out (a client has the
//     root or does not trust it), unless it is the leaf;
//   - no certificate comes twice, so a circle of signatures ends too.
func chain(leaf *x509.Certificate, pool []*x509.Certificate, now time.Time) []*x509.Certificate {
	ordered := []*x509.Certificate{leaf}
	for len(ordered) < maxDepth {
		issuer := issuerOf(ordered[len(ordered)-1], pool, ordered, now)
		if issuer == nil || selfSigned(issuer) {
			break
		}
		ordered = append(ordered, issuer)
	}
	return ordered
}

// issuerOf returns the certificate in pool that issued child, or nil. A root that
// was also signed by another root is there twice, under one name and with one
// key: then the one that is not self-signed comes first, because clients of
// either root can use it. Of several, one valid now comes before one that is
// not, and otherwise the order given decides.
func issuerOf(child *x509.Certificate, pool, used []*x509.Certificate, now time.Time) *x509.Certificate {
	if selfSigned(child) {
		return nil
	}
	var best *x509.Certificate
	bestRank := 0
	for _, candidate := range pool {
		if !issued(candidate, child) || contains(used, candidate) {
			continue
		}
		rank := 1
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

// issued tells whether parent issued child: by name, as a certificate authority,
// and by signature. Where Go will not check an old kind of signature (SHA-1),
// the name and the key identifiers must do: clients decide for themselves.
func issued(parent, child *x509.Certificate) bool {
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) {
		return false
	}
	err := child.CheckSignatureFrom(parent)
	if isInsecure(err) {
		return parent.IsCA && len(parent.SubjectKeyId) > 0 && bytes.Equal(parent.SubjectKeyId, child.AuthorityKeyId)
	}
	return err == nil
}

// selfSigned tells whether the certificate is its own issuer. The names are not
// enough: there are intermediates that bear the name of their root.
func selfSigned(certificate *x509.Certificate) bool {
	if !bytes.Equal(certificate.RawSubject, certificate.RawIssuer) {
		return false
	}
	err := certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature)
	if isInsecure(err) {
		return len(certificate.AuthorityKeyId) == 0 || bytes.Equal(certificate.SubjectKeyId, certificate.AuthorityKeyId)
	}
	return err == nil
}

func isInsecure(err error) bool {
	var insecure x509.InsecureAlgorithmError
	return errors.As(err, &insecure)
}

func contains(list []*x509.Certificate, certificate *x509.Certificate) bool {
	for _, other := range list {
		if other.Equal(certificate) {
			return true
		}
	}
	return false
}

func validAt(certificate *x509.Certificate, now time.Time) bool {
	return !now.Before(certificate.NotBefore) && !now.After(certificate.NotAfter)
}
