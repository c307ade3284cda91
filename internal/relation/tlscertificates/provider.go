package tlscertificates

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

const (
	keyCertificates = "certificates"
	keyCertificate  = "certificate"
	keyChain        = "chain"
	keyRevoked      = "revoked"
)

// maxPool is how many certificates one entry may have besides its leaf. Real chains have two or
// three.
const maxPool = 32

// ParseProvider reads the provider's application databag. It never fails: it leaves out an entry
// that cannot be used, and Remarks say which and why, in words for the log. It ignores unknown
// members, so that newer providers can write more.
func ParseProvider(bag map[string]string) Provider {
	var provider Provider
	var notes pyjson.Notes
	if err := pyjson.CheckBag(bag); err != nil {
		notes.Add("%v; ignored", err)
		provider.Remarks = notes.All()
		return provider
	}
	for i, entry := range list(bag, keyCertificates, &notes) {
		where := fmt.Sprintf("%s[%d]", keyCertificates, i)
		certificate, err := parseCertificate(string(entry), where, &notes)
		if err != nil {
			notes.Add("%s: %v; ignored", where, err)
			continue
		}
		provider.Certificates = append(provider.Certificates, certificate)
	}
	for i, entry := range list(bag, keyRequestErrors, &notes) {
		refusal, err := parseRequestError(string(entry))
		if err != nil {
			notes.Add("%s[%d]: %v; ignored", keyRequestErrors, i, err)
			continue
		}
		provider.Errors = append(provider.Errors, refusal)
	}
	provider.Capabilities = parseCapabilities(bag[keyCapabilities], &notes)
	provider.Remarks = notes.All()
	return provider
}

// list returns the elements of the list under key.
func list(bag map[string]string, key string, notes *pyjson.Notes) []json.RawMessage {
	value, ok := bag[key]
	if !ok || value == "" {
		return nil
	}
	entries, err := pyjson.List(value)
	if err != nil {
		notes.Add("%s: %v; ignored", key, err)
		return nil
	}
	return entries
}

// parseCertificate reads one entry. The entry must name its request and hold a leaf. Anything else
// that cannot be read is left out with a note that begins with where.
func parseCertificate(entry, where string, notes *pyjson.Notes) (Certificate, error) {
	members, err := pyjson.Object(entry)
	if err != nil {
		return Certificate{}, err
	}
	var certificate Certificate
	text, ok := pyjson.String(string(members[keyCSR]))
	if !ok {
		return Certificate{}, errors.New(keyCSR + " missing")
	}
	if certificate.Request, err = requestDER(text); err != nil {
		return Certificate{}, fmt.Errorf("%s: %w", keyCSR, err)
	}
	if certificate.Revoked, err = parseRevoked(members); err != nil {
		return Certificate{}, err
	}
	if text, certificate.Leaf, err = parseLeaf(members); err != nil {
		if certificate.Revoked {
			// The entry still says that the request's certificate may not be served.
			notes.Add("%s: %v; taken as revoked", where, err)
			return certificate, nil
		}
		if errors.Is(err, errUnreadable) {
			// The entry still says that there is an answer, and that it cannot be used.
			notes.Add("%s: %v", where, err)
			return certificate, nil
		}
		return Certificate{}, err
	}
	pool := pool{seen: map[string]*pki.Certificate{string(certificate.Leaf.Raw): pki.Of(certificate.Leaf)}, where: where, notes: notes}
	pool.add(keyCertificate, text)
	for _, text := range chainTexts(members, where, notes) {
		if len(pool.add(keyChain, text)) > 0 {
			certificate.Chain = append(certificate.Chain, strings.TrimSpace(text))
		}
	}
	if text, ok := pyjson.String(string(members[keyCA])); ok && text != "" {
		if certificate.Roots = pool.add(keyCA, text); len(certificate.Roots) > 0 {
			certificate.CA = strings.TrimSpace(text)
		}
	}
	certificate.Pool = pool.certificates
	return certificate, nil
}

