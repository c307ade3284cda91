package plan

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The rung of the status ladder that reads what the controller reports on our BackendTLSPolicies.

// backendFindings reads each planned policy. While a controller does not report on a policy, it may
// not know the kind at all, and speak plain HTTP to the application. The status must not be active
// then.
func (d *decision) backendFindings() []*finding {
	if d.Cluster.ForbiddenBackendTLS != "" {
		return d.unseenPolicies()
	}
	live := map[string]*gatewayv1.BackendTLSPolicy{}
	for i := range d.Cluster.Policies {
		live[d.Cluster.Policies[i].Name] = &d.Cluster.Policies[i]
	}
	all := tally{of: "the TLS policies", cure: "set " + state.OptionGatewayClass + " to another"}
	for _, t := range d.targets {
		if !speaksTLS(t.Requirer) {
			continue
		}
		for _, b := range t.backends() {
			found, known := d.findPolicy(t, live[b.service])
			all.add(t.Application, []string{t.Application}, found, known, live[b.service] != nil && isLate(d.observed, live[b.service]))
		}
	}
	return all.findings(d)
}

// unseenPolicies names the applications that are served with policies which the charm may not read,
// or not renew.
func (d *decision) unseenPolicies() []*finding {
	var names []string
	for _, t := range d.targets {
		if speaksTLS(t.Requirer) {
			names = append(names, t.Application)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []*finding{blocks(trouble{
		what: "TLS policies of " + strings.Join(names, ", ") + " stay as they are",
		why:  "the charm may not " + d.Cluster.ForbiddenBackendTLS, cure: trustCommand(d.observed),
	})}
}

// findPolicy returns the trouble with a policy. known is false while the controller has not judged
// the policy for our Gateway.
func (d *decision) findPolicy(t target, live *gatewayv1.BackendTLSPolicy) (trouble *finding, known bool) {
	if live == nil || live.DeletionTimestamp != nil {
		return nil, false
	}
	fitting := slices.DeleteFunc(slices.Clone(live.Status.Ancestors), func(a gatewayv1.PolicyAncestorStatus) bool {
		return !isOurGateway(d.observed, a.AncestorRef) || a.ControllerName != d.class.controller()
	})
	// A controller may report on each of our listeners.
	conditions := func(a gatewayv1.PolicyAncestorStatus) []metav1.Condition { return a.Conditions }
	for _, ancestor := range newestOf(fitting, conditions, live.Generation) {
		accepted := acceptedOf(ancestor.Conditions, live.Generation)
		if found := policyTrouble(d.observed, t, ancestor, live.Generation); found != nil {
			return found, true
		}
		known = known || accepted.known
	}
	return nil, known
}

// policyTrouble reads what the controller reports on a policy at our Gateway, or at one of its
// listeners. If somebody else has a policy for the same Service, the operator must remove that. The
// authorities are ours to deliver, and the controller may just not have seen them yet.
func policyTrouble(s observed, t target, ancestor gatewayv1.PolicyAncestorStatus, generation int64) *finding {
	accepted := acceptedOf(ancestor.Conditions, generation)
	if accepted.is(false) && accepted.Reason == string(gatewayv1.PolicyReasonConflicted) {
		return blockedPolicy(s, "Another BackendTLSPolicy is for the Service of "+t.Application, accepted)
	}
	resolved := conditionOf(ancestor.Conditions, string(gatewayv1.BackendTLSPolicyConditionResolvedRefs), generation)
	switch {
	case resolved.is(false) && resolved.Reason == string(gatewayv1.BackendTLSPolicyReasonInvalidKind):
		return blockedPolicy(s, "TLS policy of "+t.Application+" cannot be followed", resolved)
	case resolved.is(false):
		return waits("TLS policy of "+t.Application+" has no CA certificate", resolved.because())
	case accepted.is(false) && accepted.Reason == string(gatewayv1.PolicyReasonInvalid):
		return blockedPolicy(s, "TLS policy of "+t.Application+" is not accepted", accepted)
	case accepted.is(false):
		return waits("TLS policy of "+t.Application+" is not accepted", accepted.because())
	default:
		return nil
	}
}

func blockedPolicy(s observed, what string, c condition) *finding {
	return blocks(trouble{what: what, why: c.because(), cure: describe(s, "backendtlspolicy")})
}
