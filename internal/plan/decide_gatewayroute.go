package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// addRoute decides about one application on gateway-route. The application is left out if there is
// no listener left for one of its hosts, or if that listener would have the name of another host's.
// Several applications may share a host: their routes match different paths.
func (d *decision) addRoute(table listenerTable, rank int, requirer state.RouteRequirer) {
	for _, remark := range requirer.Remarks {
		d.remark(requirer.Application, requirer.RelationID, remark)
	}
	if requirer.Waiting {
		d.withoutData = append(d.withoutData, omission{application: requirer.Application, relation: requirer.RelationID, iface: "gateway-route"})
		return
	}
	if requirer.Version0 {
		d.addVersion0(table, requirer)
		return
	}
	hosts := d.hostsFor(requirer)
	if requirer.Problem == "" {
		hosts = d.bound(requirer, hosts)
	}
	reason := cmp.Or(requirer.Problem, listenerNameProblem(d.observed, hosts))
	if reason == "" {
		reason = table.claim(d.observed, hosts, true, d.leaving(table, rank))
	}
	if reserved := d.reservedHosts[requirer.RelationID]; reason != "" && requirer.Problem == "" && len(reserved) > 0 {
		d.leaveNewHosts(requirer, hosts, reserved, reason)
		hosts, reason = reserved, ""
	}
	if reason != "" {
		d.omitRoute(requirer, reason)
		return
	}
	if d.recordHasHostless(requirer, hosts) {
		_ = table.claim(d.observed, []string{""}, true, 0) // It keeps the listener until its namespace is known again.
	}
	d.routes = append(d.routes, routeTarget{RouteRequirer: requirer, hosts: hosts})
}

// leaving counts the hosts at which applications are served until they have moved. An application
// that is not served yet waits until these hosts are gone: it would be told of listeners that do
// not exist. An application on ingress is told nothing until there is a listener.
func (r *routing) leaving(table listenerTable, rank int) int {
	if rank < rankLocal {
		return 0
	}
	hosts := map[string]bool{}
	for _, one := range r.rules() {
		if one.previous != nil && !slices.Contains(slices.Collect(maps.Values(table)), one.previous.host) {
			hosts[one.previous.host] = true
		}
	}
	return len(hosts)
}

func (r *routing) omitRoute(requirer state.RouteRequirer, reason string) {
	r.omit("gateway-route", requirer.Application, requirer.RelationID, reason, "")
}

// omitClashingRoutes omits applications that need a listener of the same name as the listener of
// another application's previous host, while that application moves. An application keeps the hosts
// that it has, if it asks for such a host in addition.
func (d *decision) omitClashingRoutes() {
	var all []routeTarget
	for _, route := range d.routes {
		reason := d.clashesWithPrevious(route.hosts)
		if reserved := d.reservedHosts[route.RelationID]; reason != "" && len(reserved) > 0 && d.clashesWithPrevious(reserved) == "" {
			d.leaveNewHosts(route.RouteRequirer, route.hosts, reserved, reason)
			route.hosts, reason = reserved, ""
		}
		if reason != "" {
			d.omitRoute(route.RouteRequirer, reason)
			continue
		}
		all = append(all, route)
	}
	d.routes = all
}

// clashesWithPrevious returns why there can be no listeners for one of the hosts while applications
// move; empty if there can.
func (d *decision) clashesWithPrevious(hosts []string) string {
	for _, one := range d.rules() {
		if one.previous == nil {
			continue
		}
		for _, host := range hosts {
			if dashed(host) == listenerLabel(d.observed, one.previous.host) && host != one.previous.host {
				return fmt.Sprintf("the listener of %s would have the name of that of %s", host, one.previous.host)
			}
		}
	}
	return ""
}
