package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// What one application may have. Whoever is related, from whatever model, names as many hosts
// as it likes, and others in the next hook; but a Gateway has few listeners, and certificate
// authorities count requests. So a relation on gateway-route has so many hosts and no more
// (one on ingress has one, or a path), and an application causes so many first requests in
// an hour. What is served, renewed, or asked for anew because of what the operator does is not
// bound: that is nothing an application could bring about.

// boundOf is how many hosts a relation may have.
func boundOf(s observed) int {
	return cmp.Or(s.Config.HostsPerRelation, state.DefaultHostsPerRelation)
}

// startAllowance begins what is left to the next hook: of hosts beyond the bound all that is
// not judged in this one.
func (d *decision) startAllowance() {
	d.allowance = d.Allowance.Within(d.Now)
	d.allowance.Over = map[int][]string{}
	for _, requirer := range d.RouteRequirers {
		if over, ok := d.Allowance.Over[requirer.RelationID]; ok {
			d.allowance.Over[requirer.RelationID] = over
		}
	}
	if d.Cluster.Usable() {
		d.allowance.Bound = boundOf(d.observed)
	}
}

// bound returns those of the hosts that the application may have. The rest is left out by
// name.
func (d *decision) bound(requirer state.RouteRequirer, hosts []string) []string {
	delete(d.allowance.Over, requirer.RelationID)
	allowed := withinBound(d.observed, requirer, hosts)
	if len(allowed) > boundOf(d.observed) {
		d.allowance.Over[requirer.RelationID] = allowed
	}
	if left := without(hosts, allowed); len(left) > 0 {
		d.leaveHosts(requirer, len(hosts), left)
	}
	return allowed
}

// withinBound returns those of the hosts that the application of a relation may have: what it
// had before the bound and the Gateway's addresses, then what has listeners, then the others
// in its order, while there is room. Where it is not known what it had, as by a unit that has
// just come to lead, that is what its namespace may attach routes to, and nobody else's.
func withinBound(s observed, requirer state.RouteRequirer, hosts []string) []string {
	most, over := boundOf(s), s.Allowance.Over[requirer.RelationID]
	if s.Allowance.Bound != most && s.Cluster.Usable() {
		over = hadBefore(s, requirer)
	}
	if len(hosts) <= most {
		return hosts
	}
	has := map[string]bool{}
	for _, host := range hosts {
		if host == "" || slices.Contains(over, host) {
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

// hadBefore are the hosts at which an application may have been served: those that have
// listeners to which its namespace may attach routes.
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

// liveHosts are those that the live Gateway has listeners for or, where somebody has deleted it,
// those for which certificates are asked.
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
	d.shortfalls = append(d.shortfalls, trouble{what: what, why: someOf(left, 0), cure: cure})
	d.remark(requirer.Application, requirer.RelationID, fmt.Sprintf("hosts left out, since a relation may have %d: %s; %s",
		boundOf(d.observed), someOf(left, maxRemark), cure))
}

// leaveNewHosts leaves out hosts that an application cannot have beside those that it has.
func (r *routing) leaveNewHosts(requirer state.RouteRequirer, hosts, allowed []string, reason string) {
	left := without(hosts, allowed)
	what := fmt.Sprintf("%s: %d of %d hosts left out", requirer.Application, len(left), len(hosts))
	r.shortfalls = append(r.shortfalls, trouble{what: what, why: reason})
	r.remark(requirer.Application, requirer.RelationID, fmt.Sprintf("hosts left out: %s; %s", someOf(left, maxRemark), reason))
}

// without returns those of the hosts that are none of the others.
func without(hosts, others []string) []string {
	return slices.DeleteFunc(slices.Clone(hosts), func(host string) bool { return slices.Contains(others, host) })
}

// maxRemark bounds a list in the log, in characters.
const maxRemark = 1000
