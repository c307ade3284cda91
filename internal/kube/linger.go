package kube

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// What a route has led to stays until its controller has seen that it leads elsewhere, and
// so does the Secret of a listener that has another now. Controllers read one kind after
// the other: one that has read the old route, and then finds its Service or the policy of
// that gone, fails requests until it reads again. Traefik was seen to do so for a second.

// lingeringServices returns the names of Services that are not wanted, and stay for the moment:
// those from which a route is led away now, and those from which one has been led away,
// while its controller has not judged it since.
func lingeringServices(snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured) map[string]bool {
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

// unjudged reports whether a route has been judged, but not as it is now. One report is enough
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

// lingeringSecrets returns the names of Secrets that are not wanted, and stay for the
// moment: those of which another takes the place in a listener now, and those of which one
// has done so, while the controller has not judged the Gateway since. A Secret whose
// listener goes is nobody's any more, and goes too.
func lingeringSecrets(snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured) map[string]bool {
	stays := map[string]bool{}
	live, next := snapshot.Gateway, gatewayv1.Gateway{}
	if live == nil || len(wanted["Gateway"]) != 1 || fromUnstructured(wanted["Gateway"][0], &next) != nil {
		return stays
	}
	referred := map[string]bool{}
	for _, listener := range live.Spec.Listeners {
		after := listenerOf(&next, func(l gatewayv1.Listener) bool { return sameTraffic(l, listener) })
		for _, name := range secretsOf(listener) {
			referred[name] = true
			if after != nil && !slices.Contains(secretsOf(*after), name) {
				stays[name] = true
			}
		}
	}
	if gatewayUnjudged(live) {
		for _, name := range snapshot.names("Secret") {
			if !referred[name] {
				stays[name] = true
			}
		}
	}
	return stays
}

// gatewayUnjudged reports whether a Gateway has been judged, but not as it is now.
func gatewayUnjudged(gateway *gatewayv1.Gateway) bool {
	generation, judged := observed(gateway.Status.Conditions)
	return judged && generation != gateway.Generation && generation != 0
}

// secretsOf returns the names of the Secrets that a listener refers to.
func secretsOf(listener gatewayv1.Listener) []string {
	if listener.TLS == nil {
		return nil
	}
	var names []string
	for _, reference := range listener.TLS.CertificateRefs {
		names = append(names, string(reference.Name))
	}
	return names
}

// A lingering is what stays for the moment, by the names.
type lingering struct{ services, secrets map[string]bool }

func lingeringOf(snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured) lingering {
	return lingering{lingeringServices(snapshot, wanted), lingeringSecrets(snapshot, wanted)}
}

// has reports whether an object stays for the moment, or belongs to a Service that does.
func (l lingering) has(object *unstructured.Unstructured) bool {
	services := l.services
	switch object.GetKind() {
	case "Secret":
		return l.secrets[object.GetName()]
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
