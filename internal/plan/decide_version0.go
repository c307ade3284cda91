package plan

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Applications on gateway-route that speak version 0 of the interface get no new routes: they make
// no routes themselves, and wait for ours. The Python charm made such routes until June 2026. Those
// that exist after a refresh are still served, with their Service and their listeners, as long as
// the application speaks version 0: to remove them would help nobody.

// addVersion0 omits an application that speaks version 0, and keeps the routes that exist for it.
func (d *decision) addVersion0(table listenerTable, requirer state.RouteRequirer) {
	reason := requirer.Problem
	old := oldTargetOf(d.observed, requirer)
	if len(old.routes) > 0 && listenerNameProblem(d.observed, old.hosts) == "" && table.claim(d.observed, old.hosts, false, 0) == "" {
		d.old = append(d.old, old)
		reason = "it speaks gateway-route version 0, and has its old route only"
	}
	d.omitOther("gateway-route", requirer.Application, requirer.RelationID, reason, "refresh "+requirer.Application+" to a release with version 1")
}

// oldTargetOf finds the routes that were made for an application: those of the Python charm that
// lead to the Service which it made for the named backend, and nowhere else. Their names tell
// nothing, because releases differ in them.
func oldTargetOf(s observed, requirer state.RouteRequirer) oldTarget {
	old := oldTarget{application: requirer.Application, relation: requirer.RelationID, backend: requirer.Backend, service: s.Application + "-" + requirer.Backend + "-service"}
	_, stands := s.Cluster.Services[old.service]
	if !stands || requirer.Backend == "" || s.Cluster.ForeignOf("Service", old.service) != nil {
		return old
	}
	for i := range s.Cluster.Routes {
		route := &s.Cluster.Routes[i]
		ports, ok := portsOf(route, s.Model, old.service)
		if !ok || route.DeletionTimestamp != nil || !isOfPython(route) {
			continue
		}
		one := oldRoute{HTTPRoute: route}
		for _, ref := range route.Spec.ParentRefs {
			if at, ok := oldListenerOf(s, route, ref); ok && !slices.Contains(one.at, at) {
				one.at, old.hosts = append(one.at, at), append(old.hosts, at.host)
			}
		}
		if len(one.at) > 0 {
			old.routes, old.ports = append(old.routes, one), append(old.ports, ports...)
		}
	}
	slices.SortFunc(old.routes, func(a, b oldRoute) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(old.hosts)
	slices.Sort(old.ports)
	old.hosts, old.ports = slices.Compact(old.hosts), slices.Compact(old.ports)
	return old
}

// isOfPython reports whether a route of the application was not made by this charm. Our routes have
// no hostnames, because their listener has one, and name no namespace. Anybody can name any
// application as backend: that alone must not let routes outlast the relation that they were made
// for.
func isOfPython(route *gatewayv1.HTTPRoute) bool {
	return len(route.Spec.Hostnames) > 0 || slices.ContainsFunc(route.Spec.ParentRefs, func(ref gatewayv1.ParentReference) bool { return ref.Namespace != nil })
}

// portsOf returns the ports of a Service that a route leads to, and whether the route leads only
// there.
func portsOf(route *gatewayv1.HTTPRoute, namespace, service string) (ports []int32, only bool) {
	for _, rule := range route.Spec.Rules {
		for _, ref := range rule.BackendRefs {
			elsewhere := ref.Namespace != nil && string(*ref.Namespace) != namespace
			if elsewhere || string(ref.Name) != service || ref.Kind != nil && *ref.Kind != "Service" || ref.Port == nil {
				return nil, false
			}
			ports = append(ports, int32(*ref.Port))
		}
	}
	return ports, len(ports) > 0
}

// oldListenerOf finds the listener that a route is attached to by one of its parent references. The
// listener may be missing: without a certificate there is none, and somebody may have deleted it. The
// route waits for it, because nobody could make that route again.
func oldListenerOf(s observed, route *gatewayv1.HTTPRoute, ref gatewayv1.ParentReference) (at oldListener, ok bool) {
	if ref.SectionName == nil || string(ref.Name) != s.Application {
		return at, false
	}
	for _, listener := range listenersOf(s) {
		if listener.Name == *ref.SectionName {
			if listener.Hostname != nil {
				at.host = string(*listener.Hostname)
			}
			at.secure = listener.Protocol == gatewayv1.HTTPSProtocolType
			return at, true
		}
	}
	for _, hostname := range route.Spec.Hostnames {
		at = oldListener{host: string(hostname)}
		if string(*ref.SectionName) == httpListenerName(s, at.host) {
			return at, true
		}
		if at.secure = true; string(*ref.SectionName) == httpsListenerName(s, at.host) {
			return at, true
		}
	}
	// Without a hostname, the name has an address, which may not be known at the moment.
	section, found := strings.CutPrefix(string(*ref.SectionName), s.Application+"-http")
	address, secure := strings.CutPrefix(section, "s")
	byAddress := address == "" || secure && looksLikeAddress(strings.TrimPrefix(address, "-"))
	return oldListener{secure: secure}, found && byAddress && len(route.Spec.Hostnames) == 0
}

// dropOldOfTargets drops old routes that lead to a Service of an application on ingress: they
// belong to that application, from an earlier release.
func (r *routing) dropOldOfTargets() {
	r.old = slices.DeleteFunc(r.old, func(old oldTarget) bool {
		return slices.ContainsFunc(r.targets, func(t target) bool {
			return t.leadsTo(old.service)
		})
	})
}

// takenByVersion0 returns why a target of another model cannot come to a place: a route is kept there
// for an application that speaks version 0; empty if none is.
func (d *decision) takenByVersion0(t target, at place) string {
	if !t.remote {
		return ""
	}
	for _, old := range d.old {
		for _, route := range old.routes {
			if pathOf(route.HTTPRoute) == at.path && slices.ContainsFunc(route.at, func(l oldListener) bool { return l.host == at.host }) {
				return "path " + at.path + " belongs to " + old.application
			}
		}
	}
	return ""
}
