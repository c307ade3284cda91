package plan

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Whose routes a listener accepts. A listener for any host accepts routes for every host, also for
// hosts that have listeners of their own, unless the controller sends a request only to the
// listener that fits best (listener isolation). Traefik up to 3.6 does not: it serves a route on
// the listener for any host at every host. So if some host is not for all applications, the
// listener for any host is opened only to the applications that it is for.

// mayHaveListeners reports whether there can be listeners for an application with routes of its
// own. Its routes may serve plain HTTP, so there are none while HTTPS is enforced and no
// certificate can be had.
func (d *decision) mayHaveListeners(r state.RouteRequirer) bool {
	return !d.Config.EnforceHTTPS || d.Certificates.Related || r.Version0
}

// hostsFor returns the hosts that an application on gateway-route asks for and gets in its turn, if
// there is room. An empty name is any host; see openHostless.
func (d *decision) hostsFor(r state.RouteRequirer) []string {
	hosts := slices.Clone(r.Hostnames)
	if r.Hostless && !d.opensOtherHosts(r) {
		hosts = append(hosts, "")
	}
	return hosts
}

// opensOtherHosts reports whether the listener for any host, if opened to an application, would
// open the hosts of others to every namespace. It would if the application's own namespace is
// unknown and the controller does not isolate listeners.
func (d *decision) opensOtherHosts(requirer state.RouteRequirer) bool {
	return requirer.Hostless && requirer.Namespace == "" && d.class.name != "" && !d.class.isolates()
}

// openHostless opens the listener for any host to applications whose namespaces are unknown, unless
// some host is not for all. If so, an application that names no host at all is left out.
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

// hasRestrictedHost reports whether there is a host that is not open to every namespace.
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
