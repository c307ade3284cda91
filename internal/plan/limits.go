package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// What one application may have. Whoever is related, from whatever model, names as many hosts
// as it likes, and others in the next hook; but a Gateway has few listeners, and certificate
// authorities count requests. So a relation on gateway-route has so many hosts and no more
// (one on ingress has one, or a path), and an application causes so many first requests in
// an hour. What is served, renewed, or asked for anew because of what the operator does is not
// bound: that is nothing an application could bring about.

// boundOf is how many hosts a relation may have.
func boundOf(s state.State) int {
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
		d.allowance.Bound = boundOf(d.State)
	}
}

// bound returns those of the hosts that the application may have. The rest is left out by
// name.
func (d *decision) bound(requirer state.RouteRequirer, hosts []string) []string {
	delete(d.allowance.Over, requirer.RelationID)
	kept := withinBound(d.State, requirer, hosts)
	if len(kept) > boundOf(d.State) {
		d.allowance.Over[requirer.RelationID] = kept
	}
	if left := without(hosts, kept); len(left) > 0 {
		d.leaveHosts(requirer, len(hosts), left)
	}
	return kept
}

// withinBound returns those of the hosts that the application of a relation may have: what it
// had before the bound and the Gateway's addresses, then what has listeners, then the others
// in its order, while there is room. Where it is not known what it had, as by a unit that has
// just come to lead, that is what its namespace may attach routes to, and nobody else's.
func withinBound(s state.State, requirer state.RouteRequirer, hosts []string) []string {
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
func hadBefore(s state.State, requirer state.RouteRequirer) []string {
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
func liveHosts(s state.State) []string {
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
	cure := configure(d.State, state.OptionHostsPerRelation, fmt.Sprint(min(asked, maxHosts)))
	what := fmt.Sprintf("%s: %d of %d hosts left out", requirer.Application, len(left), asked)
	d.short = append(d.short, trouble{what: what, why: someOf(left, 0), cure: cure})
	d.remark(requirer.Application, requirer.RelationID, fmt.Sprintf("hosts left out, since a relation may have %d: %s; %s",
		boundOf(d.State), someOf(left, maxRemark), cure))
}

// leaveNewHosts leaves out hosts that an application cannot have beside those that it has.
func (r *routing) leaveNewHosts(requirer state.RouteRequirer, hosts, kept []string, reason string) {
	left := without(hosts, kept)
	what := fmt.Sprintf("%s: %d of %d hosts left out", requirer.Application, len(left), len(hosts))
	r.short = append(r.short, trouble{what: what, why: reason})
	r.remark(requirer.Application, requirer.RelationID, fmt.Sprintf("hosts left out: %s; %s", someOf(left, maxRemark), reason))
}

// without returns those of the hosts that are none of the others.
func without(hosts, others []string) []string {
	return slices.DeleteFunc(slices.Clone(hosts), func(host string) bool { return slices.Contains(others, host) })
}

// maxRemark bounds a list in the log, in characters.
const maxRemark = 1000

// ration decides which of the hosts have their first request made now. The others wait until
// it is an hour since enough of those that the same application had.
func (d *decision) ration() {
	if !d.Certificates.Related || d.unsure {
		return
	}
	a, most := &d.allowance, mostRequests(d.State)
	given := strings.Join([]string{d.Certificates.RelationID, d.Config.ExternalHostname, string(d.Config.RoutingMode)}, " ")
	anew := a.For != given
	a.For, a.Hosts = given, nil
	var late []lateness
	for i := range d.hosts {
		h := &d.hosts[i]
		if h.asks(d.State) && !anew && !wasAskedFor(d.State, *h) {
			late = charge(a.Times, late, h, d.payers(h.name), most, d.Now)
		}
		if h.newest != nil || h.asks(d.State) || h.until.IsZero() && slices.Contains(d.Allowance.Hosts, h.name) {
			a.Hosts = append(a.Hosts, h.name)
		}
	}
	slices.Sort(a.Hosts)
	for _, one := range late {
		d.tellLate(one, most)
	}
}

// mostRequests is how many first requests an application may cause in an hour.
func mostRequests(s state.State) int {
	return cmp.Or(s.Config.CertificatesPerHour, state.DefaultCertificatesPerHour)
}

// wasAskedFor reports whether a request for the host is none that its application causes: one has
// been made before, and it was there in each hook since. So it is renewed, or the private
// key, the Gateway's addresses or what stands in the databag have changed.
func wasAskedFor(s state.State, h host) bool {
	return h.newest != nil || h.secure() || slices.Contains(s.Allowance.Hosts, h.name) ||
		slices.ContainsFunc(s.Certificates.Entries, func(entry state.Certificate) bool { return slices.Contains(entry.Hosts, h.name) })
}

// A payer is an application that names a host, by a relation.
type payer struct {
	application string
	relation    int
}

// payers are the applications of which one accounts for a host's request, oldest relation of
// each endpoint first; none for a host of the options, and for one that is being left.
func (d *decision) payers(name string) []payer {
	if !d.idle && slices.Contains(d.optionHosts(), name) {
		return nil
	}
	var all []payer
	for _, t := range d.targets {
		if t.host == name {
			all = append(all, payer{t.Application, t.RelationID})
		}
	}
	for _, t := range d.routes {
		if slices.Contains(t.hosts, name) {
			all = append(all, payer{t.Application, t.RelationID})
		}
	}
	for _, old := range d.old {
		if slices.Contains(old.hosts, name) {
			all = append(all, payer{old.application, old.relation})
		}
	}
	return all
}

// A lateness is what one application waits for: hosts whose first request is made later.
type lateness struct {
	payer
	hosts []string
	until time.Time // of the first
}

// charge notes a host's request with the first application that has any left in this hour, or
// has the host wait for that of the first application.
func charge(times map[string][]int64, late []lateness, h *host, payers []payer, most int, now time.Time) []lateness {
	if len(payers) == 0 {
		return late
	}
	for _, one := range payers {
		if had := times[one.application]; len(had) < most {
			times[one.application] = slices.Sorted(slices.Values(append(had, now.Unix())))
			return late
		}
	}
	first := payers[0]
	i := slices.IndexFunc(late, func(l lateness) bool { return l.application == first.application })
	if i < 0 {
		i, late = len(late), append(late, lateness{payer: first})
	}
	one := &late[i]
	had := times[first.application]
	next := had[min(len(had)-most+len(one.hosts), len(had)-1)]
	h.until = time.Unix(next, 0).UTC().Add(time.Hour)
	if one.until.IsZero() {
		one.until = h.until
	}
	one.hosts = append(one.hosts, h.title())
	return late
}

func (d *decision) tellLate(one lateness, most int) {
	cure := configure(d.State, state.OptionCertificatesPerHour, fmt.Sprint(most+len(one.hosts)))
	at := one.until.Format("15:04 MST")
	what := one.application + ": new certificates from " + at
	d.short = append(d.short, trouble{what: what, why: someOf(one.hosts, 0), cure: cure})
	d.remark(one.application, one.relation, fmt.Sprintf("it has had certificates for %d new hosts requested within an hour; from %s they are requested for %s; %s",
		most, at, someOf(one.hosts, maxRemark), cure))
}

// allLate is what there is to say when no host is served nor has a request.
func allLate(s state.State, late []host) *finding {
	until := late[0].until
	var names []string
	for _, h := range late {
		names = append(names, h.title())
		if h.until.Before(until) {
			until = h.until
		}
	}
	found := waits("No new certificates before "+until.Format("15:04 MST"), someOf(names, 0))
	found.cure = configure(s, state.OptionCertificatesPerHour, fmt.Sprint(mostRequests(s)+len(late)))
	return found
}
