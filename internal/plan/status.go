package plan

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Kind is a workload status of Juju.
type Kind string

// The workload statuses that the charm sets.
const (
	Active  Kind = "active"  // all is served as asked
	Waiting Kind = "waiting" // another party will act
	Blocked Kind = "blocked" // the operator must act
)

// status climbs the ladder; the first rung that has something to say wins. The
// order is that of causes: what stands further down often follows from what
// stands above. What is the trouble of some applications, and not of all, waits until
// nothing else is wrong. The remarks are for the log: troubles that the status only counts.
func (d *decision) status() (_ Status, remarks []string) {
	if d.config != nil {
		return *d.config, nil
	}
	if !d.Cluster.Usable() {
		return clusterStatus(d.State), nil
	}
	if status := d.refusedStatus(); status != nil {
		return *status, nil
	}
	if status := foreignStatus(d.State); status != nil {
		return *status, nil
	}
	if d.classStatus != nil && d.classStatus.Kind == Blocked {
		return *d.classStatus, nil
	}
	var some []*finding
	for _, rung := range ladder() {
		var said *Status
		if rung.many == nil {
			said = rung.one(d)
		} else {
			everybodys, rest := split(rung.many(d))
			some = append(some, rest...)
			said = worst(everybodys).status()
		}
		if said != nil {
			return *said, nil
		}
	}
	return d.someStatus(some)
}

// A rung looks for one thing that is wrong, or for many, of everybody and of some.
type rung struct {
	one  func(*decision) *Status
	many findingsOf
}

// ladder has the rungs for a cluster that can be used, those further up first. What the operator
// can do now comes before what he has to wait for.
func ladder() []rung {
	return []rung{
		{one: func(d *decision) *Status { return d.unrelated }},
		{many: (*decision).foreignFindings},
		{one: func(d *decision) *Status { return d.classStatus }},
		{one: (*decision).gatewayStatus},
		{many: (*decision).listenerFindings},
		{one: func(d *decision) *Status { return listenersNotValid(d.State) }},
		{many: (*decision).certificateFindings},
		{one: (*decision).addressStatus},
		{one: (*decision).requirerStatus},
		{many: (*decision).backendFindings},
		{many: (*decision).routeFindings},
		{many: (*decision).protocolFindings},
		{many: (*decision).dnsFindings},
	}
}

// findingsOf look for what is wrong on one rung, of everybody and of some.
type findingsOf func(*decision) []*finding

func clusterStatus(s state.State) Status {
	if s.Cluster.WithoutGatewayAPI {
		return blocked(trouble{what: "Gateway API resources are not installed in the cluster", cure: "try `k8s enable gateway`, or install its CRDs"})
	}
	return notPermitted(s)
}

func notPermitted(s state.State) Status {
	return blocked(trouble{what: "Insufficient permissions", joint: ", try: ", cure: trustCommand(s)})
}

// trustCommand is the command that gives the charm its permissions.
func trustCommand(s state.State) string { return "`juju trust " + s.Application + " --scope=cluster`" }

// requirerStatus speaks when nothing can be served to anybody. As long as some
// application is served, those that are not are named in the active status.
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
	if len(d.silent) > 0 {
		if first := d.silent[0]; first.reason != "" {
			return statusOf(waitingFor("Waiting for "+first.iface+" relation data from "+first.application, first.reason))
		}
		return statusOf(waiting("Waiting for " + d.silent[0].iface + " relation data from " + d.silentNames(d.silent[0].iface)))
	}
	return nil
}

// correctThere is the cure of what an application says of itself.
const correctThere = "correct it there"

// activeStatus says where the applications are reached and, if it has anything to tell, who
// of them is left out.
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
	all := addresses(d.Cluster.Gateway)
	if left.what == "" {
		return active(lead + someOf(all, maxMessage-length(lead+rest)) + rest)
	}
	// Who is left out, and what to do about it, must not be crowded out by what is well.
	whole := lead + strings.Join(all, ", ") + rest + "; " + left.clean().text()
	for _, begin := range []string{lead + strings.Join(all, ", ") + rest, lead + someOf(all, 0) + rest, lead + someOf(all, 0)} {
		for _, one := range []trouble{left.clean(), left.clean().short()} {
			if text := begin + "; " + one.text(); length(text) <= maxMessage {
				return statusSaying(Active, text, whole)
			}
		}
	}
	return statusSaying(Active, left.status(Active).Message, whole)
}

// counts tells how many applications are served, of which so many are not after all.
func (r routing) counts(not int) string {
	planned := len(r.targets) + len(r.routes)
	return fmt.Sprintf("%d of %d applications served", planned-not, planned+len(r.omitted)+len(r.silent))
}

// others tells of those that are served while so many wait; empty when there are none.
func (r routing) others(waiting int) string {
	switch {
	case waiting >= len(r.targets)+len(r.routes):
		return ""
	case waiting == 0 && len(r.omitted)+len(r.silent) == 0:
		return "all applications served"
	default:
		return r.counts(waiting)
	}
}

// someOf lists as many as there is room for, the first at least, and counts the others.
func someOf(all []string, room int) string {
	for n := len(all); n > 1; n-- {
		text := strings.Join(all[:n], ", ")
		if n < len(all) {
			text += fmt.Sprintf(" and %d more", len(all)-n)
		}
		if length(text) <= room {
			return text
		}
	}
	if len(all) > 1 {
		return fmt.Sprintf("%s and %d more", all[0], len(all)-1)
	}
	return strings.Join(all, ", ")
}

// silentNames are the applications that have not written anything yet, over one interface or,
// without its name, over any.
func (r routing) silentNames(iface string) string {
	var names []string
	for _, one := range r.silent {
		if one.reason == "" && (iface == "" || one.iface == iface) {
			names = append(names, one.application)
		}
	}
	return strings.Join(names, ", ")
}