// errUnreadable is for a certificate that exists and cannot be read.
var errUnreadable = errors.New(keyCertificate + ": not a certificate")

// parseLeaf reads the certificate itself. In a bundle the first certificate is the leaf; if it
// cannot be read, no other replaces it.
func parseLeaf(members map[string]json.RawMessage) (text string, leaf *x509.Certificate, err error) {
	text, ok := pyjson.String(string(members[keyCertificate]))
	if !ok {
		return "", nil, errors.New(keyCertificate + " missing")
	}
	found := blocks(text, certificateTypes)
	if len(found) == 0 {
		return "", nil, errors.New(keyCertificate + ": not a PEM certificate")
	}
	if leaf, err = x509.ParseCertificate(found[0]); err != nil {
		return "", nil, fmt.Errorf("%w: %s", errUnreadable, pyjson.Plain(err.Error()))
	}
	return text, leaf, nil
}

// parseRevoked returns an error for a value that cannot be understood: if a certificate may be
// revoked, the charm does not begin to serve it.
func parseRevoked(members map[string]json.RawMessage) (bool, error) {
	raw, ok := members[keyRevoked]
	if !ok || pyjson.IsNull(string(raw)) {
		return false, nil
	}
	revoked, ok := pyjson.Bool(string(raw))
	if !ok {
		return false, errors.New(keyRevoked + " must be true or false")
	}
	return revoked, nil
}

// chainTexts returns the PEMs of the chain. If there is one string instead of a list, it is read as
// a bundle.
func chainTexts(members map[string]json.RawMessage, where string, notes *pyjson.Notes) []string {
	raw := string(members[keyChain])
	if raw == "" || pyjson.IsNull(raw) {
		return nil
	}
	if text, ok := pyjson.String(raw); ok {
		return []string{text}
	}
	elements, err := pyjson.List(raw)
	if err != nil {
		notes.Add("%s.%s: %v; ignored", where, keyChain, err)
		return nil
	}
	var texts []string
	for _, element := range elements {
		text, ok := pyjson.String(string(element))
		if !ok {
			notes.Add("%s.%s: not a string; ignored", where, keyChain)
			continue
		}
		texts = append(texts, text)
	}
	return texts
}

// pool collects the certificates that may be between a leaf and its root.
type pool struct {
	seen         map[string]*pki.Certificate // by DER, the leaf's included
	certificates []*pki.Certificate
	where        string
	notes        *pyjson.Notes
}

// add adds the new certificates in text, and returns all certificates in text.
func (p *pool) add(key, text string) []*pki.Certificate {
	var all []*pki.Certificate
	found := blocks(text, certificateTypes)
	for _, der := range found {
		if known := p.seen[string(der)]; known != nil {
			all = append(all, known)
			continue
		}
		certificate, err := pki.ParseCertificate(der)
		switch {
		case err != nil:
			p.notes.Add("%s.%s: not a certificate; ignored", p.where, key)
			continue
		case len(p.certificates) == maxPool:
			p.notes.Add("%s: more than %d certificates; the rest ignored", p.where, maxPool)
			return append(all, certificate)
		case certificate.X509 == nil:
			p.notes.Add("%s.%s: %s: cannot be checked (%s); taken as it is", p.where, key, pyjson.Said(pki.NameText(certificate.Subject)), certificate.Refusal)
		case !checkable(certificate):
			p.notes.Add("%s.%s: %s: signatures of its key cannot be checked; taken as it is", p.where, key, pyjson.Said(pki.NameText(certificate.Subject)))
		}
		p.certificates = append(p.certificates, certificate)
		all = append(all, certificate)
		p.seen[string(der)] = certificate
	}
	if len(found) == 0 {
		p.notes.Add("%s.%s: not a PEM certificate; ignored", p.where, key)
	}
	return all
}
