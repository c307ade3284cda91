package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// certificateFindings speak of the wanted hosts that want for a certificate, or for
// the next one.
func (d *decision) certificateFindings() []*finding {
	if !d.Certificates.Related {
		return nil
	}
	var found []*finding
	var late []host // What waits for its request is told of with its application.
	wanted, secure := 0, 0
	for _, h := range d.hosts {
		if !h.wanted {
			continue
		}
		wanted++
		if !h.until.IsZero() {
			late = append(late, h)
			continue
		}
		if h.secure() {
			secure++
		}
		if finding := h.finding(d.Now, d.Certificates.Provider); finding != nil {
			finding.whose, finding.unserved = d.ownersOf(h.name), d.Config.EnforceHTTPS && !h.secure()
			found = append(found, finding)
		}
	}
	well := ""
	if secure > 0 && wanted > 1 {
		well = fmt.Sprintf("%d of %d hosts served over HTTPS", secure, wanted)
	}
	if len(late) == wanted && wanted > 0 {
		found = append(found, allLate(d.State, late))
	}
	return besides(found, well)
}

// finding is what is wrong with the host's certificate; nil for nothing.
func (h host) finding(now time.Time, provider string) *finding {
	const issuing = "Waiting for TLS certificates to be issued."
	switch {
	case h.newest == nil && len(h.names) == 0:
		return nil // There is no address yet, of which another rung speaks.
	case h.newest == nil: // It is being made.
		return waits(issuing, "")
	}
	about := h.title()
	switch until := h.servedUntil(); {
	case until.IsZero():
	case until.Before(now):
		about += " (served past the end of its chain)"
	default:
		about += " (served until " + day(until) + ")"
	}
	why := h.newest.Reason
	switch h.newest.State {
	case state.CertificateIssued:
		return nil
	case state.CertificatePending, state.CertificateEarly:
		if h.issued != nil {
			return nil // The renewal is on its way; see renewing.
		}
		if h.newest.State == state.CertificatePending {
			return waits(issuing, "")
		}
		return waits("Waiting for a certificate for "+about, why)
	case state.CertificateDenied:
		return blocks(trouble{what: "Certificate for " + about, why: why, cure: "allow it at the provider"})
	case state.CertificateUnusable:
		return blocks(trouble{what: "Certificate for " + about, why: why, cure: "correct the provider"})
	default:
		found := waits("Waiting for a certificate for "+about, why)
		if h.newest.State == state.CertificateDelayed && provider != "" {
			found.why = strings.Replace(why, "the provider", provider, 1)
			if h.servedUntil().IsZero() {
				found.cure = "see `juju status " + provider + "`"
			}
		}
		return found
	}
}

// servedUntil is the end of the certificate that is served in place of the one which
// the newest request has not brought; zero for none.
func (h host) servedUntil() time.Time {
	switch {
	case h.issued != nil:
		return h.issued.NotAfter
	case h.live != nil:
		return h.live.NotAfter
	}
	return time.Time{}
}

// renewing names the first host whose next certificate is on its way, and until when
// it is served with the present one; empty for none.
func (d *decision) renewing() string {
	for _, h := range d.hosts {
		if h.wanted && h.issued != nil && (h.newest != h.issued || h.asks(d.State)) {
			return "renewing the certificate for " + h.title() + ", good until " + day(h.issued.NotAfter)
		}
	}
	return ""
}

func day(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }

// title is what the host is called: its name or, without one, the names that its
// certificate is for.
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
		return string(l.Name) == httpsListenerName(s, h.name)
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
