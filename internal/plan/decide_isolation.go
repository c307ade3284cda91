package plan

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Whose routes a listener takes. A listener for any host takes routes for every host, those
// of other listeners too, unless the controller keeps a request to the listener that fits
// best. Traefik does not up to 3.6: a route at the listener for any host is served at each.
// So such a listener is opened to the applications that it is for, and to no others, where
// there is a host that they are not to have.

// isJudged reports whether an application with routes of its own has a turn at all. These routes may
// serve in clear: there are no listeners for them where HTTPS is enforced and cannot be had.
func (d *decision) mayHaveListeners(r state.RouteRequirer) bool {
	return !d.Config.EnforceHTTPS || d.Certificates.Related || r.Version0
}

// hostsFor are those that an application on gateway-route asks for and is given in its turn,
// as far as there is room; an empty name is for any, see openBare.
func (d *decision) hostsFor(r state.RouteRequirer) []string {
	hosts := slices.Clone(r.Hostnames)
	if r.Hostless && !d.opensOtherHosts(r) {
		hosts = append(hosts, "")
	}
	return hosts
}

// bares reports whether to open the listener for any host to an application would open the hosts
// of others to every namespace: that of its own is not known.
func (d *decision) opensOtherHosts(requirer state.RouteRequirer) bool {
	return requirer.Hostless && requirer.Namespace == "" && d.class.name != "" && !d.class.isolates()
}

// openBare opens the listener for any host to whose namespaces are not known, unless there is
// a host that is not for all. Then who names no host at all is left out.
func (d *decision) openHostless(table listenerTable) {
	closed := d.hasRestrictedHost()
	var all []routeTarget
	for _, route := range d.routes {
		if !d.opensOtherHosts(route.RouteRequirer) {
			all = append(all, route)
			continue
		}
		reason, cure := "without a hostname it would open other hosts", "give it a hostname"
		if !closed && len(route.hosts) < boundOf(d.observed) {
			reason, cure = table.claim(d.observed, []string{""}, true, 0), ""
		} else if !closed {
			reason = "it names as many hosts as it may have"
		}
		switch {
		case reason == "":
			route.hosts = append(route.hosts, "")
		case len(route.hosts) == 0:
			d.omit("gateway-route", route.Application, route.RelationID, reason, cure)
			continue
		default:
			d.remark(route.Application, route.RelationID, "served at its hosts alone: "+reason)
		}
		all = append(all, route)
	}
	d.routes = all
}

// closes reports whether there is a host that is not open to every namespace.
func (d *decision) hasRestrictedHost() bool {
	names := d.ownHosts()
	for _, one := range d.rules() {
		if one.previous != nil {
			names = append(names, one.previous.host)
		}
	}
	for _, t := range d.routes {
		names = append(names, t.hosts...)
	}
	for _, old := range d.old {
		names = append(names, old.hosts...)
	}
	return slices.ContainsFunc(names, func(name string) bool {
		return name != "" && (!d.opens(name) || len(d.namespacesAt(name)) > 0)
	})
}
