package plan

import (
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
func requirersWithRecord(s observed) []state.Requirer {
	all := slices.Clone(s.Requirers)
	for i := range all {
		all[i].Holds = all[i].Holds || recordHasPlace(s, all[i])
	}
	return all
}

// attaching returns the applications with routes of their own as they are, with what the record knows
// of them.
func (d *decision) routeRequirersWithRecord() []state.RouteRequirer {
	all := slices.Clone(d.RouteRequirers)
	for i := range all {
		hosts := withinBound(d.observed, all[i], d.hostsFor(all[i]))
		all[i].Holds = all[i].Servable() && (recordHasHosts(d.observed, all[i], hosts) || d.recordHasHostless(all[i], hosts))
	}
	return all
}

// unforged returns the Gateway without listeners that are not as the record says: whoever may edit the
// Gateway can have the listener of a host to which routes are attached be for another host, or be
// called otherwise, and its application would have to make way.
func withoutForgedListeners(s observed) *gatewayv1.Gateway {
	names, hosts := map[gatewayv1.SectionName]string{}, map[string]bool{}
	for _, r := range s.RouteRequirers {
		if !r.Holds {
			continue
		}
		for _, host := range r.Hostnames {
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

// heldPlace reports whether the record has the place that an application asks for as its own.
func recordHasPlace(s observed, r state.Requirer) bool {
	return r.Name != "" && (s.Record.Has(r.RelationID, state.HeldSum(r.Path())) || recordHasOtherHost(s, r))
}

// isElsewhere reports whether the record has the place that an application asks for as its own, and that it
// is served at another host than where it was to be.
func recordHasOtherHost(s observed, r state.Requirer) bool {
	had, _ := s.Record.At(r.RelationID)
	return r.Name != "" && strings.HasPrefix(had, state.HeldSum(r.Path())+otherHostMark)
}

const otherHostMark = "@"

// lastSum stands for the place of an application that cannot be served now and, where it had one of its
// own or is to have one, for where it was served last.
func (d *decision) lastSum(r state.Requirer) string {
	had, _ := d.Record.At(r.RelationID)
	last := lastServed(d.observed)
	host, path, _ := placeFor(last.Config, r)
	now, _, _ := placeFor(d.Config, r)
	switch {
	case d.Config.RoutingMode != state.RoutingSubdomain:
		return state.HeldSum(r.Path())
	case recordHasOtherHost(d.observed, r):
		return had
	case last.hostKnown && host != now:
		return otherHostSum(r, place{host: host, path: path})
	}
	return state.HeldSum(r.Path())
}

func otherHostSum(r state.Requirer, at place) string {
	return state.HeldSum(r.Path()) + otherHostMark + state.HeldSum(at.host, at.path)
}

// heldHosts reports whether the record has the hosts that an application with routes of its own asks
// for as its own, as far as it may have them.
func recordHasHosts(s observed, r state.RouteRequirer, hosts []string) bool {
	return s.Record.Has(r.RelationID, hostsSum(hosts))
}

// heldBare reports whether the record has as an application's own these hosts and that for any, which it
// cannot have while its namespace is not known.
func (d *decision) recordHasHostless(r state.RouteRequirer, hosts []string) bool {
	return d.opensOtherHosts(r) && recordHasHosts(d.observed, r, append(slices.Clone(hosts), ""))
}

func hostsSum(hosts []string) string { return state.HeldSum(slices.Sorted(slices.Values(hosts))...) }
