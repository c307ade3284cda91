package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// The rungs of the status ladder that read what the controller reports on the Gateway.

// gatewayStatus reads the conditions of the Gateway as a whole.
func (d *decision) gatewayStatus() *Status {
	gateway := d.Cluster.Gateway
	if gateway == nil {
		return statusOf(waiting("Waiting for gateway address"))
	}
	if gateway.DeletionTimestamp != nil {
		// The charm cannot keep it, and cannot create it anew before it is gone.
		return statusOf(trouble{
			what: "Somebody deleted the Gateway; waiting until it is gone to create it again", cure: "see its finalizers if this lasts",
		}.status(Waiting))
	}
	conditions, generation := gateway.Status.Conditions, gateway.Generation
	accepted := acceptedOf(conditions, generation)
	switch {
	case !accepted.known && neverJudged(d.observed):
		return statusOf(blocked(trouble{
			what: "The controller of gateway class " + d.class.name + " says nothing",
			cure: "check that it runs: `kubectl describe gatewayclass " + d.class.name + "`",
		}))
	case overdue(d.observed, unjudgedSince(gateway)):
		return statusOf(blocked(d.silence("has not taken the last change of the Gateway")))
	case !accepted.known:
		return statusOf(trouble{
			what: "Waiting for the controller of gateway class " + d.class.name + " to accept the Gateway", aside: checkedAgain,
		}.status(Waiting))
	case accepted.is(false) && accepted.Reason == string(gatewayv1.GatewayReasonListenersNotValid):
		return nil // The listeners tell more.
	case accepted.is(false):
		return gatewayRefused(d.observed, accepted)
	}
	programmed := conditionOf(conditions, string(gatewayv1.GatewayConditionProgrammed), generation)
	if !programmed.known {
		if overdue(d.observed, changedAt(gateway)) {
			return statusOf(blocked(d.silence("has not programmed the Gateway")))
		}
		return statusOf(trouble{
			what: "Waiting for the controller of gateway class " + d.class.name + " to program the Gateway", aside: checkedAgain,
		}.status(Waiting))
	}
	if programmed.is(true) {
		return nil
	}
	switch programmed.Reason {
	case string(gatewayv1.GatewayReasonAddressNotAssigned), string(gatewayv1.GatewayReasonPending):
		return statusOf(d.withoutAddress(programmed.because()))
	case string(gatewayv1.GatewayReasonAddressNotUsable):
		return statusOf(blocked(trouble{what: "Gateway address cannot be used", why: programmed.because(), cure: describe(d.observed, "gateway")}))
	default:
		return statusOf(waitingFor("Gateway is not programmed", programmed.because()))
	}
}

// checkedAgain says when the charm looks again at what it waits for.
const checkedAgain = "checked again at update-status"

// withoutAddress says what to do about a Gateway that still has no address minutes after it was
// created. The status remains waiting: some clouds need longer.
func (d *decision) withoutAddress(why string) Status {
	if !overdue(d.observed, d.Cluster.Gateway.CreationTimestamp.Time) {
		return waitingFor("Waiting for gateway address", why)
	}
	cure := "give the load balancer free addresses; " + describe(d.observed, "gateway")
	if d.class.name == classOfCanonical {
		cure = "give it some: `sudo k8s set load-balancer.cidrs=CIDRS load-balancer.l2-mode=true`"
	}
	return trouble{what: "Waiting for gateway address", aside: why, cure: cure}.status(Waiting)
}

// classOfCanonical is the class that Canonical Kubernetes has.
const classOfCanonical = "ck-gateway"

// neverJudged reports whether no controller has written anything about the Gateway since it was
// created, long ago: its conditions are still those that the CRD sets, with no generation and
// status Unknown.
func neverJudged(s observed) bool {
	gateway := s.Cluster.Gateway
	for _, c := range gateway.Status.Conditions {
		if c.ObservedGeneration > 0 || c.Status != metav1.ConditionUnknown {
			return false
		}
	}
	return overdue(s, gateway.CreationTimestamp.Time)
}

func gatewayRefused(s observed, accepted condition) *Status {
	return statusOf(blocked(trouble{what: "Gateway is not accepted", why: accepted.because(), cure: describe(s, "gateway")}))
}

// listenersNotValid returns the status of a Gateway that is refused because of its listeners, for
// the case that no listener says why.
func listenersNotValid(s observed) *Status {
	accepted := acceptedOf(s.Cluster.Gateway.Status.Conditions, s.Cluster.Gateway.Generation)
	if accepted.is(false) {
		return gatewayRefused(s, accepted)
	}
	return nil
}

func (d *decision) addressStatus() *Status {
	if len(d.addresses) == 0 {
		return statusOf(d.withoutAddress(""))
	}
	return nil
}
