package state

import (
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// Subject returns what the charm requests from a certificate authority: one certificate for these
// names, DNS names or IP addresses. The first is the common name, as in the Python charm.
func Subject(names []string) tlscertificates.Subject {
	var subject tlscertificates.Subject
	for _, name := range names {
		if address, err := netip.ParseAddr(name); err == nil {
			subject.IPAddresses = append(subject.IPAddresses, address.AsSlice())
		} else {
			subject.DNSNames = append(subject.DNSNames, name)
		}
	}
	if len(names) > 0 {
		subject.CommonName = names[0]
	}
	return subject
}

// NewCertificates judges what is on both sides of the certificates relation: own is our
// application's databag, provider the provider's. The key is empty before the first one. The
// remarks name what was left out, for the log.
func NewCertificates(relationID string, key PrivateKey, own, provider Databag, now time.Time) (Certificates, []string) {
	c := Certificates{Related: true, RelationID: relationID, Key: key}
	requests, remarks := tlscertificates.ParseRequests(own)
	answers := tlscertificates.ParseProvider(provider)
	remarks = append(remarks, answers.Remarks...)
	var public *rsa.PublicKey
	if key != "" {
		parsed, err := tlscertificates.ParseKey(key.PEM())
		if err == nil {
			public = &parsed.PublicKey
		} else {
			// Every request then counts as foreign, and the charm makes a new key.
			c.Key = ""
			remarks = append(remarks, "the private key cannot be read and is replaced")
		}
	}
	if supported := answers.Capabilities.IPSANs; supported != nil {
		c.NoAddresses = !*supported
	}
	for _, answer := range answers.Certificates {
		if answer.Revoked && answer.Leaf != nil {
			c.Revoked = append(c.Revoked, fingerprint(answer.Leaf))
		}
	}
	for _, request := range requests {
		entry := newCertificate(request, public, answers, now)
		if entry.LeadsTo != "" {
			remarks = append(remarks, fmt.Sprintf("the certificate chain for %s leads to %s, and not to the CA that the provider gives: a certificate is missing, or the CA is another's",
				strings.Join(entry.Hosts, ", "), entry.LeadsTo))
		}
		c.Entries = append(c.Entries, entry)
	}
	return c, remarks
}

func newCertificate(request tlscertificates.Request, key *rsa.PublicKey, answers tlscertificates.Provider, now time.Time) Certificate {
	entry := Certificate{Request: request.PEM, State: CertificatePending}
	details, err := request.Details()
	if err != nil {
		entry.Foreign = true
		return entry
	}
	entry.Hosts, entry.KeyID = hostsOf(details), keyID(details.PublicKey)
	entry.Foreign = key == nil || !ours(details) || !request.Fits(Subject(entry.Hosts), false, key)
	// A foreign request is judged by the key that it was made with.
	verdict := tlscertificates.Judge(request, details.PublicKey, answers, now)
	entry.State, entry.Reason = certificateState(verdict), verdict.Reason
	entry.Issuer, entry.NotBefore, entry.NotAfter = verdict.Issuer, verdict.NotBefore, verdict.NotAfter
	switch entry.State {
	case CertificatePending:
		entry.Reason = ""
	case CertificateExpired:
		entry.RenewAt = renewAt(details.Made, entry.NotBefore, entry.NotAfter, now)
	case CertificateIssued:
		entry.RenewAt = renewAt(details.Made, entry.NotBefore, entry.NotAfter, now)
		entry.CA, entry.IssuedChain, entry.LeadsTo = verdict.CA, verdict.Chain, verdict.LeadsTo
		entry.Leaf = strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: verdict.Leaf.Raw})))
		if !entry.Foreign {
			entry.Chain, entry.ReadChain = verdict.ChainPEM, verdict.ReadPEM
		}
	}
	return entry
}

// ours reports whether a request is for one DNS name or for IP addresses, like the requests that
// this charm makes.
func ours(details tlscertificates.Details) bool {
	if len(details.IPAddresses) > 0 {
		return len(details.DNSNames) == 0
	}
	return len(details.DNSNames) == 1
}

// hostsOf returns the names that a request asks for, sorted as text, each once.
func hostsOf(details tlscertificates.Details) []string {
	hosts := slices.Clone(details.DNSNames)
	for _, address := range details.IPAddresses {
		hosts = append(hosts, addressText(address))
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func addressText(address net.IP) string {
	parsed, ok := netip.AddrFromSlice(address)
	if !ok {
		return address.String()
	}
	return parsed.Unmap().String()
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

// renewAt returns when nine tenths of a certificate's life are over, as in the Python library. Its
// life counts from its request, since providers backdate: a certificate that arrives with most of
// its time already past would otherwise be requested again and again. For the same reason it
// returns never, the zero time, for a certificate that had expired before it was requested. Made is
// zero if unknown. A time in the future (the clock was ahead then) is ignored, or the certificate
// would never come due.
func renewAt(made, notBefore, notAfter, now time.Time) time.Time {
	start := notBefore
	if made.After(start) && !made.After(now) {
		start = made
	}
	if !start.Before(notAfter) {
		return time.Time{}
	}
	return start.Add(notAfter.Sub(start) / 10 * 9)
}
