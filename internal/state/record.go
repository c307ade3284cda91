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

// A Record is what Juju holds of what the charm has put into the cluster. Whoever may edit
// the charm's objects can write there whatever he likes, the charm's own notes included. So
// what is read back from an object counts only as far as the record has it. The cluster
// holds the thing itself, the record what tells it from another.
type Record struct {
	// Settings are the options that are served, and Told who told of which authorities, in
	// the planner's own words; Class is the GatewayClass of the Gateway. Empty for what was
	// never put there.
	Settings string `json:"settings,omitempty"`
	Told     string `json:"told,omitempty"`
	Class    string `json:"class,omitempty"`
	// Given are the digests of the certificate chains in the Secrets, sorted; see
	// [ChainDigest]. Every one of them was given by the provider of certificates.
	Given []string `json:"given,omitempty"`
	// Held is what applications are served at or, while they cannot be, were served at last, by
	// the number of their relation, in sums; see [HeldSum]. Of who is served elsewhere than where it is
	// to be, the planner adds where that is.
	Held map[int]string `json:"held,omitempty"`
}

// HeldSum stands for a place, or for hosts. Applications choose both: none must be able to find
// others of the same sum, nor two of its own, of which it has one and then asks for the other.
func HeldSum(names ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(names, " ")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// At returns the sum of what is on record as that of a relation, if there is any.
func (r *Record) At(relation int) (sum string, known bool) {
	if r == nil {
		return "", false
	}
	sum, known = r.Held[relation]
	return sum, known
}

// Has reports whether what has the sum is on record as that of a relation.
func (r *Record) Has(relation int, sum string) bool {
	had, known := r.At(relation)
	return known && had == sum
}

// ChainDigest stands for a certificate chain in PEM, as it is in a Secret.
func ChainDigest(chain string) string {
	sum := sha256.Sum256([]byte(pki.Separate(chain)))
	return hex.EncodeToString(sum[:16])
}

// Vouches reports whether Juju holds what makes a chain that was found in a Secret one to be
// served: the record knows it, or all its certificates are what the provider answers to one
// of our requests. A nil record is that of a charm which has kept none yet: then the
// cluster is believed, once, since who is served has to stay so.
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
