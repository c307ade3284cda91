package plan

import (
	"slices"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Requests says which certificate signing requests are to be in our databag.
type Requests struct {
	// RelationID is the certificates relation.
	RelationID string `json:"relationID"`
	// Keep are the requests in the databag that stay, in PEM, in order.
	Keep []string `json:"keep,omitempty"`
	// Create are the names for each new request, DNS names or IP addresses. New requests come after
	// those kept.
	Create [][]string `json:"create,omitempty"`
}

// requests returns the certificate signing requests to have: for each host the one that it is
// served with and, during a renewal, a newer one. No request is dropped while the cluster cannot be
// read, because it is unknown then what the cluster serves.
func (d *decision) requests() *Requests {
	if !d.Certificates.Related || d.unsure {
		return nil
	}
	r := &Requests{RelationID: d.Certificates.RelationID}
	for _, served := range []bool{true, false} { // Renewals come first.
		for _, h := range d.certified() {
			if h.secure() == served && h.asks(d.observed) {
				r.Create = append(r.Create, h.names)
			}
		}
	}
	for i, entry := range d.Certificates.Entries {
		keeps := func(h host) bool { return h.keeps(d.observed, i) }
		if !d.Cluster.Usable() || slices.ContainsFunc(d.hosts, keeps) {
			r.Keep = append(r.Keep, entry.Request)
		}
	}
	return r
}

// keeps reports whether the host needs the i-th request.
//
//	when one is issued      that one and what is newer; nothing older, nothing foreign
//	until then, of its own
//	  pending, denied, delayed   yes: it may be answered yet
//	  revoked, early             yes: it may be issued again, or become valid
//	  expired, unusable          the newest, until the next is requested
//	until then, with another key or for other addresses
//	  issued                     yes: it may be what is served, and only while it is
//	                             requested does the provider say that it is revoked
//	  unanswered                 only what is served, as far as can be told
func (h host) keeps(s observed, i int) bool {
	entry := &s.Certificates.Entries[i]
	if h.isBeingReplaced() {
		return false
	}
	if !h.asksFor(*entry) {
		return h.issued == nil && (entry.State == state.CertificateIssued && h.mayBeServedBy(*entry) || i == h.answeredBy(s))
	}
	if h.issued != nil {
		return i >= indexOf(s.Certificates.Entries, h.issued)
	}
	switch entry.State {
	case state.CertificateExpired:
		return entry == h.newest && !h.asks(s)
	case state.CertificateUnusable:
		return entry == h.newest
	case state.CertificatePending, state.CertificateDenied, state.CertificateDelayed:
		// A provider that issues no certificates for addresses may say so only after a request.
		refused := len(h.names) == 0 && s.Certificates.NoAddresses
		return !refused || i == h.answeredBy(s)
	default:
		return true
	}
}

// mayBeServedBy reports whether the host can be served with a certificate that does not quite fit:
// one of an earlier key, or of earlier addresses.
func (h host) mayBeServedBy(entry state.Certificate) bool {
	if h.name != "" {
		return slices.Contains(entry.Hosts, h.name)
	}
	return h.live != nil && slices.ContainsFunc(entry.Hosts, h.live.Covers)
}

// answeredBy guesses which request the certificate in the Secret answers, while the provider's data
// do not tell (perhaps they cannot be read): the oldest request with its key that may have been
// issued. It is -1 for none.
func (c *certificate) answeredBy(s observed) int {
	if c.live == nil {
		return -1
	}
	return slices.IndexFunc(s.Certificates.Entries, func(entry state.Certificate) bool {
		switch entry.State {
		case state.CertificateIssued, state.CertificatePending, state.CertificateDenied, state.CertificateDelayed:
			return entry.KeyID == c.live.KeyID && slices.ContainsFunc(entry.Hosts, c.live.Covers)
		default:
			return false
		}
	})
}

func indexOf(entries []state.Certificate, entry *state.Certificate) int {
	return slices.IndexFunc(entries, func(e state.Certificate) bool { return e.Request == entry.Request })
}

// wakeAt returns when a certificate is next to be renewed, becomes valid, or expires without a next
// one; zero for never.
func (d *decision) wakeAt() time.Time {
	var first time.Time
	for _, h := range d.certified() {
		for _, at := range h.renewalTimes(d.Now) {
			if at.After(d.Now) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// renewalTimes returns the times at which something is to be done about a host's certificate.
func (c *certificate) renewalTimes(now time.Time) []time.Time {
	var all []time.Time
	if c.newest != nil {
		all = append(all, c.newest.RenewAt)
		if c.newest.State == state.CertificateEarly {
			all = append(all, c.newest.NotBefore)
		}
	}
	switch {
	case c.issued != nil && (c.issued != c.newest || c.issued.Due(now)):
		all = append(all, c.issued.NotAfter)
	case c.live != nil:
		all = append(all, c.live.NotAfter)
	}
	return all
}

// caRequests returns the relations on receive-ca-cert in which we have to write our version.
func caRequests(s observed) []int {
	var all []int
	for _, provider := range caProvidersByAge(s) {
		all = append(all, provider.RelationID)
	}
	return all
}
