package plan

import "time"

// A Route is what is known about one planned HTTPRoute.
type Route struct {
	Name string `json:"name"`
	// Application is the owner of the route; empty for the redirect of a host.
	Application string    `json:"application,omitempty"`
	Listeners   []string  `json:"listeners"`
	State       Judgement `json:"state"`
	Reason      string    `json:"reason,omitempty"`
	// Since is when the controller last changed its judgement; zero if unknown.
	Since time.Time `json:"since,omitzero"`
}

// routeReports reports on the routes, in their order.
func (p *planned) routeReports() []Route {
	live, applications := liveRoutes(p.observed), p.applicationsByRoute()
	var all []Route
	for _, planned := range p.objects.routes {
		one := Route{Name: planned.Name, Application: applications[planned.Name]}
		found, known := p.findRoute(one.Application, planned, live[planned.Name])
		one.State, one.Reason = judgementOf(found, known)
		for _, parent := range planned.Spec.ParentRefs {
			listener := string(*parent.SectionName)
			one.Listeners = append(one.Listeners, listener)
			if route := live[planned.Name]; route != nil {
				if report := p.parentStatus(route, listener); report != nil {
					one.Since = latest(one.Since, changeOf(report.Conditions))
				}
			}
		}
		all = append(all, one)
	}
	return all
}
