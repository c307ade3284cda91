package plan

import (
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// activeStatus says where clients reach the applications and, if there is any trouble, which
// application is left out.
func (d *decision) activeStatus(left trouble) Status {
	const lead = "Gateway addresses: "
	var rest string
	if !d.Config.EnforceHTTPS {
		rest += " (enforce-https is set to false)"
	}
	if d.withoutRecords() {
		rest += "; no DNS records, which take IP addresses only"
	}
	if renewal := d.renewing(); renewal != "" {
		rest += "; " + renewal
	} else if chain := d.chainRemark(); chain != "" {
		rest += "; " + chain
	}
	rest = pyjson.Commandless(rest)
	all := d.addresses
	if left.what == "" {
		return active(lead + someOf(all, maxMessage-length(lead+rest)) + rest)
	}
	// What works must not leave too little room for who is left out, and what to do about it.
	whole := lead + strings.Join(all, ", ") + rest + "; " + left.clean().text()
	for _, begin := range []string{lead + strings.Join(all, ", ") + rest, lead + someOf(all, 0) + rest, lead + someOf(all, 0)} {
		for _, one := range []trouble{left.clean(), left.clean().short()} {
			if text := begin + "; " + one.text(); length(text) <= maxMessage {
				return statusWithWhole(Active, text, whole)
			}
		}
	}
	return statusWithWhole(Active, left.status(Active).Message, whole)
}

// headersRemark returns a line for the log if responses are left as they are; empty if they are
// not.
func (d *decision) headersRemark() string {
	shares := func(t target) bool {
		return slices.ContainsFunc(t.rules, func(r rule) bool {
			h := d.host(r.host)
			return h != nil && h.isShared(r.path)
		})
	}
	if d.Config.EnforceHTTPS || d.class.name == "" || d.class.canChangeAnswers() || !slices.ContainsFunc(d.targets, shares) {
		return ""
	}
	return "gateway class " + state.Quote(d.class.name) + " is not known to change the headers of answers: " +
		strings.Join([]string{headerHSTS, headerWorkers, headerReports, headerReceivers}, ", ") + " and " + headerElsewhere + " of one application reach the host of all"
}
