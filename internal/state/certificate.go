package state

import (
	"crypto/rsa"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
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
	// Key is the application's private key; empty when not related.
	Key PrivateKey `json:"key,omitempty"`
	// Revoked are the fingerprints (SHA-256, hex) of the certificates that the
	// provider lists as revoked.
	Revoked []string `json:"revoked,omitempty"`
	// Entries are the certificate signing requests that stand in our databag,
	// in its order, each with what has become of it.
	Entries []Certificate `json:"entries,omitempty"`
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
	// Foreign says that the request was made with another key than Key; it has
	// to be replaced.
	Foreign bool `json:"foreign,omitempty"`
	// Hosts are the DNS names asked for.
	Hosts []string `json:"hosts"`
	// State says what has become of it.
	State CertificateState `json:"state"`
	// Reason explains every state but issued and pending to the operator.
	Reason string `json:"reason,omitempty"`
	// Chain is the certificate and its intermediates in PEM, leaf first: the
	// tls.crt of a Secret. Set when issued.
	Chain string `json:"chain,omitempty"`
	// Leaf, CA and IssuedChain are the parts as the provider gave them, in PEM,
	// for the get-certificate action.
	Leaf        string   `json:"leaf,omitempty"`
	CA          string   `json:"ca,omitempty"`
	IssuedChain []string `json:"issuedChain,omitempty"`
	// NotAfter is the end of its life. Set when issued.
	NotAfter time.Time `json:"notAfter,omitzero"`
}

// For gives the entry that serves the host best: an issued certificate when
// there is one, else the newest request. Requests made with another key, or for
// other hosts too, do not count.
func (c Certificates) For(host string) (Certificate, bool) {
	var found Certificate
	var ok bool
	for _, entry := range c.Entries {
		if entry.Foreign || len(entry.Hosts) != 1 || entry.Hosts[0] != host {
			continue
		}
		if !ok || entry.State == CertificateIssued || found.State != CertificateIssued {
			found, ok = entry, true
		}
	}
	return found, ok
}

// Subject is what the charm asks a certificate authority for, for one host.
func Subject(host string) tlscertificates.Subject {
	return tlscertificates.Subject{CommonName: host, DNSNames: []string{host}}
}

// NewCertificates judges what stands on both sides of the certificates
// relation: own is our application's databag, provider the provider's. The key
// is empty before the first. The remarks name what was left out, for the log.
func NewCertificates(relationID string, key PrivateKey, own, provider Databag, now time.Time) (Certificates, []string) {
	c := Certificates{Related: true, RelationID: relationID, Key: key}
	requests, remarks := tlscertificates.ParseRequests(own)
	answers := tlscertificates.ParseProvider(provider)
	remarks = append(remarks, answers.Remarks...)
	var parsed *rsa.PrivateKey
	if key != "" {
		var err error
		if parsed, err = tlscertificates.ParseKey(key.PEM()); err != nil {
			// Every request then counts as foreign, and a new key is made.
			c.Key = ""
			remarks = append(remarks, "the private key cannot be read and is replaced")
		}
	}
	for _, answer := range answers.Certificates {
		if answer.Revoked {
			c.Revoked = append(c.Revoked, fingerprint(answer.Leaf))
		}
	}
	for _, request := range requests {
		c.Entries = append(c.Entries, newCertificate(request, parsed, answers, now))
	}
	return c, remarks
}

func newCertificate(request tlscertificates.Request, key *rsa.PrivateKey, answers tlscertificates.Provider, now time.Time) Certificate {
	entry := Certificate{Request: request.PEM, Foreign: true, State: CertificatePending}
	details, err := request.Details()
	if err != nil {
		return entry
	}
	entry.Hosts = details.DNSNames
	if key == nil || len(entry.Hosts) != 1 || !request.Fits(Subject(entry.Hosts[0]), false, &key.PublicKey) {
		return entry
	}
	entry.Foreign = false
	verdict := tlscertificates.Judge(request, &key.PublicKey, answers, now)
	entry.State, entry.Reason = certificateState(verdict), verdict.Reason
	if entry.State != CertificateIssued {
		return entry
	}
	entry.Chain, entry.CA, entry.IssuedChain = verdict.ChainPEM, verdict.CA, verdict.Chain
	entry.Leaf = strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: verdict.Leaf.Raw})))
	entry.NotAfter = verdict.NotAfter
	return entry
}

func certificateState(verdict tlscertificates.Verdict) CertificateState {
	switch verdict.State {
	case tlscertificates.Issued:
		return CertificateIssued
	case tlscertificates.Revoked:
		return CertificateRevoked
	case tlscertificates.Expired:
		return CertificateExpired
	case tlscertificates.Denied:
		if verdict.Error != nil && !verdict.Error.OperatorMustAct() {
			return CertificateDelayed
		}
		return CertificateDenied
	case tlscertificates.Unusable:
		return CertificateUnusable
	case tlscertificates.NotYetValid:
		return CertificateEarly
	default:
		return CertificatePending
	}
}

// Asked says that a certificate for the host has been asked for on this very
// relation, with whatever key.
func (c Certificates) Asked(host string) bool {
	return slices.ContainsFunc(c.Entries, func(entry Certificate) bool { return slices.Contains(entry.Hosts, host) })
}

// Hosts are the hosts that certificates were requested for, sorted, each once.
func (c Certificates) Hosts() []string {
	var hosts []string
	for _, entry := range c.Entries {
		if !entry.Foreign {
			hosts = append(hosts, entry.Hosts...)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
