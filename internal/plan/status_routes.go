package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The rung of the ladder that reads what the controller says of our routes.

// routeFindings read what the controller says of each planned route, at each of
// its listeners.
func (d *decision) routeFindings() []*finding {
	live := liveRoutes(d.State)
	served := map[string]string{} // route → application
	for _, t := range d.targets {
		for _, name := range t.routeNames() {
			served[name] = t.Application
		}
	}
	for _, old := range d.old {
		for _, route := range old.routes {
			served[route.Name] = old.application
		}
	}
	all := tally{of: "the routes"}
	for _, object := range d.httpRoutes() {
		planned := object.(*gatewayv1.HTTPRoute)
		application := served[planned.Name]
		whose := []string{application}
		if application == "" {
			application, whose = redirect, d.ownersAt(planned.Spec.ParentRefs)
		}
		found, known := d.findRoute(application, planned, live[planned.Name])
		all.add(application, whose, found, known, live[planned.Name] != nil && isLate(d.State, live[planned.Name]))
	}
	return all.findings(d)
}

// redirect stands for an application where a route is not for one.
const redirect = "the redirect to HTTPS"

// findRoute returns trouble with a route; known is false while the controller has not
// judged it at every listener.
func (d *decision) findRoute(application string, planned, live *gatewayv1.HTTPRoute) (trouble *finding, known bool) {
	if live == nil || live.DeletionTimestamp != nil {
		return nil, false
	}
	for _, parent := range planned.Spec.ParentRefs {
		report := d.parentStatus(live, parent)
		if report == nil {
			return nil, false
		}
		if found := parentTrouble(d.State, application, report, live.Generation); found != nil {
			return found, true
		}
		if !acceptedOf(report.Conditions, live.Generation).known {
			return nil, false
		}
	}
	return nil, true
}

// parentTrouble reads what the controller says of a route at one listener. It is the
// operator's turn where the controller cannot do what the route asks for; everything
// else may pass: listeners are set up, and pods come and go.
func parentTrouble(s state.State, application string, report *gatewayv1.RouteParentStatus, generation int64) *finding {
	of := func(kind gatewayv1.RouteConditionType) condition {
		return conditionOf(report.Conditions, string(kind), generation)
	}
	name, cure := "Route of "+application, describe(s, "httproute")
	accepted := acceptedOf(report.Conditions, generation)
	if accepted.is(false) {
		switch gatewayv1.RouteConditionReason(accepted.Reason) {
		case gatewayv1.RouteReasonUnsupportedValue, gatewayv1.RouteReasonIncompatibleFilters:
			return blocks(trouble{what: name + " is not accepted", why: accepted.because(), cure: cure})
		}
		return waits(name+" is not accepted", accepted.because())
	}
	// A controller that falls back to what the route was before may leave the other
	// conditions at the generation of that.
	if partial := of(gatewayv1.RouteConditionPartiallyInvalid); partial.is(true) {
		return blocks(trouble{what: name + " is not served as a whole", why: partial.because(), cure: cure})
	}
	if resolved := of(gatewayv1.RouteConditionResolvedRefs); resolved.is(false) {
		switch gatewayv1.RouteConditionReason(resolved.Reason) {
		case gatewayv1.RouteReasonUnsupportedProtocol, gatewayv1.RouteReasonInvalidKind, gatewayv1.RouteReasonRefNotPermitted:
			return blocks(trouble{what: name + " cannot reach its backend", why: resolved.because(), cure: cure})
		}
		return waits(name+" has no backend", resolved.because())
	}
	return nil
}

// parentStatus finds what the controller of our class says of a route at one of our
// listeners. A route may be judged by several controllers, and at Gateways of other
// namespaces that have the name of ours. Of several reports that fit the newest counts:
// the Python charm wrote the namespace into its references, and the report on such a one
// may outlast it.
func (d *decision) parentStatus(live *gatewayv1.HTTPRoute, wanted gatewayv1.ParentReference) *gatewayv1.RouteParentStatus {
	id := d.class.controller()
	var fitting []gatewayv1.RouteParentStatus
	for _, parent := range live.Status.Parents {
		ref := parent.ParentRef
		if isOurGateway(d.State, ref) && ref.SectionName != nil && *ref.SectionName == *wanted.SectionName && parent.ControllerName == id {
			fitting = append(fitting, parent)
		}
	}
	newest := newestOf(fitting, func(r gatewayv1.RouteParentStatus) []metav1.Condition { return r.Conditions }, live.Generation)
	if len(newest) == 0 {
		return nil
	}
	return &newest[0]
}

// isOurGateway reports whether a reference is to our Gateway. Others may have its name, in
// other namespaces.
func isOurGateway(s state.State, ref gatewayv1.ParentReference) bool {
	return ref.Name == gatewayv1.ObjectName(s.Application) && (ref.Namespace == nil || string(*ref.Namespace) == s.InNamespace()) &&
		(ref.Group == nil || *ref.Group == gatewayv1.GroupName) && (ref.Kind == nil || *ref.Kind == "Gateway")
}
