package plan

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
)

// How a route comes to lead to other Services, if the proxy gets the route before it is ready for
// them. Cilium's agent gives Envoy the cluster of a new Service and the route to it at the same
// time, and removes the cluster of an old Service before the route. Until Envoy has both, it
// answers with 503 what the route sends there. So the charm first names a new Service with weight
// 0: Envoy prepares for it and sends it nothing. When the controller has judged that, the new
// Service gets its share, and a Service that the route no longer leads to is left at 0. When the
// controller has judged that too, the old Service is removed.
//
//	live           → what is written    → then          → then
//	a:1            → a:1 b:0            → a:1 b:1
//	a:1 b:1        → a:1 b:0            → a:1
//	all:1          → all:1 a:0 b:0      → all:0 a:1 b:1 → a:1 b:1

// staged returns what a route leads to for now, if it is to lead to the Services of next. Only
// applications that speak TLS have more than one Service, or other Services than before.
func (d *decision) staged(t target, name string, next []gatewayv1.HTTPBackendRef) []gatewayv1.HTTPBackendRef {
	if !speaksTLS(t.Requirer) || d.class.does(controller.ReadiesAtZero) != controller.Yes {
		return next
	}
	i := slices.IndexFunc(d.Cluster.Routes, func(route gatewayv1.HTTPRoute) bool { return route.Name == name })
	if i < 0 || len(d.Cluster.Routes[i].Spec.Rules) != 1 {
		return next
	}
	live := &d.Cluster.Routes[i]
	before := live.Spec.Rules[0].BackendRefs
	if led := union(next, before); len(led) > maxBackends || !d.mayStay(t, before) {
		return next
	}
	return stage(before, next, d.isSeen(live))
}

// stage returns the references of a route, from those that it has, those that it is to have, and
// whether the controller has judged it with those that it has. At least one of those that it has
// gets requests.
func stage(before, next []gatewayv1.HTTPBackendRef, seen bool) []gatewayv1.HTTPBackendRef {
	wanted := func(ref gatewayv1.HTTPBackendRef) bool { return has(next, ref) }
	ready := func(ref gatewayv1.HTTPBackendRef) bool {
		return has(before, ref) && (weightOf(before, ref) > 0 || seen)
	}
	complete := !slices.ContainsFunc(next, func(ref gatewayv1.HTTPBackendRef) bool { return !ready(ref) })
	serves := func(ref gatewayv1.HTTPBackendRef) bool {
		return wanted(ref) && has(before, ref) && weightOf(before, ref) > 0
	}
	alone := !complete && !slices.ContainsFunc(before, serves)
	var all []gatewayv1.HTTPBackendRef
	for _, ref := range union(next, before) {
		switch {
		case wanted(ref) && (complete || serves(ref)):
			all = append(all, withWeight(ref, 1))
		case wanted(ref):
			all = append(all, withWeight(ref, 0))
		case alone && weightOf(before, ref) > 0: // It gets requests until the others are ready.
			all = append(all, withWeight(ref, 1))
		case weightOf(before, ref) > 0 || !seen:
			all = append(all, withWeight(ref, 0))
		}
	}
	return all
}

// mayStay reports whether a route may lead to its present Services a little longer: they are ours,
// the Gateway speaks TLS to what is behind them, and no other application is to have them now. At
// least one of them gets requests.
func (d *decision) mayStay(t target, refs []gatewayv1.HTTPBackendRef) bool {
	carries := false
	for _, ref := range refs {
		if ref.Namespace != nil || ref.Port == nil || int32(*ref.Port) != portOf(t) || d.isOthers(t, string(ref.Name)) {
			return false
		}
		if weightOf(refs, ref) == 0 {
			continue
		}
		if !slices.Contains(d.Cluster.TLSServices, string(ref.Name)) {
			return false
		}
		carries = true
	}
	return carries
}

// isOthers reports whether a Service is to belong to another application.
func (r *routing) isOthers(t target, service string) bool {
	return slices.ContainsFunc(r.targets, func(other target) bool {
		return other.RelationID != t.RelationID && other.leadsTo(service)
	})
}

// isSeen reports whether our controller has judged a route in its present form, at each of its
// listeners.
func (d *decision) isSeen(route *gatewayv1.HTTPRoute) bool {
	return !slices.ContainsFunc(route.Spec.ParentRefs, func(parent gatewayv1.ParentReference) bool {
		if parent.SectionName == nil {
			return true
		}
		report := d.parentStatus(route, string(*parent.SectionName))
		return report == nil || !acceptedOf(report.Conditions, route.Generation).known
	})
}

func has(refs []gatewayv1.HTTPBackendRef, ref gatewayv1.HTTPBackendRef) bool {
	return slices.ContainsFunc(refs, sameBackend(ref))
}

// union returns the references of both lists; for a Service in both, that of the first.
func union(first, second []gatewayv1.HTTPBackendRef) []gatewayv1.HTTPBackendRef {
	all := slices.Clone(first)
	for _, ref := range second {
		if !slices.ContainsFunc(all, sameBackend(ref)) {
			all = append(all, ref)
		}
	}
	return all
}

func sameBackend(ref gatewayv1.HTTPBackendRef) func(gatewayv1.HTTPBackendRef) bool {
	return func(other gatewayv1.HTTPBackendRef) bool { return other.Name == ref.Name }
}

// weightOf returns the weight of a Service in a list that names it.
func weightOf(refs []gatewayv1.HTTPBackendRef, ref gatewayv1.HTTPBackendRef) int32 {
	i := slices.IndexFunc(refs, sameBackend(ref))
	if i < 0 || refs[i].Weight == nil {
		return 1
	}
	return *refs[i].Weight
}

// withWeight returns a reference to the same Service with another weight, in the form that the
// charm writes.
func withWeight(ref gatewayv1.HTTPBackendRef, weight int32) gatewayv1.HTTPBackendRef {
	return backendRef(string(ref.Name), *ref.Port, weight)
}

func backendRef(service string, port gatewayv1.PortNumber, weight int32) gatewayv1.HTTPBackendRef {
	return gatewayv1.HTTPBackendRef{
		BackendRef: gatewayv1.BackendRef{
			BackendObjectReference: gatewayv1.BackendObjectReference{
				Group: ptr(gatewayv1.Group("")),
				Kind:  ptr(gatewayv1.Kind("Service")),
				Name:  gatewayv1.ObjectName(service),
				Port:  ptr(port),
			},
			Weight: ptr(weight),
		},
	}
}

// unready returns the names of the routes that do not lead to all their Services yet.
func unready(objects []Object) []string {
	wanted := map[string]bool{}
	for _, object := range objects {
		if _, is := object.(*service); is {
			wanted[object.GetName()] = true
		}
	}
	var names []string
	for _, object := range objects {
		route, is := object.(*gatewayv1.HTTPRoute)
		if is && slices.ContainsFunc(route.Spec.Rules, func(rule gatewayv1.HTTPRouteRule) bool {
			return slices.ContainsFunc(rule.BackendRefs, func(ref gatewayv1.HTTPBackendRef) bool {
				return wanted[string(ref.Name)] && weightOf(rule.BackendRefs, ref) == 0
			})
		}) {
			names = append(names, route.Name)
		}
	}
	return names
}
