package kube

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// bridged returns what is to be written now of what is wanted, and the listeners that routes
// keep for the moment. While there are such, routes are all that may be pruned, save those
// that are attached to one of these.
//
// Where listeners get other names, it takes three events: two listeners for the same host
// cannot be there together, so that no route could lead from one to the other. First
// every route that is attached to one of the present ones names the next beside it, and
// the Gateway stays. When the controller has judged these routes, the Gateway is written;
// and when that has been judged, the routes name the next listener alone, and those that
// are replaced go. So each of them is attached all the while, whichever of the two the
// controller reads first: it follows Gateways and routes apart. Routes that are attached to no
// such listener lose nothing, and are not waited for: they may never be taken.
//
// This charm does not rename listeners, but it takes over those of an early release of
// its predecessor, and a refresh is three events.
func bridged(snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured, manager string) (now map[string][]*unstructured.Unstructured, kept []string) {
	replaced := replacedListeners(snapshot.Gateway, wanted["Gateway"])
	kept = replaced
	if len(replaced) == 0 {
		kept = renamedListeners(snapshot)
	}
	if len(kept) == 0 {
		return wanted, nil
	}
	now = maps.Clone(wanted)
	now["HTTPRoute"] = nil
	ready := true
	for _, route := range wanted["HTTPRoute"] {
		live := snapshot.live[key{"HTTPRoute", route.GetName()}]
		if live != nil && attachedToAny(live, kept) {
			route = withParentsOf(route, live)
			ready = ready && same(route, live, manager) && !awaitsJudgement(snapshot, wanted["Gateway"], route.GetName())
		}
		now["HTTPRoute"] = append(now["HTTPRoute"], route)
	}
	if len(replaced) > 0 && (!ready || waitForSuccessors(snapshot, wanted["HTTPRoute"], replaced)) {
		delete(now, "Gateway")
	}
	return now, kept
}

// awaitsJudgement reports whether a route was changed, and its controller has not judged it since.
// One of a class that the Gateway is going to leave may never do so.
func awaitsJudgement(snapshot *Snapshot, wanted []*unstructured.Unstructured, name string) bool {
	for _, gateway := range wanted {
		class, _, _ := unstructured.NestedString(gateway.Object, "spec", "gatewayClassName")
		if class != string(snapshot.Gateway.Spec.GatewayClassName) {
			return false
		}
	}
	return slices.ContainsFunc(snapshot.Routes, func(route gatewayv1.HTTPRoute) bool { return route.Name == name && unjudged(&route) })
}

// renamedListeners returns the names that routes have for listeners which the Gateway has no
// more, as long as its controller has not judged it since.
func renamedListeners(snapshot *Snapshot) []string {
	if snapshot.Gateway == nil || !gatewayUnjudged(snapshot.Gateway) {
		return nil
	}
	var names []string
	for _, name := range snapshot.names("HTTPRoute") {
		for _, parent := range parentsOf(snapshot.live[key{"HTTPRoute", name}]) {
			is := func(l gatewayv1.Listener) bool { return string(l.Name) == section(parent) }
			if section(parent) != "" && listenerOf(snapshot.Gateway, is) == nil {
				names = append(names, section(parent))
			}
		}
	}
	return names
}

// waitForSuccessors reports whether routes are attached to the listeners that are going to be
// replaced, while none that is wanted is there yet: they have other names, and have to be
// made before the Gateway is written. Where some are there, the others may be refused, and
// are not waited for.
func waitForSuccessors(snapshot *Snapshot, wanted []*unstructured.Unstructured, replaced []string) bool {
	there := func(route *unstructured.Unstructured) bool {
		return snapshot.live[key{"HTTPRoute", route.GetName()}] != nil
	}
	inUse := slices.ContainsFunc(snapshot.names("HTTPRoute"), func(name string) bool {
		return attachedToAny(snapshot.live[key{"HTTPRoute", name}], replaced)
	})
	return inUse && len(wanted) > 0 && !slices.ContainsFunc(wanted, there)
}

