package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/relation/gatewayroute"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// RouteAnswer is what one application that writes routes of its own is told.
type RouteAnswer struct {
	RelationID int `json:"relationID"`
	// Gateway is what it may attach its routes to; nil withdraws what is there.
	Gateway *gatewayroute.Gateway `json:"gateway"`
}

// addRoutes judges the applications on gateway-route, oldest relation first, after
// those on ingress: a host for which there is no listener left, or whose listener
// would have the name of another's, leaves out the newer one. The same host for
// several is nobody's loss: their routes tell paths apart.
func (r *routing) addRoutes(s state.State, set settings) {
	listeners := map[string]string{} // name of the listener → host
	for _, name := range r.ownHosts(set) {
		listeners[dashed(name)] = name
	}
	for _, requirer := range routesByAge(s.RouteRequirers) {
		if requirer.Waiting {
			r.silent = append(r.silent, omission{application: requirer.Application, iface: "gateway-route"})
			continue
		}
		hosts := slices.Clone(requirer.Hostnames)
		if requirer.Hostless {
			hosts = append(hosts, "")
		}
		reason := requirer.Problem
		if reason == "" {
			reason = claim(listeners, hosts)
		}
		if reason != "" {
			r.omitted = append(r.omitted, omission{application: requirer.Application, iface: "gateway-route", reason: reason})
			r.remarks = append(r.remarks, fmt.Sprintf("%s (relation %d): not served: %s", requirer.Application, requirer.RelationID, reason))
			continue
		}
		r.routes = append(r.routes, routeTarget{RouteRequirer: requirer, hosts: hosts})
	}
}

// claim takes listeners for all of the hosts, or says why that cannot be.
func claim(listeners map[string]string, hosts []string) string {
	var fresh []string
	for _, host := range hosts {
		other, taken := listeners[dashed(host)]
		switch {
		case taken && other != host:
			return fmt.Sprintf("the listener of %s would have the name of that of %s", host, other)
		case !taken:
			fresh = append(fresh, host)
		}
	}
	if len(listeners)+len(fresh) > maxHosts {
		return fmt.Sprintf("there is no listener left for %s: a Gateway serves %d hosts at most", fresh[0], maxHosts)
	}
	for _, host := range fresh {
		listeners[dashed(host)] = host
	}
	return ""
}

func routesByAge(requirers []state.RouteRequirer) []state.RouteRequirer {
	return slices.SortedFunc(slices.Values(requirers), func(a, b state.RouteRequirer) int {
		return cmp.Compare(a.RelationID, b.RelationID)
	})
}

// opens says that some application may attach routes of its own to the host.
func (r routing) opens(host string) bool {
	return slices.ContainsFunc(r.routes, func(t routeTarget) bool { return slices.Contains(t.hosts, host) })
}

// routeAnswers gives what each application on gateway-route is told. One that has not
// written is told nothing, and so is nobody while the Gateway has no address.
func routeAnswers(s state.State, set settings, routing routing) []RouteAnswer {
	var all []RouteAnswer
	reachable := addresses(s.Cluster.Gateway)
	for _, requirer := range routesByAge(s.RouteRequirers) {
		served := slices.ContainsFunc(routing.routes, func(t routeTarget) bool { return t.RelationID == requirer.RelationID })
		switch {
		case requirer.Waiting:
		case !served:
			all = append(all, RouteAnswer{RelationID: requirer.RelationID})
		case len(reachable) > 0:
			all = append(all, RouteAnswer{RelationID: requirer.RelationID, Gateway: gatewayFor(s, set, reachable[0])})
		}
	}
	return all
}

func gatewayFor(s state.State, set settings, address string) *gatewayroute.Gateway {
	gateway := &gatewayroute.Gateway{Address: address, Model: s.Model, Name: s.Application, HTTPSMode: gatewayroute.Disabled}
	switch {
	case set.enforce:
		gateway.HTTPSMode, gateway.HSTSMaxAge = gatewayroute.Enforced, &set.hsts
	case s.Certificates.Related:
		gateway.HTTPSMode = gatewayroute.Enabled
	}
	return gateway
}
