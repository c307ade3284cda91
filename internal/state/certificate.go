package state

import (
	"slices"
	"time"
)

// PrivateKey is a private key in PEM. Its text forms hide it, so that it cannot
// reach a log or an error by way of a formatted State.
type PrivateKey string

// String hides the key.
func (PrivateKey) String() string { return "(private key)" }

// GoString hides the key.
func (PrivateKey) GoString() string { return "(private key)" }

// PEM is the key itself.
func (k PrivateKey) PEM() string { return string(k) }

// Certificates is what the charm holds on its certificates endpoint.
type Certificates struct {
	// Related says that there is a certificates relation which is not on its
	// way out.
	Related bool `json:"related"`
	// RelationID is that relation, such as "certificates:4".
	RelationID string `json:"relationID,omitempty"`
	// Provider is the application on its other side, as Juju names it here.
	Provider string `json:"provider,omitempty"`
	// Key is the application's private key; empty when not related, before the
	// first request, and when what is kept as one cannot be read.
	Key PrivateKey `json:"key,omitempty"`
	// LegacyKey says that the key stands under the label of an older library.
	LegacyKey bool `json:"legacyKey,omitempty"`
	// NoAddresses says that the provider issues no certificates for IP addresses.
	NoAddresses bool `json:"noAddresses,omitempty"`
	// Revoked are the fingerprints (SHA-256, hex) of the certificates that the
	// provider lists as revoked.
	Revoked []string `json:"revoked,omitempty"`
	// Entries are the certificate signing requests that stand in our databag,
	// in its order, each with what has become of it.
	Entries []Certificate `json:"entries,omitempty"`
	// Remarks are lines for the log, about what is left out of the provider's answer and why.
	Remarks []string `json:"-"`
}

// CertificateState says what has become of one certificate signing request.
type CertificateState string

// The states of a certificate signing request.
const (
	// CertificateIssued: a certificate that passes every rule is there.
	CertificateIssued CertificateState = "issued"
	// CertificatePending: the provider has not answered yet.
	CertificatePending CertificateState = "pending"
	// CertificateRevoked: the provider has revoked what it issued.
	CertificateRevoked CertificateState = "revoked"
	// CertificateExpired: what was issued is past its time.
	CertificateExpired CertificateState = "expired"
	// CertificateEarly: what was issued is valid later.
	CertificateEarly CertificateState = "early"
	// CertificateDenied: the provider refuses; the operator must act.
	CertificateDenied CertificateState = "denied"
	// CertificateDelayed: the provider cannot answer now and will try again.
	CertificateDelayed CertificateState = "delayed"
	// CertificateUnusable: what was issued breaks a rule.
	CertificateUnusable CertificateState = "unusable"
)

// A Certificate is one certificate signing request of ours and its answer.
type Certificate struct {
	// Request is the signing request in PEM, as it stands in our databag.
	Request string `json:"request"`
	// Foreign says that the request was made with another key than Key, such as
	// the one before a rotation, or not as this charm makes them. It has to be
	// replaced; what answers it is judged all the same, since it may be served
	// until then.
	Foreign bool `json:"foreign,omitempty"`
	// KeyID tells keys apart: it is that of the request's public key, see [keyID].
	KeyID string `json:"keyID,omitempty"`
	// Hosts are the DNS names and the IP addresses asked for, sorted.
	Hosts []string `json:"hosts"`
	// State says what has become of it.
	State CertificateState `json:"state"`
	// Reason explains every state but issued and pending to the operator.
	Reason string `json:"reason,omitempty"`
	// Chain is the certificate and its intermediates in PEM, leaf first: the
	// tls.crt of a Secret. Set when issued and not foreign.
	Chain string `json:"chain,omitempty"`
	// ReadChain is Chain without the certificates that Go does not read; empty when there
	// are none.
	ReadChain string `json:"readChain,omitempty"`
	// Leaf, CA and IssuedChain are the parts as the provider gave them, in PEM,
	// for the get-certificate action. Set when issued.
	Leaf        string   `json:"leaf,omitempty"`
	CA          string   `json:"ca,omitempty"`
	IssuedChain []string `json:"issuedChain,omitempty"`
	// LeadsTo names the authority that the chain of an issued one leads to, if that is not
	// the one which the provider gives. It is served all the same: clients may know more.
	LeadsTo string `json:"leadsTo,omitempty"`
	// Issuer is who signed the certificate, in one line. Empty when there is
	// none, as are NotBefore and NotAfter, which bound its life and that of the
	// other certificates in its chain.
	Issuer    string    `json:"issuer,omitempty"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter,omitzero"`
	// RenewAt is when to ask for the next certificate; zero for never. See
	// [renewAt].
	RenewAt time.Time `json:"renewAt,omitzero"`
}

// Due reports whether it is time to ask for the next certificate.
func (c Certificate) Due(now time.Time) bool { return !c.RenewAt.IsZero() && !now.Before(c.RenewAt) }

// For returns the request for the host, a DNS name or an IP address, that tells most
// of what it is served with: the newest that is issued with the present key, else
// with another, else the newest with the present key.
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

// rank orders the requests of a host, zero for one that tells nothing.
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

// Asked reports whether a certificate for the host and for the key of that KeyID is asked
// for on this very relation.
func (c Certificates) Asked(host, keyID string) bool {
	return slices.ContainsFunc(c.Entries, func(entry Certificate) bool {
		return entry.KeyID == keyID && slices.Contains(entry.Hosts, host)
	})
}

// Hosts are the hosts that certificates were requested for, sorted, each once.
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
