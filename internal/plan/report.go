package plan

import "github.com/canonical/gateway-api-integrator/internal/state"

// A Report is what there is to know of what is served: facts with types, where a Status is one
// sentence. Actions are views of it.
type Report struct {
	Applications []Application `json:"applications"`
	Hosts        []Host        `json:"hosts"`
	Listeners    []Listener    `json:"listeners"`
	Routes       []Route       `json:"routes"`
	// Addresses are those under which the Gateway can be reached, IP addresses first.
	Addresses []string `json:"addresses"`
}

// ReportOn reports on what is served by a state.
func ReportOn(s state.State) Report {
	d := decide(s)
	p := &planned{d, d.build()}
	r := Report{Hosts: d.hostReports(), Listeners: p.listenerReports(), Routes: p.routeReports(), Addresses: d.addresses}
	r.Applications = p.applications(r.Listeners, r.Routes)
	return r
}
