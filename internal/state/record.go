package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// A Record is what Juju stores about what the charm has put into the cluster. Whoever may edit the
// charm's objects can write anything there, also into the charm's own notes. So what is read back
// from an object counts only if the record confirms it. The cluster holds the content, the record
// what identifies it.
type Record struct {
	// Settings are the options that are served, and Told says which relation told of which
	// authorities, both in the planner's own format. Class is the GatewayClass of the Gateway. A
	// field is empty if the charm has never put that into the cluster.
	Settings string `json:"settings,omitempty"`
	Told     string `json:"told,omitempty"`
	Class    string `json:"class,omitempty"`
	// Given are the digests of the certificate chains in the Secrets, sorted; see [ChainDigest].
	// The provider of certificates gave each of these chains.
	Given []string `json:"given,omitempty"`
	// Held is, by the number of the relation, the place at which each application is served or, while
	// it cannot be served, was served last, as a digest; see [HeldSum]. For an application that is
	// served elsewhere than where it is to be, the planner adds the other place.
	Held map[int]string `json:"held,omitempty"`
}

// HeldSum returns a digest of a place, or of hosts. Applications choose both. So an application
// must not be able to find a place of others with the same digest, nor two places of its own, of
// which it has one and then asks for the other.
func HeldSum(names ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(names, " ")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// At returns the digest that is on record for a relation, if there is one.
func (r *Record) At(relation int) (sum string, known bool) {
	if r == nil {
		return "", false
	}
	sum, known = r.Held[relation]
	return sum, known
}

// Has reports whether that digest is on record for a relation.
func (r *Record) Has(relation int, sum string) bool {
	had, known := r.At(relation)
	return known && had == sum
}

// ChainDigest returns a digest of a certificate chain in PEM, as it is in a Secret.
func ChainDigest(chain string) string {
	sum := sha256.Sum256([]byte(pki.Separate(chain)))
	return hex.EncodeToString(sum[:16])
}

// Vouches reports whether Juju confirms that a chain found in a Secret may be served: the record
// has it, or all its certificates are in the provider's answer to one of our requests. A nil record
// means that the charm has not stored one yet. Then the cluster is trusted once, so that
// applications stay served.
func (r *Record) Vouches(chain string, certificates Certificates) bool {
	return r == nil || slices.Contains(r.Given, ChainDigest(chain)) || slices.ContainsFunc(certificates.Entries, func(entry Certificate) bool {
		return entry.State == CertificateIssued && entry.gave(chain)
	})
}

// gave reports whether the provider's answer to a request has every certificate of a chain.
func (c Certificate) gave(chain string) bool {
	var answered []*pem.Block
	for _, text := range append([]string{c.Leaf, c.CA}, c.IssuedChain...) {
		answered = append(answered, pki.Blocks(text)...)
	}
	blocks := pki.Blocks(chain)
	return len(blocks) > 0 && !slices.ContainsFunc(blocks, func(one *pem.Block) bool {
		return !slices.ContainsFunc(answered, func(other *pem.Block) bool { return bytes.Equal(one.Bytes, other.Bytes) })
	})
}
