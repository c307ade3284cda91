package kube

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// What a route has led to stays until its controller has seen that it leads elsewhere.
// Controllers read one kind after the other: one that has read the old route, and then
// finds its Service or the policy of that gone, fails requests until it reads again.
// Traefik was seen to do so for a second.

// lingering gives the names of Services that are not wanted, and stay for the moment:
// those from which a route is led away now, and those from which one has been led away,
// while its controller has not judged it since.
func lingering(snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured) map[string]bool {
	stays := map[string]bool{}
	for _, route := range wanted["HTTPRoute"] {
		stays[route.GetName()] = true
	}
	led, ledAway, behind := map[string]bool{}, map[string]bool{}, false
	for _, name := range snapshot.names("HTTPRoute") {
		route := snapshot.live[key{"HTTPRoute", name}]
		for _, service := range backends(route) {
			led[service] = true
			ledAway[service] = ledAway[service] || stays[name]
		}
	}
	for i := range snapshot.Routes {
		behind = behind || stays[snapshot.Routes[i].Name] && unjudged(&snapshot.Routes[i])
	}
	for _, name := range snapshot.names("Service") {
		if !led[name] && behind {
			ledAway[name] = true
		}
	}
	for _, service := range wanted["Service"] {
		delete(ledAway, service.GetName())
	}
	return ledAway
}

// unjudged says that a route has been judged, but not as it is now. One report is enough
// that is not old, and in it one condition: a controller may leave others as they were,
// and reports that nobody needs any more. Where a controller names no generation, what it
// says counts, or what a route has led to would stay for ever.
func unjudged(route *gatewayv1.HTTPRoute) bool {
	before := false
	for _, parent := range route.Status.Parents {
		generation, judged := observed(parent.Conditions)
		if judged && (generation == route.Generation || generation == 0) {
			return false
		}
		before = before || judged
	}
	return before
}

// lingers says that an object belongs to a Service that stays for the moment.
func lingers(object *unstructured.Unstructured, services map[string]bool) bool {
	switch object.GetKind() {
	case "Service":
		return services[object.GetName()]
	case "EndpointSlice":
		return services[object.GetLabels()[labelServiceName]]
	case kindPolicy:
		for _, name := range namesIn(object, "spec", "targetRefs") {
			if services[name] {
				return true
			}
		}
	}
	return false
}
