package plan

import (
	"cmp"
	"fmt"
	"maps"
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

// A listenerRoom is who holds which listeners: the host by what stands for it in their
// names.
type listenerRoom map[string]string

// claim takes listeners for all of the hosts, or says why that cannot be. Those to which
// applications attach routes themselves can have no names but those that these expect.
// Beside what the room holds, so many more listeners are in use.
func (room listenerRoom) claim(s state.State, hosts []string, attached bool, more int) string {
	fresh := listenerRoom{}
	first := ""
	for _, host := range hosts {
		label := listenerLabel(s, host)
		if attached && label != dashed(host) {
			label = dashed(host)
			if _, taken := room[label]; !taken {
				return fmt.Sprintf("the listener of %s has a name of another form", host)
			}
		}
		other, taken := room.holder(s, label)
		if !taken {
			other, taken = fresh.holder(s, label)
		}
		switch {
		case taken && other != host:
			return fmt.Sprintf("the listener of %s would have the name of that of %s", host, other)
		case !taken:
			first = cmp.Or(first, host)
			fresh[label] = host
		}
	}
	if len(fresh) > 0 && len(room)+len(fresh)+more > maxHosts {
		return fmt.Sprintf("there is no listener left for %s: a Gateway serves %d hosts at most", cmp.Or(first, "its addresses"), maxHosts)
	}
	maps.Copy(room, fresh)
	return ""
}

// claimEach takes listeners for each of the hosts for which it can, and gives these.
func (room listenerRoom) claimEach(s state.State, hosts []string) []string {
	var all []string
	for _, host := range hosts {
		if unnamable(s, []string{host}) == "" && room.claim(s, []string{host}, true, 0) == "" {
			all = append(all, host)
		}
	}
	return all
}

// holder returns the host that has listeners of the names which a label stands for.
func (room listenerRoom) holder(s state.State, label string) (host string, taken bool) {
	if host, taken = room[label]; taken {
		return host, true
	}
	for _, other := range slices.Sorted(maps.Keys(room)) {
		if alikeCut(s, label, other) {
			return room[other], true
		}
	}
	return "", false
}

// addRoute judges one application on gateway-route. A host for which there is no listener
// left, or whose listener would have the name of one that has been given to another, leaves
// it out. The same host for several is nobody's loss: their routes tell paths apart.
func (d *decision) addRoute(room listenerRoom, rank int, requirer state.RouteRequirer) {
	for _, remark := range requirer.Remarks {
		d.remark(requirer.Application, requirer.RelationID, remark)
	}
	if requirer.Waiting {
		d.silent = append(d.silent, omission{application: requirer.Application, relation: requirer.RelationID, iface: "gateway-route"})
		return
	}
	if requirer.Version0 {
		d.addVersion0(room, requirer)
		return
	}
	hosts := d.hostsFor(requirer)
	if requirer.Problem == "" {
		hosts = d.bound(requirer, hosts)
	}
	reason := cmp.Or(requirer.Problem, unnamable(d.State, hosts))
	if reason == "" {
		reason = room.claim(d.State, hosts, true, d.leaving(room, rank))
	}
	if kept := d.kept[requirer.RelationID]; reason != "" && requirer.Problem == "" && len(kept) > 0 {
		d.leaveNewHosts(requirer, hosts, kept, reason)
		hosts, reason = kept, ""
	}
	if reason != "" {
		d.omitRoute(requirer, reason)
		return
	}
	if d.heldBare(requirer, hosts) {
		_ = room.claim(d.State, []string{""}, true, 0) // It keeps the room, until its namespace is known again.
	}
	d.routes = append(d.routes, routeTarget{RouteRequirer: requirer, hosts: hosts})
}

// leaving counts the hosts at which applications are served until they have moved. Who is
// not served yet has to wait for them to leave: it would be told of listeners that are not
// there. An application on ingress is told nothing until there is one.
func (r *routing) leaving(room listenerRoom, rank int) int {
	if rank < rankLocal {
		return 0
	}
	hosts := map[string]bool{}
	for _, t := range r.targets {
		if t.kept != nil && !slices.Contains(slices.Collect(maps.Values(room)), t.kept.host) {
			hosts[t.kept.host] = true
		}
	}
	return len(hosts)
}

// unnamable says of which host the listeners could not have the names by which the
// application would refer to them; empty when there is none. The HTTPS listener for any host
// is called after an address, and its Secret is.
func unnamable(s state.State, hosts []string) string {
	for _, host := range hosts {
		if readsAsAddress(host) {
			return fmt.Sprintf("the listener of %s would have the name of that of an address", host)
		}
		if len(s.Application+"-https-"+host) > maxSubdomainName {
			return fmt.Sprintf("the name of the listener would be longer than %d characters for %s", maxSubdomainName, host)
		}
	}
	return ""
}

func (r *routing) omitRoute(requirer state.RouteRequirer, reason string) {
	r.omit("gateway-route", requirer.Application, requirer.RelationID, reason, "")
}

// yieldToKept leaves out who wants listeners of the name of those at which an
// application is served until its new host has a certificate.
func (d *decision) yieldToKept() {
	d.routes = slices.DeleteFunc(d.routes, func(route routeTarget) bool {
		for _, t := range d.targets {
			if t.kept == nil {
				continue
			}
			for _, host := range route.hosts {
				if dashed(host) == listenerLabel(d.State, t.kept.host) && host != t.kept.host {
					d.omitRoute(route.RouteRequirer, fmt.Sprintf("the listener of %s would have the name of that of %s", host, t.kept.host))
					return true
				}
			}
		}
		return false
	})
}

func routesByAge(s state.State) []state.RouteRequirer {
	return byAge(s.RouteRequirers, func(r state.RouteRequirer) int { return r.RelationID })
}

// routeAnswers returns what each application on gateway-route is told. Who is not served
// is told nothing, not even what was true before; who is, nothing new while the Gateway
// has no address, nor who comes before its listeners are there.
func (d *decision) routeAnswers() []RouteAnswer {
	var all []RouteAnswer
	reachable := addresses(d.Cluster.Gateway)
	if h := d.host(""); h != nil && h.secure() {
		reachable = h.covered(reachable)
	}
	if named := namingAddress(d.State); slices.Contains(reachable, named) {
		reachable = []string{named} // The name of the listener is made of it.
	}
	for _, requirer := range routesByAge(d.State) {
		i := slices.IndexFunc(d.routes, func(t routeTarget) bool { return t.RelationID == requirer.RelationID })
		served := i >= 0
		lacks := func(host string) bool { return !d.listensFor(host) }
		switch {
		case served && (gatewayStays(d.State) || d.Cluster.Written && !requirer.Told) && slices.ContainsFunc(d.routes[i].hosts, lacks):
		case !served:
			all = append(all, RouteAnswer{RelationID: requirer.RelationID})
		case len(reachable) > 0:
			all = append(all, RouteAnswer{RelationID: requirer.RelationID, Gateway: d.gatewayFor(reachable[0])})
		}
	}
	return all
}

func (d *decision) gatewayFor(address string) *gatewayroute.Gateway {
	// The application's routes refer to the Gateway by what it is told here, as a namespace.
	gateway := &gatewayroute.Gateway{Address: address, Model: d.InNamespace(), Name: d.Application, HTTPSMode: gatewayroute.Disabled}
	switch {
	case d.Config.EnforceHTTPS:
		gateway.HTTPSMode, gateway.HSTSMaxAge = gatewayroute.Enforced, &d.Config.HSTSMaxAge
	case d.Certificates.Related:
		gateway.HTTPSMode = gatewayroute.Enabled
	}
	return gateway
}
