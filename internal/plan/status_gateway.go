package plan

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The rungs of the ladder that read what the controller says of our objects.

// gatewayStatus reads the Gateway as a whole.
func gatewayStatus(gateway *gatewayv1.Gateway, set settings) *Status {
	if gateway == nil {
		return statusOf(waiting("Waiting for gateway address"))
	}
	conditions, generation := gateway.Status.Conditions, gateway.Generation
	accepted := conditionOf(conditions, string(gatewayv1.GatewayConditionAccepted), generation)
	if !accepted.known {
		return statusOf(waiting("Waiting for the controller of gateway class " + set.class + " to accept the Gateway"))
	}
	if accepted.is(false) && accepted.Reason == string(gatewayv1.GatewayReasonListenersNotValid) {
		return nil // The listeners tell more.
	}
	if accepted.is(false) {
		return statusOf(blocked("Gateway is not accepted: " + accepted.because()))
	}
	programmed := conditionOf(conditions, string(gatewayv1.GatewayConditionProgrammed), generation)
	if !programmed.known {
		return statusOf(waiting("Waiting for the controller of gateway class " + set.class + " to program the Gateway"))
	}
	if programmed.is(true) {
		return nil
	}
	switch programmed.Reason {
	case string(gatewayv1.GatewayReasonAddressNotAssigned), string(gatewayv1.GatewayReasonPending):
		return statusOf(waiting("Waiting for gateway address: " + programmed.because()))
	case string(gatewayv1.GatewayReasonAddressNotUsable):
		return statusOf(blocked("Gateway address cannot be used: " + programmed.because()))
	default:
		return statusOf(waiting("Gateway is not programmed: " + programmed.because()))
	}
}

// listenersNotValid is for a Gateway that is refused for its listeners when no
// listener says why.
func listenersNotValid(gateway *gatewayv1.Gateway) *Status {
	accepted := conditionOf(gateway.Status.Conditions, string(gatewayv1.GatewayConditionAccepted), gateway.Generation)
	if accepted.is(false) {
		return statusOf(blocked("Gateway is not accepted: " + accepted.because()))
	}
	return nil
}

// listenerStatus reads each listener that we planned.
func listenerStatus(s state.State, set settings) *Status {
	reported := map[gatewayv1.SectionName]gatewayv1.ListenerStatus{}
	for _, listener := range s.Cluster.Gateway.Status.Listeners {
		reported[listener.Name] = listener
	}
	generation := s.Cluster.Gateway.Generation
	for _, planned := range listeners(s, set) {
		listener, ok := reported[planned.Name]
		if !ok {
			return statusOf(waiting("Waiting for the gateway controller to set up listener " + string(planned.Name)))
		}
		if status := oneListenerStatus(listener, generation); status != nil {
			return status
		}
	}
	return nil
}

func oneListenerStatus(listener gatewayv1.ListenerStatus, generation int64) *Status {
	name := string(listener.Name)
	of := func(kind gatewayv1.ListenerConditionType) condition {
		return conditionOf(listener.Conditions, string(kind), generation)
	}
	// A conflict is the one condition whose truth is bad news.
	if conflicted := of(gatewayv1.ListenerConditionConflicted); conflicted.is(true) {
		return statusOf(blocked("Listener " + name + " is in conflict: " + conflicted.because()))
	}
	if accepted := of(gatewayv1.ListenerConditionAccepted); accepted.is(false) {
		return statusOf(blocked("Listener " + name + " is not accepted: " + accepted.because()))
	}
	if resolved := of(gatewayv1.ListenerConditionResolvedRefs); resolved.is(false) {
		return statusOf(blocked("Listener " + name + " has an invalid reference: " + resolved.because()))
	}
	if programmed := of(gatewayv1.ListenerConditionProgrammed); programmed.is(false) {
		return statusOf(waiting("Listener " + name + " is not programmed: " + programmed.because()))
	}
	return nil
}

func addressStatus(gateway *gatewayv1.Gateway) *Status {
	if len(addresses(gateway)) == 0 {
		return statusOf(waiting("Waiting for gateway address"))
	}
	return nil
}

// routeStatus reads what the controller says of each planned route, at each of
// its listeners.
func routeStatus(s state.State, set settings, routing routing) *Status {
	live := map[string]*gatewayv1.HTTPRoute{}
	for i := range s.Cluster.Routes {
		live[s.Cluster.Routes[i].Name] = &s.Cluster.Routes[i]
	}
	served := map[string]string{} // route → application
	for _, t := range routing.targets {
		served[t.https], served[t.http] = t.Application, t.Application
	}
	var pending []string
	for _, object := range httpRoutes(s, set, routing) {
		planned := object.(*gatewayv1.HTTPRoute)
		application := served[planned.Name]
		if application == "" {
			application = "the redirect to HTTPS"
		}
		status, known := oneRouteStatus(application, planned, live[planned.Name])
		if status != nil {
			return status
		}
		if !known && !slices.Contains(pending, application) {
			pending = append(pending, application)
		}
	}
	if len(pending) > 0 {
		return statusOf(waiting("Waiting for the gateway controller to accept the routes of " + strings.Join(pending, ", ")))
	}
	return nil
}

// oneRouteStatus gives trouble with a route; known is false while the
// controller has not judged it at every listener.
func oneRouteStatus(application string, planned, live *gatewayv1.HTTPRoute) (trouble *Status, known bool) {
	if live == nil {
		return nil, false
	}
	for _, parent := range planned.Spec.ParentRefs {
		report := parentStatus(live.Status.Parents, parent)
		if report == nil {
			return nil, false
		}
		accepted := conditionOf(report.Conditions, string(gatewayv1.RouteConditionAccepted), live.Generation)
		resolved := conditionOf(report.Conditions, string(gatewayv1.RouteConditionResolvedRefs), live.Generation)
		switch {
		case accepted.is(false):
			return statusOf(waiting("Route of " + application + " is not accepted: " + accepted.because())), true
		case resolved.is(false):
			// No endpoints yet, mostly: pods come and go.
			return statusOf(waiting("Route of " + application + " has no backend: " + resolved.because())), true
		case !accepted.known:
			return nil, false
		}
	}
	return nil, true
}

func parentStatus(parents []gatewayv1.RouteParentStatus, wanted gatewayv1.ParentReference) *gatewayv1.RouteParentStatus {
	for i, parent := range parents {
		ref := parent.ParentRef
		if ref.Name == wanted.Name && ref.SectionName != nil && *ref.SectionName == *wanted.SectionName {
			return &parents[i]
		}
	}
	return nil
}
