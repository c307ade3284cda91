package plan

import (
	"slices"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A CertificateRow is what there is to know about one host's certificate.
type CertificateRow struct {
	// Host is a DNS name, or the IP addresses of a Gateway without one, joined by
	// commas.
	Host string
	// Issuer and NotAfter are those of the certificate that is served or, when
	// none is, of the one that cannot be; empty for none.
	Issuer   string
	NotAfter time.Time
	// State says in words what has become of it: "served", "issued" when it is not
	// in the cluster yet, "pending", …
	State string
}

// Certificates lists the hosts that the state asks for, or still has to serve, with
// their certificates. It is empty without a certificates relation.
func Certificates(s state.State) []CertificateRow {
	if !s.Certificates.Related {
		return nil
	}
	d := decide(s)
	var rows []CertificateRow
	for _, h := range d.hosts {
		if h.newest != nil || h.secure() || len(h.names) > 0 {
			rows = append(rows, h.row(howFar(d.State, h)))
		}
	}
	return rows
}

// howFar says in a word how far the certificate has come that the host is to be served
// with: the cluster need not be as it has to be, or not be there to be read.
func howFar(s state.State, h host) string {
	inSecret := slices.ContainsFunc(s.Cluster.Served, func(served state.Served) bool {
		return served.Secret == h.secret && served.Chain == h.chain
	})
	if inSecret && s.Cluster.Gateway != nil && slices.ContainsFunc(s.Cluster.Gateway.Spec.Listeners, func(l gatewayv1.Listener) bool {
		return string(l.Name) == newListener(s, h.name, true).name
	}) {
		return "served"
	}
	return "issued"
}

// row describes the host; served is what a good certificate is called.
func (h host) row(served string) CertificateRow {
	row := CertificateRow{Host: h.title(), State: "not requested yet"}
	if !h.until.IsZero() {
		row.State = "not requested before " + day(h.until) + ", for want of certificates-per-hour"
	}
	if h.newest != nil {
		row.State = inWords(*h.newest)
		row.Issuer, row.NotAfter = h.newest.Issuer, h.newest.NotAfter
	}
	next := row.State
	switch {
	case h.issued != nil && h.issued == h.newest:
		row.State = served
		if h.issued.LeadsTo != "" {
			row.State += "; its chain leads to " + h.issued.LeadsTo + ", not to the CA"
		}
	case h.issued != nil:
		row.Issuer, row.NotAfter, row.State = h.issued.Issuer, h.issued.NotAfter, served+"; the next one: "+next
	case h.live != nil:
		row.Issuer, row.NotAfter, row.State = h.live.Issuer, h.live.NotAfter, served+"; the next one: "+next
	}
	return row
}

// inWords says what has become of a request that is not served.
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
