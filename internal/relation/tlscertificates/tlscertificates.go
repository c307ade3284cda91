package tlscertificates

import (
	"crypto/x509"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// Request is one entry of certificate_signing_requests.
type Request struct {
	PEM string // the CSR, without white space at either end
	CA  bool   // a certificate for a certificate authority is requested
}

// Certificate is one entry of the provider's certificates.
type Certificate struct {
	Request []byte             // DER of the CSR it answers
	Leaf    *x509.Certificate  // the first block of "certificate"; nil if unreadable
	Pool    []*pki.Certificate // everything else given: further blocks, chain, ca; no duplicates, not the leaf
	Roots   []*pki.Certificate // the content of ca
	CA      string             // PEM as given, trimmed; empty when absent or unreadable
	Chain   []string           // PEMs as given, trimmed, without the unreadable ones
	Revoked bool
}

// RequestError is one entry of the provider's request_errors: why it will not, or cannot now, issue
// a certificate. Its texts are the provider's, cut to a length for a log and without control
// characters.
type RequestError struct {
	Request []byte // DER of the CSR
	Code    int    // one of the Code constants, or another number
	Name    string // lower case: "domain_not_allowed"

	Message, Reason, Provider, Endpoint string
}

// Capabilities is what a provider says it can do. Nil and empty mean unknown, not no: most
// providers say nothing.
type Capabilities struct {
	IPSANs         *bool
	WildcardDNS    *bool
	Subdomain      *bool
	CACertificates *bool
	AllowedDomains []string
	ProviderType   string // "acme", "vault", "self-signed" or another
}

// Provider is what the provider's application databag says.
type Provider struct {
	Certificates []Certificate
	Errors       []RequestError
	Capabilities Capabilities
	Remarks      []string // entries left out and why, as pyjson.Notes limits them
}

// State is the present state of a request.
type State int

// The states of a request. Only Issued has a certificate to serve.
const (
	Pending     State = iota // no answer yet
	Issued                   // a certificate that may be served now
	Revoked                  // answered, but revoked: stop serving it at once
	Denied                   // refused by the provider; Error says why
	NotYetValid              // answered, but valid only later
	Expired                  // answered, but expired: request a new one
	Unusable                 // answered with something that does not fit the request
)

// Verdict is what Judge finds for one request.
type Verdict struct {
	State  State
	Reason string // words for an operator; empty when Issued

	// The certificate the verdict is about; nil and empty when Pending or Denied.
	Leaf     *x509.Certificate
	ChainPEM string   // Issued only: leaf first, then its intermediates, no self-signed root
	CA       string   // as the provider gave it
	Chain    []string // as the provider gave it
	Issuer   string   // its issuer's name (RFC 2253), fit for a log

	// ReadPEM is ChainPEM without the certificates that Go cannot parse, for controllers that
	// refuse those; empty if there are none.
	ReadPEM string

	// NotBefore and NotAfter are the time in which all certificates of the chain are valid: a
	// client needs each of them.
	NotBefore, NotAfter time.Time

	// LeadsTo names the authority that the chain of an Issued certificate leads to, if that is not
	// the one that the provider gives as ca; empty if it is, or if the provider gives none.
	LeadsTo string

	Error *RequestError // the provider's refusal, in every state except Issued
}
