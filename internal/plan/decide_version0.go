package plan

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Applications on gateway-route that speak version 0 of the interface get no routes: they
// wait for ours, and make none. But the Python charm made them until June 2026, and those
// that are there after a refresh go on serving, with their Service and their listeners, as
// long as the application speaks version 0: to take them away would help nobody.

// oldTargetOf finds the routes that were made for an application: those of the Python charm
// that lead to the Service which it made for the one that is named, and nowhere else. Their
// names tell nothing: releases differ in them.
func oldTargetOf(s observed, requirer state.RouteRequirer) oldTarget {
	old := oldTarget{application: requirer.Application, relation: requirer.RelationID, backend: requirer.Backend, service: s.Application + "-" + requirer.Backend + "-service"}
	_, stands := s.Cluster.Services[old.service]
	if !stands || requirer.Backend == "" || s.Cluster.Gateway == nil || s.Cluster.ForeignOf("Service", old.service) != nil {
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

// isOfPython reports whether a route of the application is not made by this charm, whose routes are
// for whatever host their listener is for, and name no namespace. An application can be named
// by anybody: routes that lead to it must not outlast its relation by that.
func isOfPython(route *gatewayv1.HTTPRoute) bool {
	return len(route.Spec.Hostnames) > 0 || slices.ContainsFunc(route.Spec.ParentRefs, func(ref gatewayv1.ParentReference) bool { return ref.Namespace != nil })
}

// portsOf returns the ports of a Service that a route leads to, and whether it leads there
// and nowhere else.
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

// oldListenerOf finds what a route is attached to by one of its parent references. The
// listener need not be there: without a certificate there is none, and the route, which
// nobody could make again, waits for it.
func oldListenerOf(s observed, route *gatewayv1.HTTPRoute, ref gatewayv1.ParentReference) (at oldListener, ok bool) {
	if ref.SectionName == nil || string(ref.Name) != s.Application {
		return at, false
	}
	for _, listener := range s.Cluster.Gateway.Spec.Listeners {
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
	return oldListener{}, false
}

// addVersion0 leaves out an application that speaks version 0, by name, and keeps what there
// is of it.
func (d *decision) addVersion0(table listenerTable, requirer state.RouteRequirer) {
	reason := requirer.Problem
	old := oldTargetOf(d.observed, requirer)
	if len(old.routes) > 0 && listenerNameProblem(d.observed, old.hosts) == "" && table.claim(d.observed, old.hosts, false, 0) == "" {
		d.old = append(d.old, old)
		reason = "it speaks gateway-route version 0, and has its old route only"
	}
	d.omitOther("gateway-route", requirer.Application, requirer.RelationID, reason, "refresh "+requirer.Application+" to a release with version 1")
}

// dropOldOfTargets forgets old routes that lead to a Service of an application on ingress:
// they are its own, from before.
func (r *routing) dropOldOfTargets() {
	r.old = slices.DeleteFunc(r.old, func(old oldTarget) bool {
		return slices.ContainsFunc(r.targets, func(t target) bool {
			return t.leadsTo(old.service)
		})
	})
}
