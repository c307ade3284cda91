package state

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// Served is a certificate with its key, from a Secret of ours, that may still be served. It is
// served until the certificate that replaces it has arrived.
type Served struct {
	// Secret is the name of the Secret.
	Secret string `json:"secret"`
	// Hosts are the DNS names and the IP addresses of the certificate.
	Hosts []string `json:"hosts"`
	// KeyID, Issuer and NotAfter are as in [Certificate]. NotAfter may be past if it is that of
	// another certificate of the chain: some clients do not need that one, and without the rest all
	// clients would be worse off.
	KeyID    string    `json:"keyID,omitempty"`
	Issuer   string    `json:"issuer,omitempty"`
	NotAfter time.Time `json:"notAfter,omitzero"`
	// Chain is tls.crt, leaf first, with a line end between its certificates. Key is tls.key. Both
	// are in PEM.
	Chain string     `json:"chain"`
	Key   PrivateKey `json:"key"`
}

// NewServed judges the content of a Secret: the certificate must belong to the key, be valid now,
// and not be one that the provider has revoked. It returns false for what may not be served, which
// includes everything doubtful.
func NewServed(secret string, chain, key []byte, certificates Certificates, now time.Time) (Served, bool) {
	text := pki.Separate(string(chain))
	leaf, notAfter, ok := tlscertificates.ParseChain(text, now)
	if !ok {
		return Served{}, false
	}
	private, err := tlscertificates.ParseKey(string(key))
	if err != nil || !private.PublicKey.Equal(leaf.PublicKey) {
		return Served{}, false
	}
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) || slices.Contains(certificates.Revoked, fingerprint(leaf)) {
		return Served{}, false
	}
	served := Served{
		Secret: secret, Hosts: slices.Clone(leaf.DNSNames), KeyID: keyID(&private.PublicKey), Issuer: tlscertificates.Issuer(leaf), NotAfter: notAfter,
		Chain: text, Key: PrivateKey(key),
	}
	for _, address := range leaf.IPAddresses {
		served.Hosts = append(served.Hosts, addressText(address))
	}
	return served, true
}

// Covers reports whether the certificate is valid for a host, a DNS name or an IP address: by the
// same name or, for the first label of a DNS name, by a wildcard.
func (s Served) Covers(host string) bool {
	_, parent, found := strings.Cut(host, ".")
	return slices.ContainsFunc(s.Hosts, func(name string) bool {
		return strings.EqualFold(name, host) || found && strings.EqualFold(name, "*."+parent)
	})
}

// keyID returns the SHA-256 of a public key in its PKCS#1 form, in hex; empty without a key.
func keyID(key *rsa.PublicKey) string {
	if key == nil {
		return ""
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(key))
	return hex.EncodeToString(sum[:])
}

// fingerprint returns the SHA-256 of a certificate, in hex.
func fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}
