package plan

import (
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// newHost returns a host with what it can be served with: the certificate that answers its request
// or, until there is one, the content of its Secret. A revoked certificate is not served any more,
// and neither is one from a relation that has ended.
func newHost(s observed, name string) host {
	h := host{name: name, certificate: &certificate{names: []string{name}, secret: secretOf(s, name)}}
	if name == "" {
		h.names = addressNames(s)
	}
	if !s.Certificates.Related {
		return h
	}
	for i, entry := range s.Certificates.Entries {
		if !h.asksFor(entry) {
			continue
		}
		h.newest = &s.Certificates.Entries[i]
		if entry.State == state.CertificateIssued {
			h.issued = h.newest
		}
	}
	if h.issued != nil && h.secret == "" {
		return h // Without a Secret it is as if there were no certificate.
	}
	if h.issued != nil {
		h.chain, h.key = chainFor(s, *h.issued), s.Certificates.Key
		return h
	}
	h.live = liveCertificate(s, name)
	if h.live != nil && h.newest != nil && h.newest.State == state.CertificateRevoked && !issuedAs(s, *h.live) {
		h.live = nil
	}
	if h.live != nil {
		h.chain, h.key = h.live.Chain, h.live.Key
	}
	return h
}

// asksFor reports whether a request is as this certificate needs it: made with the present key, for
// the present names.
func (c *certificate) asksFor(entry state.Certificate) bool {
	if entry.Foreign {
		return false
	}
	if len(c.names) > 0 {
		return slices.Equal(entry.Hosts, c.names)
	}
	// The Gateway has no address at the moment: the earlier request counts.
	return len(entry.Hosts) > 0 && !slices.ContainsFunc(entry.Hosts, isName)
}

// issuedAs reports whether some request is answered with a valid certificate that may be the served
// one.
func issuedAs(s observed, served state.Served) bool {
	return slices.ContainsFunc(s.Certificates.Entries, func(entry state.Certificate) bool {
		return entry.State == state.CertificateIssued && entry.KeyID == served.KeyID && slices.ContainsFunc(entry.Hosts, served.Covers)
	})
}

// liveCertificate returns the content of a host's Secret, under whatever name, if it may be served:
// it must have been requested on this very relation, with the key that it has.
func liveCertificate(s observed, name string) *state.Served {
	for _, secret := range secretNames(s, name) {
		served := s.Cluster.ServedIn(secret)
		if served == nil {
			continue
		}
		asked := func(host string) bool { return s.Certificates.Asked(host, served.KeyID) }
		covers := served.Covers(name) && asked(name)
		if name == "" {
			covers = slices.ContainsFunc(served.Hosts, asked)
		}
		if covers {
			return served
		}
	}
	return nil
}

// chainFor returns the chain to serve with a certificate: the whole chain, unless the controller
// would then serve nothing at all. Some clients cannot verify the shorter chain; with the whole
// one, no client could connect.
func chainFor(s observed, issued state.Certificate) string {
	if issued.ReadChain != "" && refusesUnread(s) {
		return issued.ReadChain
	}
	return issued.Chain
}

// asks reports whether to make a new request for the host: its first one with this key, or the next
// one, because the newest is issued and due for renewal, or has expired.
func (h host) asks(s observed) bool {
	switch {
	case len(h.names) == 0, h.isBeingReplaced(), !h.requestAt.IsZero():
		return false
	case h.newest == nil:
		return true
	case h.newest.State == state.CertificateIssued, h.newest.State == state.CertificateExpired:
		return h.newest.Due(s.Now)
	default:
		return false // It may still be answered.
	}
}

// isBeingReplaced reports whether the host is served over plain HTTP alone, and only until another
// host replaces it. Then no certificate is requested for it.
func (h host) isBeingReplaced() bool { return !h.wanted && !h.secure() }

// title returns what messages call the host: its name or, without one, the names in its
// certificate.
func (h host) title() string {
	switch {
	case h.name != "":
		return h.name
	case len(h.names) > 0:
		return strings.Join(h.names, ", ")
	case h.issued != nil:
		return strings.Join(h.issued.Hosts, ", ")
	case h.live != nil:
		return strings.Join(h.live.Hosts, ", ")
	case h.newest != nil:
		return strings.Join(h.newest.Hosts, ", ")
	}
	return "the Gateway's addresses"
}
