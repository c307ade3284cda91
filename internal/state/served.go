package state

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// Served is a certificate with its key as it stands in a Secret of ours, still
// good to serve. It goes on being served while the certificate that would replace
// it is on its way.
type Served struct {
	// Secret is the name of the Secret.
	Secret string `json:"secret"`
	// Hosts are the DNS names and the IP addresses of the certificate.
	Hosts []string `json:"hosts"`
	// KeyID, Issuer and NotAfter are as in [Certificate].
	KeyID    string    `json:"keyID,omitempty"`
	Issuer   string    `json:"issuer,omitempty"`
	NotAfter time.Time `json:"notAfter,omitzero"`
	// Chain is tls.crt, leaf first, and Key is tls.key; both in PEM.
	Chain string     `json:"chain"`
	Key   PrivateKey `json:"key"`
}

// NewServed judges what stands in a Secret: the certificate must be the key's,
// within its time, and not one that the provider has revoked. It tells false for
// what may not be served, which is anything in doubt.
func NewServed(secret string, chain, key []byte, certificates Certificates, now time.Time) (Served, bool) {
	leaf := leafOf(chain)
	if leaf == nil {
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
		Secret: secret, Hosts: slices.Clone(leaf.DNSNames), KeyID: keyID(&private.PublicKey), Issuer: tlscertificates.Issuer(leaf), NotAfter: leaf.NotAfter,
		Chain: string(chain), Key: PrivateKey(key),
	}
	for _, address := range leaf.IPAddresses {
		served.Hosts = append(served.Hosts, addressText(address))
	}
	return served, true
}

// leafOf gives the first certificate of a tls.crt. It gives nil where anything but
// certificates stands there, too: a gateway passes over what it does not know, and would
// serve another certificate than the one that was judged.
func leafOf(chain []byte) *x509.Certificate {
	var leaf *x509.Certificate
	for {
		var block *pem.Block
		block, chain = pem.Decode(chain)
		if block == nil {
			return leaf
		}
		if block.Type != "CERTIFICATE" {
			return nil
		}
		if leaf != nil {
			continue
		}
		var err error
		if leaf, err = x509.ParseCertificate(block.Bytes); err != nil {
			return nil
		}
	}
}

// Covers says that the certificate is good for a host, a DNS name or an IP address,
// by name or, for the first label of a DNS name, by a wildcard.
func (s Served) Covers(host string) bool {
	_, parent, found := strings.Cut(host, ".")
	return slices.ContainsFunc(s.Hosts, func(name string) bool {
		return strings.EqualFold(name, host) || found && strings.EqualFold(name, "*."+parent)
	})
}

// keyID is the SHA-256 of a public key in its PKCS#1 form, in hex; empty without a
// key.
func keyID(key *rsa.PublicKey) string {
	if key == nil {
		return ""
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(key))
	return hex.EncodeToString(sum[:])
}

// fingerprint is the SHA-256 of a certificate, in hex.
func fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}
