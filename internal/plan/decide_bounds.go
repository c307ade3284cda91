package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Limits for one application. Any related application, of whatever model, names as many hosts as it
// likes, and other hosts in the next hook. But a Gateway has few listeners, and certificate
// authorities count requests. So a relation on gateway-route has a limited number of hosts (one on
// ingress has one host, or one path), and an application causes a limited number of first requests
// in an hour. There is no limit on what is already served, on renewals, or on requests that follow
// from an action of the operator: an application cannot cause these.

// boundOf returns how many hosts a relation may have.
func boundOf(s observed) int {
	return cmp.Or(s.Config.HostsPerRelation, state.DefaultHostsPerRelation)
}

// maxRemark limits a list in the log, in characters.
const maxRemark = 1000

// startAllowance begins the allowance for the next hook. It copies the hosts that each relation had;
// for relations that this run judges, keepHad replaces them.
func (d *decision) startAllowance() {
	d.allowance = d.Allowance.Within(d.Now)
	d.allowance.Had = map[int][]string{}
	for _, requirer := range d.RouteRequirers {
		if had, ok := d.Allowance.Had[requirer.RelationID]; ok {
			d.allowance.Had[requirer.RelationID] = had
		}
	}
	if d.Cluster.Usable() {
		d.allowance.Bound = boundOf(d.observed)
	}
}

// keepHad keeps for the next hook which hosts the applications have that are served.
func (d *decision) keepHad() {
	for _, t := range d.routes {
		d.allowance.Had[t.RelationID] = t.hosts
	}
}

// bound returns those of the hosts that the application may have, and reports the others as left
// out.
func (d *decision) bound(requirer state.RouteRequirer, hosts []string) []string {
	delete(d.allowance.Had, requirer.RelationID)
	allowed := withinBound(d.observed, requirer, hosts)
	if left := without(hosts, allowed); len(left) > 0 {
		d.leaveHosts(requirer, len(hosts), left)
	}
	return allowed
}

// withinBound returns those of the hosts that the application of a relation may have: first the
// Gateway's addresses and the hosts that it had; then, while there is room, hosts
// that have listeners; then the others in its order. If it is unknown which hosts it had, for
// example to a unit that has just become the leader, these are the hosts to which its namespace may
// attach routes; what other namespaces may attach does not count.
func withinBound(s observed, requirer state.RouteRequirer, hosts []string) []string {
	most, had := boundOf(s), s.Allowance.Had[requirer.RelationID]
	if s.Allowance.Bound != most && s.Cluster.Usable() {
		had = slices.Concat(had, hadBefore(s, requirer)) // Somebody may have deleted the Gateway.
	}
	if len(hosts) <= most {
		return hosts
	}
	has := map[string]bool{}
	for _, host := range hosts {
		if host == "" || slices.Contains(had, host) {
			has[host] = true
		}
	}
	for _, among := range [][]string{liveHosts(s), hosts} {
		for _, host := range hosts {
			if len(has) < most && slices.Contains(among, host) {
				has[host] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(hosts), func(host string) bool { return !has[host] })
}

// hadBefore returns the hosts at which an application may have been served: those with listeners
// that accept routes of its namespace.
func hadBefore(s observed, requirer state.RouteRequirer) []string {
	if s.Cluster.Gateway == nil || !requirer.Told {
		return nil
	}
	var all []string
	for _, listener := range s.Cluster.Gateway.Spec.Listeners {
		if allowed := listener.AllowedRoutes; allowed != nil && admits(s, *allowed, requirer.Namespace) {
			all = append(all, hostOf(listener))
		}
	}
	return all
}

// liveHosts returns the hosts of the live Gateway's listeners or, if somebody has deleted the
// Gateway, the hosts for which certificates are requested.
func liveHosts(s observed) []string {
	var all []string
	if s.Cluster.Gateway == nil {
		for _, entry := range s.Certificates.Entries {
			all = append(all, entry.Hosts...)
		}
		return all
	}
	for _, listener := range s.Cluster.Gateway.Spec.Listeners {
		all = append(all, hostOf(listener))
	}
	return all
}

func (d *decision) leaveHosts(requirer state.RouteRequirer, asked int, left []string) {
	cure := configure(d.observed, state.OptionHostsPerRelation, fmt.Sprint(min(asked, maxHosts)))
	what := fmt.Sprintf("%s: %d of %d hosts left out", requirer.Application, len(left), asked)
	d.shortfalls = append(d.shortfalls, shortfall{requirer.Application, trouble{what: what, why: someOf(left, 0), cure: cure}})
	d.remark(requirer.Application, requirer.RelationID, fmt.Sprintf("hosts left out, since a relation may have %d: %s; %s",
		boundOf(d.observed), someOf(left, maxRemark), cure))
}

// leaveNewHosts leaves out hosts that an application cannot have in addition to those that it has.
func (r *routing) leaveNewHosts(requirer state.RouteRequirer, hosts, allowed []string, reason string) {
	left := without(hosts, allowed)
	what := fmt.Sprintf("%s: %d of %d hosts left out", requirer.Application, len(left), len(hosts))
	r.shortfalls = append(r.shortfalls, shortfall{requirer.Application, trouble{what: what, why: reason}})
	r.remark(requirer.Application, requirer.RelationID, fmt.Sprintf("hosts left out: %s; %s", someOf(left, maxRemark), reason))
}

// without returns those of the hosts that are not among the others.
func without(hosts, others []string) []string {
	return slices.DeleteFunc(slices.Clone(hosts), func(host string) bool { return slices.Contains(others, host) })
}
