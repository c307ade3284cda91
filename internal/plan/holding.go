package plan

import (
	"maps"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Who is served keeps its place, also while it cannot be served through no doing of its own: the
// provider of certificates, or of authorities, is being replaced, the Gateway has no address for
// the moment, an object was refused. It is told nothing then, so what it was told does not say any
// more what is its own. That is on record in Juju meanwhile (state.Record).

// holding returns the applications on ingress as they are, with what the record knows of them.
func holding(s state.State) []state.Requirer {
	all := slices.Clone(s.Requirers)
	for i := range all {
		all[i].Holds = all[i].Holds || heldPlace(s, all[i])
	}
	return all
}

// attaching returns the applications with routes of their own as they are, with what the record knows
// of them.
func attaching(s state.State, set settings) []state.RouteRequirer {
	all := slices.Clone(s.RouteRequirers)
	for i := range all {
		hosts := withinBound(s, all[i], hostsFor(s, set, all[i]))
		all[i].Holds = all[i].Servable() && (heldHosts(s, all[i], hosts) || heldBare(s, set, all[i], hosts))
	}
	return all
}

// unforged returns the Gateway without listeners that are not as the record says: whoever may edit the
// Gateway can have the listener of a host to which routes are attached be for another host, or be
// called otherwise, and its application would have to make way.
func unforged(s state.State) *gatewayv1.Gateway {
	names, hosts := map[gatewayv1.SectionName]string{}, map[string]bool{}
	for _, r := range s.RouteRequirers {
		if !r.Holds {
			continue
		}
		for _, host := range r.Hostnames {
			hosts[host] = true
			for _, name := range labelled(s, dashed(host)) {
				names[gatewayv1.SectionName(name)] = host
			}
		}
	}
	if s.Cluster.Gateway == nil || len(names) == 0 {
		return s.Cluster.Gateway
	}
	forged := func(l gatewayv1.Listener) bool {
		host, held := names[l.Name]
		return (held || hosts[hostOf(l)]) && host != hostOf(l)
	}
	if !slices.ContainsFunc(s.Cluster.Gateway.Spec.Listeners, forged) {
		return s.Cluster.Gateway
	}
	gateway := s.Cluster.Gateway.DeepCopy()
	gateway.Spec.Listeners = slices.DeleteFunc(gateway.Spec.Listeners, forged)
	return gateway
}

// heldPlace reports whether the record has the place that an application asks for as its own.
func heldPlace(s state.State, r state.Requirer) bool {
	return r.Name != "" && (s.Record.Has(r.RelationID, state.HeldSum(r.Path())) || isElsewhere(s, r))
}

// isElsewhere reports whether the record has the place that an application asks for as its own, and that it
// is served at another host than where it was to be.
func isElsewhere(s state.State, r state.Requirer) bool {
	had, _ := s.Record.At(r.RelationID)
	return r.Name != "" && strings.HasPrefix(had, state.HeldSum(r.Path())+elsewhereMark)
}

const elsewhereMark = "@"

// lastSum stands for the place of an application that cannot be served now and, where it had one of its
// own or is to have one, for where it was served last.
func lastSum(s state.State, set settings, r state.Requirer) string {
	had, _ := s.Record.At(r.RelationID)
	last := lastServed(s)
	host, path, _ := placeFor(last.Config, r)
	now, _, _ := placeFor(set.Config, r)
	switch {
	case set.RoutingMode != state.RoutingSubdomain:
		return state.HeldSum(r.Path())
	case isElsewhere(s, r):
		return had
	case last.hostKnown && host != now:
		return elsewhereSum(r, place{host: host, path: path})
	}
	return state.HeldSum(r.Path())
}

func elsewhereSum(r state.Requirer, at place) string {
	return state.HeldSum(r.Path()) + elsewhereMark + state.HeldSum(at.host, at.path)
}

// heldHosts reports whether the record has the hosts that an application with routes of its own asks
// for as its own, as far as it may have them.
func heldHosts(s state.State, r state.RouteRequirer, hosts []string) bool {
	return s.Record.Has(r.RelationID, hostsSum(hosts))
}

// heldBare reports whether the record has as an application's own these hosts and that for any, which it
// cannot have while its namespace is not known.
func heldBare(s state.State, set settings, r state.RouteRequirer, hosts []string) bool {
	return bares(s, set, r) && heldHosts(s, r, append(slices.Clone(hosts), ""))
}

func hostsSum(hosts []string) string { return state.HeldSum(slices.Sorted(slices.Values(hosts))...) }

// heldNow returns what has to be on record: the hosts of who writes routes of its own, as long as
// they are not given to another, and the places of applications on ingress that are not told of
// theirs at the moment, unless another has it by now.
func heldNow(s state.State, set settings, routing routing, urls []URL) map[int]string {
	all := map[int]string{}
	for _, r := range s.RouteRequirers {
		if had, known := s.Record.At(r.RelationID); known && r.Servable() && !isJudged(s, set, r) {
			all[r.RelationID] = had
		}
	}
	for _, t := range routing.routes {
		hosts := slices.Clone(t.hosts)
		if bares(s, set, t.RouteRequirer) { // It has none for any host in its turn.
			hosts = slices.DeleteFunc(hosts, func(host string) bool { return host == "" })
			if heldBare(s, set, t.RouteRequirer, hosts) {
				hosts = append(hosts, "")
			}
		}
		all[t.RelationID] = hostsSum(hosts)
	}
	told := map[int]bool{} // before
	for _, r := range s.Requirers {
		told[r.RelationID] = r.Holds
	}
	owner, at := map[string]int{}, map[int]place{} // relations by place, and where they are served
	for _, t := range slices.Concat(routing.targets, routing.held) {
		at[t.RelationID], _ = set.placeOf(t)
		for _, place := range t.Places() {
			owner[place] = t.RelationID
		}
	}
	for _, r := range holding(s) {
		others := routing.denied[r.RelationID] || slices.ContainsFunc(r.Places(), func(place string) bool {
			relation, taken := owner[place]
			return taken && relation != r.RelationID
		})
		withdrawn := slices.Contains(urls, URL{RelationID: r.RelationID})
		is, served := at[r.RelationID]
		switch host, path, _ := placeFor(set.Config, r); {
		case others:
		case withdrawn && r.Holds:
			all[r.RelationID] = lastSum(s, set, r)
		case !withdrawn && served && set.RoutingMode == state.RoutingSubdomain && (host != is.host || path != is.path):
			all[r.RelationID] = elsewhereSum(r, is)
		case !told[r.RelationID] && heldPlace(s, r): // What is told now stands there for sure when the next hook finds it.
			all[r.RelationID] = state.HeldSum(r.Path())
		}
	}
	for _, newest := range slices.Backward(slices.Sorted(maps.Keys(all))) {
		if len(all) <= maxHeld {
			break
		}
		delete(all, newest)
	}
	return all
}

// maxHeld bounds what is on record: Juju keeps so much of a unit's state, and no more.
const maxHeld = 1000
