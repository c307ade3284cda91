package plan

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The rungs of the ladder that read what the controller says of the Gateway.

// patience is how long a new Gateway may stay unjudged before nobody is expected to
// judge it any more. Conformant controllers need less than 180 seconds (the timeouts of
// the Gateway API's conformance tests).
const patience = 5 * time.Minute

// gatewayStatus reads the Gateway as a whole.
func gatewayStatus(s state.State, set settings) *Status {
	gateway := s.Cluster.Gateway
	if gateway == nil {
		return statusOf(waiting("Waiting for gateway address"))
	}
	if gateway.DeletionTimestamp != nil {
		// It cannot be kept, nor made anew before it is gone.
		return statusOf(waiting("Waiting for the Gateway to go: somebody has deleted it, and it is made anew"))
	}
	conditions, generation := gateway.Status.Conditions, gateway.Generation
	accepted := acceptedOf(conditions, generation)
	switch {
	case !accepted.known && neverJudged(s):
		return statusOf(blocked(trouble{
			what: "No controller of gateway class " + set.class + " has judged the Gateway",
			cure: "see `kubectl describe gatewayclass " + set.class + "`",
		}))
	case !accepted.known:
		return statusOf(waiting("Waiting for the controller of gateway class " + set.class + " to accept the Gateway"))
	case accepted.is(false) && accepted.Reason == string(gatewayv1.GatewayReasonListenersNotValid):
		return nil // The listeners tell more.
	case accepted.is(false):
		return gatewayRefused(s, accepted)
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
		return statusOf(waitingFor("Waiting for gateway address", programmed.because()))
	case string(gatewayv1.GatewayReasonAddressNotUsable):
		return statusOf(blocked(trouble{what: "Gateway address cannot be used", why: programmed.because(), cure: describe(s, "gateway")}))
	default:
		return statusOf(waitingFor("Gateway is not programmed", programmed.because()))
	}
}

// neverJudged says that no controller has written a word about the Gateway since it
// was made, long ago: its conditions still are those that the CRD gives it, of no
// generation and no status.
func neverJudged(s state.State) bool {
	gateway := s.Cluster.Gateway
	for _, c := range gateway.Status.Conditions {
		if c.ObservedGeneration > 0 || c.Status != metav1.ConditionUnknown {
			return false
		}
	}
	created := gateway.CreationTimestamp
	return !created.IsZero() && s.Now.Sub(created.Time) > patience
}

func gatewayRefused(s state.State, accepted condition) *Status {
	return statusOf(blocked(trouble{what: "Gateway is not accepted", why: accepted.because(), cure: describe(s, "gateway")}))
}

// describe is the command that shows what the controller says of the objects of a kind.
func describe(s state.State, kind string) string {
	return "see `kubectl -n " + s.Model + " describe " + kind + "`"
}

// listenersNotValid is for a Gateway that is refused for its listeners when no
// listener says why.
func listenersNotValid(s state.State) *Status {
	accepted := acceptedOf(s.Cluster.Gateway.Status.Conditions, s.Cluster.Gateway.Generation)
	if accepted.is(false) {
		return gatewayRefused(s, accepted)
	}
	return nil
}

// listenerStatus reads each listener that we planned: first for one that is refused,
// then for one that is not there yet.
func listenerStatus(s state.State, set settings) *Status {
	reported := map[gatewayv1.SectionName]gatewayv1.ListenerStatus{}
	for _, listener := range s.Cluster.Gateway.Status.Listeners {
		reported[listener.Name] = listener
	}
	var first *Status
	for _, planned := range listeners(s, set) {
		switch status := oneListenerStatus(s, planned, reported[planned.Name].Conditions); {
		case status == nil:
		case status.Kind == Blocked:
			return status
		case first == nil:
			first = status
		}
	}
	return first
}

// oneListenerStatus reads the conditions of one listener. Not read are the number of
// its routes, which controllers count differently, and OverlappingTLSConfig, which
// warns of certificates for the same names and takes nothing away.
func oneListenerStatus(s state.State, planned gatewayv1.Listener, conditions []metav1.Condition) *Status {
	name, generation := listenerTitle(planned), s.Cluster.Gateway.Generation
	accepted := acceptedOf(conditions, generation)
	of := func(kind gatewayv1.ListenerConditionType) condition {
		return conditionOf(conditions, string(kind), generation)
	}
	programmed := of(gatewayv1.ListenerConditionProgrammed)
	// A conflict is the one condition whose truth is bad news.
	if conflicted := of(gatewayv1.ListenerConditionConflicted); conflicted.is(true) {
		return statusOf(blocked(trouble{what: name + " is in conflict", why: conflicted.because(), cure: "see `kubectl get gateways -A`"}))
	}
	// The reference first: for a bad one Cilium does not accept the listener either, and
	// says so at greater length.
	if resolved := of(gatewayv1.ListenerConditionResolvedRefs); resolved.is(false) {
		what, why := name+" has an invalid reference", resolved.because()
		switch gatewayv1.ListenerConditionReason(resolved.Reason) {
		case gatewayv1.ListenerReasonInvalidCertificateRef:
			what, why = name+" cannot use its Secret", resolved.told()
		case gatewayv1.ListenerReasonRefNotPermitted:
			what, why = name+" may not use its Secret", resolved.told()
		}
		return statusOf(blocked(trouble{what: what, why: why, cure: describe(s, "gateway")}))
	}
	if accepted.is(false) {
		cure := describe(s, "gateway")
		if accepted.Reason == string(gatewayv1.ListenerReasonPortUnavailable) {
			cure = fmt.Sprintf("let the controller offer port %d", planned.Port)
		}
		return statusOf(blocked(trouble{what: name + " is not accepted", why: accepted.because(), cure: cure}))
	}
	if programmed.is(false) {
		return statusOf(waitingFor(name+" is not programmed", programmed.because()))
	}
	// Every controller has to say so of every listener, and of the Gateway as it is now.
	if !programmed.known && listenersNotValid(s) == nil {
		return statusOf(waiting("Waiting for the gateway controller to set up the " + name))
	}
	return nil
}

// listenerTitle is what a listener is called: its name may be as long as a message.
func listenerTitle(l gatewayv1.Listener) string {
	title := string(l.Protocol) + " listener"
	if l.Hostname != nil {
		title += " of " + string(*l.Hostname)
	}
	return title
}

func addressStatus(gateway *gatewayv1.Gateway) *Status {
	if len(addresses(gateway)) == 0 {
		return statusOf(waiting("Waiting for gateway address"))
	}
	return nil
}
