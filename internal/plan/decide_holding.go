package plan

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// An application that is served keeps its place, also while it cannot be served for reasons that it
// did not cause: the provider of certificates or of authorities is being replaced, the Gateway has
// no address at the moment, or the API server refused an object. The charm withdraws its URL then,
// so the relation does not say any more which place is its own. Juju keeps that on record meanwhile
// (state.Record).

// requirersWithRecord returns the applications on ingress, with what the record knows of them.
func requirersWithRecord(s observed) []state.Requirer {
	all := slices.Clone(s.Requirers)
	for i := range all {
		all[i].Holds = all[i].Holds || recordHasPlace(s, all[i])
	}
	return all
}

// routeRequirersWithRecord returns the applications with routes of their own, with what the record
// knows of them.
func (d *decision) routeRequirersWithRecord() []state.RouteRequirer {
	all := slices.Clone(d.RouteRequirers)
	for i := range all {
		hosts := withinBound(d.observed, all[i], d.hostsFor(all[i]))
		all[i].Holds = all[i].Servable() && (recordHasHosts(d.observed, all[i], hosts) || d.recordHasHostless(all[i], hosts))
		switch had, known := hadLast(d.observed, all[i]); {
		case known && !all[i].Holds:
			all[i].Has = without(hosts, without(hosts, had))
		case all[i].Holds, all[i].Told:
			all[i].Has = hosts
		}
	}
	return all
}

// hadLast returns the hosts that an application with routes of its own had in the last hook. An
// application that has asked since for nothing that can be served has lost them: it is not on record
// any more.
func hadLast(s observed, r state.RouteRequirer) (hosts []string, known bool) {
	if _, onRecord := s.Record.At(r.RelationID); s.Record != nil && !onRecord {
		return nil, false
	}
	hosts, known = s.Allowance.Had[r.RelationID]
	return hosts, known
}

// withoutForgedListeners returns the Gateway without listeners that contradict the record. Anybody
// who may edit the Gateway can change the host or the name of a listener to which routes are
// attached; the application of that host would then have to give it up.
func withoutForgedListeners(s observed) *gatewayv1.Gateway {
	names, hosts := map[gatewayv1.SectionName]string{}, map[string]bool{}
	for _, r := range s.RouteRequirers {
		if _, known := hadLast(s, r); !known && !r.Holds {
			continue
		}
		for _, host := range without(r.Has, []string{""}) {
			hosts[host] = true
			for _, name := range listenerNames(s, dashed(host)) {
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

// attached returns the application that has routes of its own at a host; empty if there is none.
func (d *decision) attached(host string) string {
	for _, one := range d.routes {
		if slices.Contains(one.hosts, host) {
			return one.Application
		}
	}
	for _, one := range d.RouteRequirers { // It may have no turn at the moment.
		if slices.Contains(one.Has, host) {
			return one.Application
		}
	}
	for _, old := range d.old {
		if slices.Contains(old.hosts, host) {
			return old.application
		}
	}
	return ""
}

// recordHasPlace reports whether the record says that an application owns the place that it asks
// for.
func recordHasPlace(s observed, r state.Requirer) bool {
	return r.Name != "" && (s.Record.Has(r.RelationID, state.HeldSum(r.Path())) || recordHasOtherHost(s, r))
}

// recordHasOtherHost reports whether the record says that an application owns the place that it
// asks for, and is served at another host than the one where it is to be served.
func recordHasOtherHost(s observed, r state.Requirer) bool {
	had, _ := s.Record.At(r.RelationID)
	return r.Name != "" && strings.HasPrefix(had, state.HeldSum(r.Path())+otherHostMark)
}

// otherHostMark separates the digest of an application's own place from the place where it is
// served.
const otherHostMark = "@"

// lastSum returns the digest for the place of an application that cannot be served now. If the
// application was served at another host, the digest says where.
func (d *decision) lastSum(r state.Requirer) string {
	had, _ := d.Record.At(r.RelationID)
	last := lastServed(d.observed)
	host, path, _ := placeFor(last.Config, r)
	now, _, _ := placeFor(d.Config, r)
	switch {
	case recordHasOtherHost(d.observed, r):
		return had
	case last.hostKnown && host != now:
		return otherHostSum(r, place{host: host, path: path})
	}
	return state.HeldSum(r.Path())
}

// otherHostSum returns what the record has of an application that is served at another place than
// its own: a digest of its own place, and the other place itself. The charm has to find it again when
// no object tells of it any more.
func otherHostSum(r state.Requirer, at place) string {
	sum := state.HeldSum(r.Path()) + otherHostMark + at.host
	if at.path == "/" {
		sum += "/"
	}
	return sum
}

// otherPlace returns the place that otherHostSum has put on record.
func otherPlace(s observed, r state.Requirer) (at place, known bool) {
	had, _ := s.Record.At(r.RelationID)
	_, host, marked := strings.Cut(had, otherHostMark)
	at = place{host: strings.TrimSuffix(host, "/"), path: r.Path()}
	if at.host != host {
		at.path = "/"
	}
	normal, err := state.NormalizeHostname(at.host)
	return at, marked && recordHasOtherHost(s, r) && (at.host == "" || err == nil && normal == at.host)
}

// recordHasHosts reports whether the record says that an application with routes of its own owns
// the hosts that it asks for, as far as it may have them.
func recordHasHosts(s observed, r state.RouteRequirer, hosts []string) bool {
	return s.Record.Has(r.RelationID, hostsSum(hosts))
}

// recordHasHostless reports whether the record says that an application owns these hosts and any
// host, which it cannot have while its namespace is unknown.
func (d *decision) recordHasHostless(r state.RouteRequirer, hosts []string) bool {
	return d.opensOtherHosts(r) && recordHasHosts(d.observed, r, append(slices.Clone(hosts), ""))
}

func hostsSum(hosts []string) string { return state.HeldSum(slices.Sorted(slices.Values(hosts))...) }
