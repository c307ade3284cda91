package plan

import (
	"cmp"
	"fmt"
	"strings"

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
// stands above.
func status(s state.State, set settings, routing routing) Status {
	if set.config != nil {
		return *set.config
	}
	if !s.Cluster.Usable() {
		return clusterStatus(s)
	}
	if status := refusedStatus(s, routing); status != nil {
		return *status
	}
	if status := foreignStatus(s, set); status != nil {
		return *status
	}
	if set.classStatus != nil && set.classStatus.Kind == Blocked {
		return *set.classStatus
	}
	rungs := []func() *Status{
		// What the operator can do now comes before what he has to wait for.
		func() *Status { return set.unrelated },
		func() *Status { return set.classStatus },
		func() *Status { return gatewayStatus(s, set) },
		func() *Status { return listenerStatus(s, set) },
		func() *Status { return listenersNotValid(s) },
		func() *Status { return certificateStatus(s, set) },
		func() *Status { return addressStatus(s, set) },
		func() *Status { return requirerStatus(routing) },
		func() *Status { return backendStatus(s, set, routing) },
		func() *Status { return routeStatus(s, set, routing) },
		func() *Status { return dnsStatus(s, set, routing) },
	}
	for _, rung := range rungs {
		if status := rung(); status != nil {
			return *status
		}
	}
	return activeStatus(s, set, routing)
}

func clusterStatus(s state.State) Status {
	if s.Cluster.WithoutGatewayAPI {
		return blocked(trouble{what: "Gateway API resources are not installed in the cluster", cure: "try `k8s enable gateway`, or install its CRDs"})
	}
	return notPermitted(s)
}

func notPermitted(s state.State) Status {
	return blocked(trouble{what: "Insufficient permissions, try: " + trustCommand(s)})
}

// trustCommand is the command that gives the charm its permissions.
func trustCommand(s state.State) string { return "`juju trust " + s.Application + " --scope=cluster`" }

// requirerStatus speaks when nothing can be served to anybody. As long as some
// application is served, those that are not are named in the active status.
func requirerStatus(routing routing) *Status {
	if len(routing.targets)+len(routing.routes) > 0 {
		return nil
	}
	if len(routing.omitted) > 0 {
		first := routing.omitted[0]
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
	if len(routing.silent) > 0 {
		if first := routing.silent[0]; first.reason != "" {
			return statusOf(waitingFor("Waiting for "+first.iface+" relation data from "+first.application, first.reason))
		}
		return statusOf(waiting("Waiting for " + routing.silent[0].iface + " relation data from " + routing.silentNames(routing.silent[0].iface)))
	}
	return nil
}

// correctThere is the cure of what an application says of itself.
const correctThere = "correct it there"

func activeStatus(s state.State, set settings, routing routing) Status {
	const lead = "Gateway addresses: "
	var rest string
	if !set.enforce {
		rest += " (enforce-https is set to false)"
	}
	if withoutRecords(s, set) {
		rest += "; no DNS records, which take IP addresses only"
	}
	if renewal := renewing(s, set); renewal != "" {
		rest += "; " + renewal
	} else if chain := chainRemark(s, set); chain != "" {
		rest += "; " + chain
	}
	all := addresses(s.Cluster.Gateway)
	left := routing.leftOut()
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

// leftOut tells how many applications are served when that is not all, what is the
// matter with the first of the others, and what to do about it; then what the first of those
// that are served does not get. Nothing when all have what they ask for.
func (r routing) leftOut() trouble {
	counts := r.counts(0)
	switch {
	case len(r.omitted) > 0 && r.omitted[0].unit != "":
		return r.omitted[0].trouble(counts)
	case len(r.omitted) > 0:
		first := r.omitted[0]
		return trouble{what: counts + "; " + first.application, why: first.reason, cure: first.cure}
	case len(r.strayed) > 0:
		return r.strayed[0].trouble(counts)
	case len(r.short) > 0:
		return r.short[0]
	case len(r.silent) > 0 && r.silent[0].reason != "":
		return trouble{what: counts + "; " + r.silent[0].application, why: r.silent[0].reason}
	case len(r.silent) > 0:
		return trouble{what: counts + "; no data yet from " + r.silentNames("")}
	default:
		return trouble{}
	}
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
