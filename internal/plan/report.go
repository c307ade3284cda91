package plan

import "github.com/canonical/gateway-api-integrator/internal/state"

// A Report is what is known about what is served: facts with types, where a Status is one sentence.
// Actions are views of it.
type Report struct {
	Applications []Application `json:"applications"`
	Hosts        []Host        `json:"hosts"`
	Listeners    []Listener    `json:"listeners"`
	Routes       []Route       `json:"routes"`
	// Addresses are those at which clients reach the Gateway, IP addresses first.
	Addresses []string `json:"addresses"`
}

// ReportOn returns the report for a state.
func ReportOn(s state.State) Report {
	d := decide(s)
	p := &planned{d, d.build()}
	r := Report{Hosts: d.hostReports(), Listeners: p.listenerReports(), Routes: p.routeReports(), Addresses: d.addresses}
	r.Applications = p.applications(r.Listeners, r.Routes)
	return r
}
