package plan

import (
	"cmp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// In which order applications get what exists only once: a host, a path, the name of a listener or
// of an object, one of the listeners that a Gateway has room for. An application chooses freely
// what it asks for, at any time. If age alone decided, an old relation could take the place at
// which a newer one is served.

// A turn is when one relation gets what it asks for.
type turn struct {
	rank     int
	relation int
	ingress  *state.Requirer
	route    *state.RouteRequirer
	reserves []string // hosts to reserve until the relation's own turn; this turn does nothing else
}

// The ranks of turns. Within a rank, applications of our own model come first, then the older
// relation. Listeners to which applications attach routes cannot have other names, so they come
// first.
const (
	rankAttached = iota // the record says that it is served by routes of its own where it asks to be
	rankServed          // it is served where it asks to be
	rankMoving          // it is served, and asks for a host that does not exist yet
	rankChanging        // it is served, and asks for other hosts, which exist and may be those of others
	rankLocal           // it is of our own model
	rankForeign         // it is of another model
)

// turnsOf returns the turns of all relations in their order.
func (d *decision) turnsOf() []turn {
	existing := findExistingHosts(d.observed)
	var all []turn
	for i := range d.Requirers {
		r := &d.Requirers[i]
		one := turn{rank: rankLocal, relation: r.RelationID, ingress: r}
		host, _, _ := placeFor(d.Config, *r)
		switch {
		case r.Holds && (d.Config.RoutingMode != state.RoutingSubdomain || existing.known[host]):
			one.rank = rankServed
		case r.Holds:
			one.rank = rankMoving
		case !isLocal(*r):
			one.rank = rankForeign
		}
		all = append(all, one)
	}
	for i := range d.RouteRequirers {
		r := &d.RouteRequirers[i]
		if !d.mayHaveListeners(*r) {
			continue
		}
		one, hosts := turn{rank: rankLocal, relation: r.RelationID, route: r}, withinBound(d.observed, *r, d.hostsFor(*r))
		switch {
		case r.Version0: // It has what exists, and can get nothing else. Anybody who may write routes can make more.
			if one.rank = rankForeign; d.Record == nil || recordHasHosts(d.observed, *r, oldTargetOf(d.observed, *r).hosts) {
				one.rank = rankAttached
			}
		case recordHasHosts(d.observed, *r, hosts), d.recordHasHostless(*r, hosts):
			one.rank = rankAttached
		case r.Told && existing.servesAll(d.observed, *r, hosts):
			one.rank = rankChanging
		case r.Foreign:
			one.rank = rankForeign
		}
		// If it asks for further hosts, that must not cost it the hosts that it has.
		lacks := func(host string) bool { return !existing.servesAll(d.observed, *r, []string{host}) }
		keeps, rank := slices.DeleteFunc(slices.Clone(hosts), lacks), rankChanging
		if had, known := hadLast(d.observed, *r); known {
			keeps, rank = without(hosts, without(hosts, had)), rankAttached // Whichever listeners exist.
		}
		if r.Told && one.rank != rankAttached && len(keeps) > 0 {
			all = append(all, turn{rank: rank, relation: r.RelationID, route: r, reserves: keeps})
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.distance(), b.distance()), cmp.Compare(a.relation, b.relation))
	})
	return all
}

// distance is greater for an application of another model. The Python charm told two applications
// the same URL if they asked for it. By what they were told, both count as served.
func (t turn) distance() int {
	if t.ingress != nil && !isLocal(*t.ingress) || t.route != nil && t.route.Foreign {
		return 1
	}
	return 0
}

// existingHosts says which hosts exist: in known those that have a listener, in allowed whose
// routes their listeners accept. If somebody has removed the listener of a host, the request for
// its certificate tells, which only the leader of the charm can write.
type existingHosts struct {
	known   map[string]bool
	allowed map[string][]*gatewayv1.AllowedRoutes // nil for a request
}

func findExistingHosts(s observed) existingHosts {
	all := existingHosts{known: map[string]bool{}, allowed: map[string][]*gatewayv1.AllowedRoutes{}}
	for _, entry := range s.Certificates.Entries {
		if len(entry.Hosts) == 1 {
			all.known[entry.Hosts[0]], all.allowed[entry.Hosts[0]] = true, []*gatewayv1.AllowedRoutes{nil}
		}
	}
	if s.Cluster.Gateway == nil {
		return all
	}
	for _, listener := range s.Cluster.Gateway.Spec.Listeners {
		host := "" // any
		if listener.Hostname != nil {
			host = string(*listener.Hostname)
		}
		all.known[host] = true
		if listener.AllowedRoutes != nil {
			all.allowed[host] = append(all.allowed[host], listener.AllowedRoutes)
		}
	}
	return all
}

// servesAll reports whether an application with routes of its own is served at each of the hosts.
func (a existingHosts) servesAll(s observed, r state.RouteRequirer, hosts []string) bool {
	return !slices.ContainsFunc(hosts, func(host string) bool {
		return !slices.ContainsFunc(a.allowed[host], func(allowed *gatewayv1.AllowedRoutes) bool {
			return allowed == nil || admits(s, *allowed, r.Namespace)
		})
	})
}