// withRoutesInUse adds to what is wanted the live routes that are attached to listeners
// which are replaced: what they serve is served until the next routes are attached.
func withRoutesInUse(snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured, replaced []string) map[string][]*unstructured.Unstructured {
	routes := slices.Clone(wanted["HTTPRoute"])
	for _, name := range snapshot.names("HTTPRoute") {
		if live := snapshot.live[key{"HTTPRoute", name}]; attachedToAny(live, replaced) {
			routes = append(routes, live)
		}
	}
	wanted = maps.Clone(wanted)
	wanted["HTTPRoute"] = routes
	return wanted
}

// replacedListeners returns the names of the live Gateway's listeners that are to be
// replaced by one of another name for the same port and host.
func replacedListeners(live *gatewayv1.Gateway, wanted []*unstructured.Unstructured) []string {
	var next gatewayv1.Gateway
	if live == nil || len(wanted) != 1 || fromUnstructured(wanted[0], &next) != nil {
		return nil
	}
	var names []string
	for _, listener := range next.Spec.Listeners {
		before := listenerOf(live, func(l gatewayv1.Listener) bool { return sameTraffic(l, listener) })
		if before != nil && listenerOf(live, func(l gatewayv1.Listener) bool { return l.Name == listener.Name }) == nil {
			names = append(names, string(before.Name))
		}
	}
	return names
}

// attachedToAny reports whether a route names one of the listeners.
func attachedToAny(route *unstructured.Unstructured, listeners []string) bool {
	return slices.ContainsFunc(parentsOf(route), func(parent any) bool { return slices.Contains(listeners, section(parent)) })
}

func parentsOf(route *unstructured.Unstructured) []any {
	parents, _, _ := unstructured.NestedSlice(route.Object, "spec", "parentRefs")
	return parents
}

func listenerOf(gateway *gatewayv1.Gateway, is func(gatewayv1.Listener) bool) *gatewayv1.Listener {
	i := slices.IndexFunc(gateway.Spec.Listeners, is)
	if i < 0 {
		return nil
	}
	return &gateway.Spec.Listeners[i]
}

// sameTraffic reports whether two listeners cannot be there together.
func sameTraffic(a, b gatewayv1.Listener) bool {
	return a.Port == b.Port && ptr.Deref(a.Hostname, "") == ptr.Deref(b.Hostname, "")
}

// maxParents is how many parents a route can have (Gateway API, CommonRouteSpec).
const maxParents = 32

// staying returns the routes that may be written though the Gateway could not be: not those
// that would leave a listener that is there for one that is not, nor new ones that no
// listener is there for.
func staying(snapshot *Snapshot, routes []*unstructured.Unstructured) []*unstructured.Unstructured {
	if snapshot.Gateway == nil {
		return routes
	}
	there := func(parent any) bool {
		name := section(parent)
		return name == "" || listenerOf(snapshot.Gateway, func(l gatewayv1.Listener) bool { return string(l.Name) == name }) != nil
	}
	return slices.DeleteFunc(slices.Clone(routes), func(route *unstructured.Unstructured) bool {
		live := snapshot.live[key{"HTTPRoute", route.GetName()}]
		next := parentsOf(route)
		switch {
		case live == nil:
			return !slices.ContainsFunc(next, there)
		case !slices.ContainsFunc(next, func(parent any) bool { return !there(parent) }):
			return false
		}
		return slices.ContainsFunc(parentsOf(live), func(parent any) bool {
			stays := func(other any) bool { return section(other) == section(parent) }
			return there(parent) && !slices.ContainsFunc(next, stays)
		})
	})
}

// withParentsOf returns a route with its present parents besides those it shall have.
func withParentsOf(route, live *unstructured.Unstructured) *unstructured.Unstructured {
	parents := parentsOf(route)
	for _, parent := range parentsOf(live) {
		there := func(other any) bool { return section(other) == section(parent) }
		if !slices.ContainsFunc(parents, there) {
			parents = append(parents, parent)
		}
	}
	if len(parents) > maxParents {
		return route
	}
	both := route.DeepCopy()
	if unstructured.SetNestedSlice(both.Object, parents, "spec", "parentRefs") != nil {
		return route
	}
	return both
}

// section is the name of the listener that a route's parent reference names.
func section(parent any) string {
	reference, _ := parent.(map[string]any)
	name, _ := reference["sectionName"].(string)
	return name
}
