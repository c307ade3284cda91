package plan

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The rungs of the ladder that read what the controller says of the Gateway.

// gatewayStatus reads the Gateway as a whole.
func (d *decision) gatewayStatus() *Status {
	gateway := d.Cluster.Gateway
	if gateway == nil {
		return statusOf(waiting("Waiting for gateway address"))
	}
	if gateway.DeletionTimestamp != nil {
		// It cannot be kept, nor made anew before it is gone.
		return statusOf(trouble{
			what: "Somebody deleted the Gateway; waiting until it is gone to create it again", cure: "see its finalizers if this lasts",
		}.status(Waiting))
	}
	conditions, generation := gateway.Status.Conditions, gateway.Generation
	accepted := acceptedOf(conditions, generation)
	switch {
	case !accepted.known && neverJudged(d.State):
		return statusOf(blocked(trouble{
			what: "The controller of gateway class " + d.class.name + " says nothing",
			cure: "check that it runs: `kubectl describe gatewayclass " + d.class.name + "`",
		}))
	case overdue(d.State, unjudgedSince(gateway)):
		return statusOf(blocked(d.silence("has not taken the last change of the Gateway")))
	case !accepted.known:
		return statusOf(trouble{
			what: "Waiting for the controller of gateway class " + d.class.name + " to accept the Gateway", aside: again,
		}.status(Waiting))
	case accepted.is(false) && accepted.Reason == string(gatewayv1.GatewayReasonListenersNotValid):
		return nil // The listeners tell more.
	case accepted.is(false):
		return gatewayRefused(d.State, accepted)
	}
	programmed := conditionOf(conditions, string(gatewayv1.GatewayConditionProgrammed), generation)
	if !programmed.known {
		if overdue(d.State, changedAt(gateway)) {
			return statusOf(blocked(d.silence("has not programmed the Gateway")))
		}
		return statusOf(trouble{
			what: "Waiting for the controller of gateway class " + d.class.name + " to program the Gateway", aside: again,
		}.status(Waiting))
	}
	if programmed.is(true) {
		return nil
	}
	switch programmed.Reason {
	case string(gatewayv1.GatewayReasonAddressNotAssigned), string(gatewayv1.GatewayReasonPending):
		return statusOf(d.withoutAddress(programmed.because()))
	case string(gatewayv1.GatewayReasonAddressNotUsable):
		return statusOf(blocked(trouble{what: "Gateway address cannot be used", why: programmed.because(), cure: describe(d.State, "gateway")}))
	default:
		return statusOf(waitingFor("Gateway is not programmed", programmed.because()))
	}
}

// again is when what is waited for is looked at once more.
const again = "checked again at update-status"

// silence tells of a controller that has been silent for too long.
func (d *decision) silence(what string) trouble {
	return trouble{what: "The controller of gateway class " + d.class.name + " " + what + " for 5 minutes", cure: "see its log"}
}

// withoutAddress tells what to do about a Gateway that nobody has given an address for
// minutes after it was made. It goes on waiting: some clouds need longer.
func (d *decision) withoutAddress(why string) Status {
	if !overdue(d.State, d.Cluster.Gateway.CreationTimestamp.Time) {
		return waitingFor("Waiting for gateway address", why)
	}
	cure := "give the load balancer free addresses; " + describe(d.State, "gateway")
	if d.class.name == classOfCanonical {
		cure = "give it some: `sudo k8s set load-balancer.cidrs=CIDRS load-balancer.l2-mode=true`"
	}
	return trouble{what: "Waiting for gateway address", aside: why, cure: cure}.status(Waiting)
}

// classOfCanonical is the class that Canonical Kubernetes has.
const classOfCanonical = "ck-gateway"

// neverJudged reports whether no controller has written a word about the Gateway since it
// was made, long ago: its conditions still are those that the CRD gives it, of no
// generation and no status.
func neverJudged(s state.State) bool {
	gateway := s.Cluster.Gateway
	for _, c := range gateway.Status.Conditions {
		if c.ObservedGeneration > 0 || c.Status != metav1.ConditionUnknown {
			return false
		}
	}
	return overdue(s, gateway.CreationTimestamp.Time)
}

func gatewayRefused(s state.State, accepted condition) *Status {
	return statusOf(blocked(trouble{what: "Gateway is not accepted", why: accepted.because(), cure: describe(s, "gateway")}))
}

// describe is the command that shows what the controller says of the objects of a kind.
func describe(s state.State, kind string) string {
	return "see `kubectl -n " + s.InNamespace() + " describe " + kind + "`"
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

// listenerFindings read each listener that we planned. Where the controller refuses the
// Gateway, that is everybody's trouble, whosever listener it is for.
func (d *decision) listenerFindings() []*finding {
	reported := map[gatewayv1.SectionName]gatewayv1.ListenerStatus{}
	for _, listener := range d.Cluster.Gateway.Status.Listeners {
		reported[listener.Name] = listener
	}
	planned := d.listeners()
	var found []*finding
	for _, one := range planned {
		finding := d.findListener(one, reported[one.Name].Conditions)
		if finding == nil {
			continue
		}
		if finding.unserved = true; listenersNotValid(d.State) == nil {
			finding.whose = d.ownersOf(hostOf(one))
		}
		found = append(found, finding)
	}
	well := ""
	if n := len(planned) - len(found); n > 0 {
		well = fmt.Sprintf("%d of %d listeners set up", n, len(planned))
	}
	return besides(found, well)
}

// hostOf is the host that a listener is for; empty for any.
func hostOf(listener gatewayv1.Listener) string {
	if listener.Hostname == nil {
		return ""
	}
	return string(*listener.Hostname)
}

// findListener reads the conditions of one listener. Not read are the number of
// its routes, which controllers count differently, and OverlappingTLSConfig, which
// warns of certificates for the same names and takes nothing away.
func (d *decision) findListener(planned gatewayv1.Listener, conditions []metav1.Condition) *finding {
	name, generation := listenerTitle(planned), d.Cluster.Gateway.Generation
	accepted := acceptedOf(conditions, generation)
	of := func(kind gatewayv1.ListenerConditionType) condition {
		return conditionOf(conditions, string(kind), generation)
	}
	programmed := of(gatewayv1.ListenerConditionProgrammed)
	// A conflict is the one condition whose truth is bad news.
	if conflicted := of(gatewayv1.ListenerConditionConflicted); conflicted.is(true) {
		return blocks(trouble{what: name + " is in conflict", why: conflicted.because(), cure: "see `kubectl get gateways -A`"})
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
		return blocks(trouble{what: what, why: why, cure: describe(d.State, "gateway")})
	}
	if accepted.is(false) {
		cure := describe(d.State, "gateway")
		if accepted.Reason == string(gatewayv1.ListenerReasonPortUnavailable) {
			cure = fmt.Sprintf("let the controller offer port %d", planned.Port)
		}
		return blocks(trouble{what: name + " is not accepted", why: accepted.because(), cure: cure})
	}
	if programmed.is(false) {
		return waits(name+" is not programmed", programmed.because())
	}
	// Every controller has to say so of every listener, and of the Gateway as it is now.
	if !programmed.known && listenersNotValid(d.State) == nil {
		if overdue(d.State, changedAt(d.Cluster.Gateway)) {
			return blocks(d.silence("has not set up the " + name))
		}
		return waits("Waiting for the gateway controller to set up the "+name, "")
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

func (d *decision) addressStatus() *Status {
	if len(addresses(d.Cluster.Gateway)) == 0 {
		return statusOf(d.withoutAddress(""))
	}
	return nil
}
