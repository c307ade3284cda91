package plan

import (
	"cmp"
	"strings"
)

// requirerStatus reports that no application can be served at all. While some application is
// served, the active status names those that are not.
func (d *decision) requirerStatus() *Status {
	if len(d.targets)+len(d.routes) > 0 {
		return nil
	}
	if len(d.omitted) > 0 {
		first := d.omitted[0]
		if first.other {
			return statusOf(blocked(trouble{what: first.application + strings.TrimPrefix(first.reason, "it"), cure: first.cure}))
		}
		if first.unit != "" {
			return statusOf(blocked(first.trouble("")))
		}
		what := "No application is served; "
		if first.iface == "ingress" {
			what = "Validation of ingress relation data failed. " // The Python charm's words.
		}
		return statusOf(blocked(trouble{
			what: what + first.application, why: first.reason,
			cure: cmp.Or(first.cure, correctThere),
		}))
	}
	if len(d.withoutData) > 0 {
		if first := d.withoutData[0]; first.reason != "" {
			return statusOf(waitingFor("Waiting for "+first.iface+" relation data from "+first.application, first.reason))
		}
		return statusOf(waiting("Waiting for " + d.withoutData[0].iface + " relation data from " + d.namesWithoutData(d.withoutData[0].iface)))
	}
	return nil
}
