package kube

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// bridged gives what is to be written now of what is wanted, and whether that is all.
// The last of the writes that rename listeners is told, too: routes are written in it
// only with the Gateway.
//
// Where listeners get other names, it takes two events: two listeners for the same host
// cannot be there together, so that no route could lead from one to the other. First
// every route names the next listeners beside the present ones, and nothing else of the
// Gateway and of routes changes; then, when controllers have seen that, the Gateway is
// written, and each route is attached all the while. In one event it would be a race,
// since controllers follow Gateways and routes apart.
//
// This charm does not rename listeners, but it takes over those of an early release of
// its predecessor, and a refresh is three events.
func bridged(snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured, manager string) (now map[string][]*unstructured.Unstructured, last, all bool) {
	if !renames(snapshot.Gateway, wanted["Gateway"]) {
		return wanted, false, true
	}
	now = maps.Clone(wanted)
	now["HTTPRoute"] = bridges(snapshot, wanted["HTTPRoute"])
	there := func(route *unstructured.Unstructured) bool {
		live := snapshot.live[key{"HTTPRoute", route.GetName()}]
		return live != nil && same(route, live, manager)
	}
	if !slices.ContainsFunc(now["HTTPRoute"], func(route *unstructured.Unstructured) bool { return !there(route) }) {
		return wanted, true, true
	}
	delete(now, "Gateway")
	return now, false, false
}

// renames says that a listener of the live Gateway is to be replaced by one of another
// name for the same port and host.
func renames(live *gatewayv1.Gateway, wanted []*unstructured.Unstructured) bool {
	var next gatewayv1.Gateway
	if live == nil || len(wanted) != 1 || fromUnstructured(wanted[0], &next) != nil {
		return false
	}
	return slices.ContainsFunc(next.Spec.Listeners, func(listener gatewayv1.Listener) bool {
		return listenerOf(live, func(l gatewayv1.Listener) bool { return l.Name == listener.Name }) == nil &&
			listenerOf(live, func(l gatewayv1.Listener) bool { return sameTraffic(l, listener) }) != nil
	})
}

func listenerOf(gateway *gatewayv1.Gateway, is func(gatewayv1.Listener) bool) *gatewayv1.Listener {
	i := slices.IndexFunc(gateway.Spec.Listeners, is)
	if i < 0 {
		return nil
	}
	return &gateway.Spec.Listeners[i]
}

// sameTraffic says that two listeners cannot be there together.
func sameTraffic(a, b gatewayv1.Listener) bool {
	return a.Port == b.Port && ptr.Deref(a.Hostname, "") == ptr.Deref(b.Hostname, "")
}

// maxParents is how many parents a route can have (Gateway API, CommonRouteSpec).
const maxParents = 32

// bridges gives the routes with their present parents besides those they shall have.
func bridges(snapshot *Snapshot, wanted []*unstructured.Unstructured) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, route := range wanted {
		live := snapshot.live[key{"HTTPRoute", route.GetName()}]
		if live != nil {
			route = withParentsOf(route, live)
		}
		all = append(all, route)
	}
	return all
}

func withParentsOf(route, live *unstructured.Unstructured) *unstructured.Unstructured {
	parents, _, _ := unstructured.NestedSlice(route.Object, "spec", "parentRefs")
	present, _, _ := unstructured.NestedSlice(live.Object, "spec", "parentRefs")
	for _, parent := range present {
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
