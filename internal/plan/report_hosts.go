package plan

import (
	"slices"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A Host is what is known about one host that somebody asks for, or that is still served.
type Host struct {
	// Host is a DNS name, or the IP addresses of a Gateway without one, joined by commas.
	Host string `json:"host"`
	// HTTPS says that the host is served with a certificate now.
	HTTPS bool `json:"https"`
	// Issuer and NotAfter are those of the certificate that is served or, if none is, of the one
	// that cannot be served; empty for none.
	Issuer   string    `json:"issuer,omitempty"`
	NotAfter time.Time `json:"notAfter,omitzero"`
	// RenewAt is when its next certificate is requested; zero while none is issued.
	RenewAt time.Time `json:"renewAt,omitzero"`
	// Request is the state of the newest request for a certificate; empty for none.
	Request state.CertificateState `json:"request,omitempty"`
	// Certificate says in words how far the certificate has come: "served", "issued" if it is not
	// in the cluster yet, "pending", …; empty without a certificates relation.
	Certificate string `json:"certificate,omitempty"`
}

// hostReports reports on the hosts, the wanted ones first.
func (d *decision) hostReports() []Host {
	var all []Host
	for _, h := range d.hosts {
		one := Host{Host: h.title()}
		if d.Certificates.Related && (h.newest != nil || h.secure() || len(h.names) > 0) {
			one = h.report(d.certificateProgress(h))
		}
		one.HTTPS = h.secure() && d.certificateProgress(h) == progressServed
		all = append(all, one)
	}
	return all
}

// progressServed is the word for a certificate that the cluster serves.
const progressServed = "served"

// certificateProgress returns a word for how far the host's good certificate has come. The cluster
// may not be as planned yet, or not be readable.
func (d *decision) certificateProgress(h host) string {
	inSecret := slices.ContainsFunc(d.Cluster.Served, func(served state.Served) bool {
		return served.Secret == h.secret && served.Chain == h.chain
	})
	if inSecret && hasListener(d.observed, newListener(d.observed, h.name, true).name) {
		return progressServed
	}
	return "issued"
}

// report describes the host; served is the word for a good certificate.
func (h host) report(served string) Host {
	one := Host{Host: h.title(), Certificate: "not requested yet"}
	if !h.requestAt.IsZero() {
		one.Certificate = "not requested before " + day(h.requestAt) + ", for want of certificates-per-hour"
	}
	if h.newest != nil {
		one.Certificate = inWords(*h.newest)
		one.Issuer, one.NotAfter, one.Request = h.newest.Issuer, h.newest.NotAfter, h.newest.State
	}
	if h.issued != nil {
		one.RenewAt = h.issued.RenewAt
	}
	next := one.Certificate
	switch {
	case h.issued != nil && h.issued == h.newest:
		one.Certificate = served
		if h.issued.LeadsTo != "" {
			one.Certificate += "; its chain leads to " + h.issued.LeadsTo + ", not to the CA"
		}
	case h.issued != nil:
		one.Issuer, one.NotAfter, one.Certificate = h.issued.Issuer, h.issued.NotAfter, served+"; the next one: "+next
	case h.live != nil:
		one.Issuer, one.NotAfter, one.Certificate = h.live.Issuer, h.live.NotAfter, served+"; the next one: "+next
	}
	return one
}

// inWords describes a request whose certificate is not served.
func inWords(request state.Certificate) string {
	switch request.State {
	case state.CertificateDenied, state.CertificateDelayed, state.CertificateEarly:
		return request.Reason
	case state.CertificateUnusable:
		return "unusable: " + request.Reason
	default:
		return string(request.State) // The other columns tell the rest.
	}
}
