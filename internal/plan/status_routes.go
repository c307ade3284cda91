package plan

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// The rung of the status ladder that reads what the controller reports on our routes.

// routeFindings reads what the controller reports on each planned route, at each of its listeners.
func (p *planned) routeFindings() []*finding {
	live := liveRoutes(p.observed)
	served := p.applicationsByRoute()
	all := tally{of: "the routes"}
	for _, planned := range p.objects.routes {
		application := served[planned.Name]
		whose := []string{application}
		if application == "" {
			application, whose = redirect, p.ownersAt(planned.Spec.ParentRefs)
		}
		found, known := p.findRoute(application, planned, live[planned.Name])
		all.add(application, whose, found, known, live[planned.Name] != nil && isLate(p.observed, live[planned.Name]))
	}
	return all.findings(p.decision)
}

// applicationsByRoute returns the application of each route, by the name of the route. Redirects
// are not in it.
func (d *decision) applicationsByRoute() map[string]string {
	all := map[string]string{}
	for _, t := range d.targets {
		for _, name := range t.routeNames() {
			all[name] = t.Application
		}
	}
	for _, old := range d.old {
		for _, route := range old.routes {
			all[route.Name] = old.application
		}
	}
	return all
}

// findRoute returns the trouble with a route. known is false while the controller has not judged
// the route at every listener.
func (d *decision) findRoute(application string, planned, live *gatewayv1.HTTPRoute) (trouble *finding, known bool) {
	if live == nil || live.DeletionTimestamp != nil {
		return nil, false
	}
	for _, parent := range planned.Spec.ParentRefs {
		report := d.parentStatus(live, string(*parent.SectionName))
		if report == nil {
			return nil, false
		}
		if found := parentTrouble(d.observed, application, report, live.Generation); found != nil {
			return found, true
		}
		if !acceptedOf(report.Conditions, live.Generation).known {
			return nil, false
		}
	}
	return nil, true
}

// parentTrouble reads what the controller reports on a route at one listener. If the controller
// cannot do what the route asks for, the operator must act. Everything else may pass: listeners are
// set up, and pods come and go.
func parentTrouble(s observed, application string, report *gatewayv1.RouteParentStatus, generation int64) *finding {
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
	// A controller that falls back to an earlier version of the route may leave the other
	// conditions at the generation of that version.
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
