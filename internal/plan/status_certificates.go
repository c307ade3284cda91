package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// certificateFindings reports the wanted hosts that lack a certificate, or their next one.
func (d *decision) certificateFindings() []*finding {
	if !d.Certificates.Related {
		return nil
	}
	var found []*finding
	var postponed []host // Hosts whose request is postponed; they are reported with their application.
	wanted, secure := 0, 0
	for _, h := range d.hosts {
		if !h.wanted {
			continue
		}
		wanted++
		if !h.requestAt.IsZero() {
			postponed = append(postponed, h)
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
	if len(postponed) == wanted && wanted > 0 {
		found = append(found, allPostponed(d.observed, postponed))
	}
	return besides(found, well)
}

// finding returns what is wrong with the host's certificate; nil for nothing.
func (h host) finding(now time.Time, provider string) *finding {
	const issuing = "Waiting for TLS certificates to be issued."
	switch {
	case h.newest == nil && len(h.names) == 0:
		return nil // There is no address yet; another rung reports that.
	case h.newest == nil: // The request is being made.
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
			return nil // The renewal is pending; see renewing.
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

// servedUntil returns when the certificate ends that is served instead of the one that the newest
// request has not brought yet; zero for none.
func (c *certificate) servedUntil() time.Time {
	switch {
	case c.issued != nil:
		return c.issued.NotAfter
	case c.live != nil:
		return c.live.NotAfter
	}
	return time.Time{}
}

// renewing names the first host whose renewal is pending, and says until when its present
// certificate is valid; empty for none.
func (d *decision) renewing() string {
	for _, h := range d.hosts {
		if h.wanted && h.issued != nil && (h.newest != h.issued || h.asks(d.observed)) {
			return "renewing the certificate for " + h.title() + ", good until " + day(h.issued.NotAfter)
		}
	}
	return ""
}

// chainRemark names the first host whose chain not every client can verify: it does not lead to the
// CA that the provider names, or is not sent as a whole. It is empty for none.
func (d *decision) chainRemark() string {
	for _, h := range d.hosts {
		switch {
		case !h.wanted || h.issued == nil:
		case h.issued.LeadsTo != "":
			return "the chain for " + h.title() + " leads to " + h.issued.LeadsTo + ", not to the CA"
		case h.chain != "" && h.chain != h.issued.Chain:
			return "the chain for " + h.title() + " is sent without what " + controller.Name(d.class.controller()) + " refuses"
		}
	}
	return ""
}

// allPostponed returns what to report if no host is served and no request has been made.
func allPostponed(s observed, postponed []host) *finding {
	until := postponed[0].requestAt
	var names []string
	for _, h := range postponed {
		names = append(names, h.title())
		if h.requestAt.Before(until) {
			until = h.requestAt
		}
	}
	found := waits("No new certificates before "+until.Format("15:04 MST"), someOf(names, 0))
	found.cure = configure(s, state.OptionCertificatesPerHour, fmt.Sprint(mostRequests(s)+len(postponed)))
	return found
}
