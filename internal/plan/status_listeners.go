package plan

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// listenerFindings reads each planned listener. If the controller refuses the Gateway, that
// concerns all applications, whosever listener the cause is.
func (p *planned) listenerFindings() []*finding {
	reported := map[gatewayv1.SectionName]gatewayv1.ListenerStatus{}
	for _, listener := range p.Cluster.Gateway.Status.Listeners {
		reported[listener.Name] = listener
	}
	planned := p.objects.gateway.Spec.Listeners
	var found []*finding
	for _, one := range planned {
		finding := p.findListener(one, reported[one.Name].Conditions)
		if finding == nil {
			continue
		}
		if finding.unserved = true; listenersNotValid(p.observed) == nil {
			finding.whose = p.ownersOf(hostOf(one))
		}
		found = append(found, finding)
	}
	well := ""
	if n := len(planned) - len(found); n > 0 {
		well = fmt.Sprintf("%d of %d listeners set up", n, len(planned))
	}
	return besides(found, well)
}

// findListener reads the conditions of one listener. It ignores the number of routes, which
// controllers count differently, and OverlappingTLSConfig, which warns of certificates for the same
// names and stops nothing.
func (d *decision) findListener(planned gatewayv1.Listener, conditions []metav1.Condition) *finding {
	name, generation := listenerTitle(planned), d.Cluster.Gateway.Generation
	accepted := acceptedOf(conditions, generation)
	of := func(kind gatewayv1.ListenerConditionType) condition {
		return conditionOf(conditions, string(kind), generation)
	}
	programmed := of(gatewayv1.ListenerConditionProgrammed)
	// Conflicted is the only condition that is bad news when it is true.
	if conflicted := of(gatewayv1.ListenerConditionConflicted); conflicted.is(true) {
		return blocks(trouble{what: name + " is in conflict", why: conflicted.because(), cure: "see `kubectl get gateways -A`"})
	}
	// The reference comes first: if it is bad, Cilium does not accept the listener either, and says
	// so at greater length.
	if resolved := of(gatewayv1.ListenerConditionResolvedRefs); resolved.is(false) {
		what, why := name+" has an invalid reference", resolved.because()
		switch gatewayv1.ListenerConditionReason(resolved.Reason) {
		case gatewayv1.ListenerReasonInvalidCertificateRef:
			what, why = name+" cannot use its Secret", resolved.message()
		case gatewayv1.ListenerReasonRefNotPermitted:
			what, why = name+" may not use its Secret", resolved.message()
		}
		return blocks(trouble{what: what, why: why, cure: describe(d.observed, "gateway")})
	}
	if accepted.is(false) {
		cure := describe(d.observed, "gateway")
		if accepted.Reason == string(gatewayv1.ListenerReasonPortUnavailable) {
			cure = fmt.Sprintf("let the controller offer port %d", planned.Port)
		}
		return blocks(trouble{what: name + " is not accepted", why: accepted.because(), cure: cure})
	}
	if programmed.is(false) {
		return waits(name+" is not programmed", programmed.because())
	}
	// Every controller has to set this condition on every listener, for the present generation of
	// the Gateway.
	if !programmed.known && listenersNotValid(d.observed) == nil {
		if overdue(d.observed, changedAt(d.Cluster.Gateway)) {
			return blocks(d.silence("has not set up the " + name))
		}
		return waits("Waiting for the gateway controller to set up the "+name, "")
	}
	return nil
}

// listenerTitle returns what messages call a listener: its name may be as long as a message.
func listenerTitle(l gatewayv1.Listener) string {
	title := string(l.Protocol) + " listener"
	if l.Hostname != nil {
		title += " of " + string(*l.Hostname)
	}
	return title
}
