package plan

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Whose routes a listener takes. A listener for any host takes routes for every host, those
// of other listeners too, unless the controller keeps a request to the listener that fits
// best. Traefik does not up to 3.6: a route at the listener for any host is served at each.
// So such a listener is opened to the applications that it is for, and to no others, where
// there is a host that they are not to have.

func (c class) isolates() bool { return c.does(controller.ListenerIsolation) == controller.Yes }

// opens reports whether some application may attach routes of its own to the host.
func (r routing) opens(host string) bool {
	return slices.ContainsFunc(r.routes, func(t routeTarget) bool { return slices.Contains(t.hosts, host) })
}

// namespacesAt returns the namespaces of the applications that may attach routes of their own
// to the host, each once; none if one of them is not known.
func (r routing) namespacesAt(host string) []string {
	var all []string
	for _, t := range r.routes {
		switch {
		case !slices.Contains(t.hosts, host):
		case t.Namespace == "":
			return nil
		case !slices.Contains(all, t.Namespace):
			all = append(all, t.Namespace)
		}
	}
	return all
}

// bares reports whether to open the listener for any host to an application would open the hosts
// of others to every namespace: that of its own is not known.
func (d *decision) bares(requirer state.RouteRequirer) bool {
	return requirer.Hostless && requirer.Namespace == "" && d.class.name != "" && !d.class.isolates()
}

// openBare opens the listener for any host to whose namespaces are not known, unless there is
// a host that is not for all. Then who names no host at all is left out.
func (d *decision) openBare(room listenerRoom) {
	closed := d.closes()
	var all []routeTarget
	for _, route := range d.routes {
		if !d.bares(route.RouteRequirer) {
			all = append(all, route)
			continue
		}
		reason, cure := "without a hostname it would open other hosts", "give it a hostname"
		if !closed && len(route.hosts) < boundOf(d.State) {
			reason, cure = room.claim(d.State, []string{""}, true, 0), ""
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
func (d *decision) closes() bool {
	names := d.ownHosts()
	for _, t := range d.targets {
		if t.kept != nil {
			names = append(names, t.kept.host)
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
