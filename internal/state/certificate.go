package state

import (
	"slices"
	"time"
)

// PrivateKey is a private key in PEM. Its text forms hide the key, so that a formatted State cannot
// bring it into a log or an error.
type PrivateKey string

// String hides the key.
func (PrivateKey) String() string { return "(private key)" }

// GoString hides the key.
func (PrivateKey) GoString() string { return "(private key)" }

// PEM returns the key itself.
func (k PrivateKey) PEM() string { return string(k) }

// Certificates is what the charm has on its certificates endpoint.
type Certificates struct {
	// Related says that there is a certificates relation that is not being removed.
	Related bool `json:"related"`
	// RelationID is that relation, such as "certificates:4".
	RelationID string `json:"relationID,omitempty"`
	// Provider is the application on the other side, under Juju's name for it here.
	Provider string `json:"provider,omitempty"`
	// Key is the application's private key; empty if not related, before the first request, and if
	// the stored key cannot be read.
	Key PrivateKey `json:"key,omitempty"`
	// LegacyKey says that the key is stored under the label of an older library.
	LegacyKey bool `json:"legacyKey,omitempty"`
	// NoAddresses says that the provider issues no certificates for IP addresses.
	NoAddresses bool `json:"noAddresses,omitempty"`
	// Revoked are the fingerprints (SHA-256, hex) of the certificates that the
	// provider lists as revoked.
	Revoked []string `json:"revoked,omitempty"`
	// Entries are the certificate signing requests in our databag, in its order, each with its
	// present state.
	Entries []Certificate `json:"entries,omitempty"`
	// Remarks are lines for the log, about what is left out of the provider's answer and why.
	Remarks []string `json:"-"`
}

// CertificateState is the state of one certificate signing request.
type CertificateState string

// The states of a certificate signing request.
const (
	// CertificateIssued: a certificate that passes every rule is there.
	CertificateIssued CertificateState = "issued"
	// CertificatePending: the provider has not answered yet.
	CertificatePending CertificateState = "pending"
	// CertificateRevoked: the provider has revoked what it issued.
	CertificateRevoked CertificateState = "revoked"
	// CertificateExpired: the issued certificate has expired.
	CertificateExpired CertificateState = "expired"
	// CertificateEarly: the issued certificate is not valid yet.
	CertificateEarly CertificateState = "early"
	// CertificateDenied: the provider refuses; the operator must act.
	CertificateDenied CertificateState = "denied"
	// CertificateDelayed: the provider cannot answer now and will try again.
	CertificateDelayed CertificateState = "delayed"
	// CertificateUnusable: the issued certificate breaks a rule.
	CertificateUnusable CertificateState = "unusable"
)

// A Certificate is one certificate signing request of ours and its answer.
type Certificate struct {
	// Request is the signing request in PEM, as it is in our databag.
	Request string `json:"request"`
	// Foreign says that the request was made with a key other than Key, such as the one before a
	// rotation, or not in the way of this charm. It has to be replaced. Its answer is judged
	// nevertheless, because it may be served until then.
	Foreign bool `json:"foreign,omitempty"`
	// KeyID identifies the public key of the request, see [keyID].
	KeyID string `json:"keyID,omitempty"`
	// Hosts are the requested DNS names and IP addresses, sorted.
	Hosts []string `json:"hosts"`
	// State says what has become of the request.
	State CertificateState `json:"state"`
	// Reason explains every state except issued and pending to the operator.
	Reason string `json:"reason,omitempty"`
	// Chain is the certificate and its intermediates in PEM, leaf first: the
	// tls.crt of a Secret. Set when issued and not foreign.
	Chain string `json:"chain,omitempty"`
	// ReadChain is Chain without the certificates that Go cannot parse; empty if there are none.
	ReadChain string `json:"readChain,omitempty"`
	// Leaf, CA and IssuedChain are the parts as the provider gave them, in PEM, for the
	// get-certificate action. They are set when issued.
	Leaf        string   `json:"leaf,omitempty"`
	CA          string   `json:"ca,omitempty"`
	IssuedChain []string `json:"issuedChain,omitempty"`
	// LeadsTo names the authority that the chain of an issued certificate leads to, if that is not
	// the one that the provider gives. The certificate is served nevertheless: clients may know
	// more authorities.
	LeadsTo string `json:"leadsTo,omitempty"`
	// Issuer is who signed the certificate, in one line. NotBefore and NotAfter limit the time in
	// which it and the other certificates of its chain are valid. All are empty if there is no
	// certificate.
	Issuer    string    `json:"issuer,omitempty"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter,omitzero"`
	// RenewAt is when to request the next certificate; zero for never. See [renewAt].
	RenewAt time.Time `json:"renewAt,omitzero"`
}

// Due reports whether it is time to request the next certificate.
func (c Certificate) Due(now time.Time) bool { return !c.RenewAt.IsZero() && !now.Before(c.RenewAt) }

// For returns the request that says most about what a host, a DNS name or an IP address, is served
// with: the newest one issued with the present key, else the newest one issued with another key,
// else the newest one with the present key.
func (c Certificates) For(host string) (Certificate, bool) {
	var found Certificate
	best := 0
	for _, entry := range c.Entries {
		if rank := entry.rank(); rank > 0 && rank >= best && slices.Contains(entry.Hosts, host) {
			found, best = entry, rank
		}
	}
	return found, best > 0
}

// rank orders the requests of a host; zero is for a request that says nothing.
func (c Certificate) rank() int {
	switch issued := c.State == CertificateIssued; {
	case issued && !c.Foreign:
		return 3
	case issued:
		return 2
	case !c.Foreign:
		return 1
	default:
		return 0
	}
}

// Asked reports whether, on this very relation, a certificate for the host is requested with the
// key of that KeyID.
func (c Certificates) Asked(host, keyID string) bool {
	return slices.ContainsFunc(c.Entries, func(entry Certificate) bool {
		return entry.KeyID == keyID && slices.Contains(entry.Hosts, host)
	})
}

// Hosts returns the hosts that certificates were requested for, sorted, each once.
func (c Certificates) Hosts() []string {
	var hosts []string
	for _, entry := range c.Entries {
		if entry.rank() > 0 {
			hosts = append(hosts, entry.Hosts...)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
