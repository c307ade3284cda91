package plan

import (
	"cmp"
	"slices"
	"time"
)

// An ApplicationState says whether an application is served.
type ApplicationState string

// The states of applications.
const (
	Served  ApplicationState = "served"   // it has been told its URL, or its listeners, and nothing is wrong with them
	Pending ApplicationState = "pending"  // it is to be served, and something is missing
	LeftOut ApplicationState = "left out" // it asks for what it cannot have
	NoData  ApplicationState = "no data"  // it has not written yet what it wants
)

// An Application is what is known about one application on gateway or gateway-route.
type Application struct {
	Application string `json:"application"`
	Relation    int    `json:"relation"`
	Interface   string `json:"interface"` // "ingress" or "gateway-route"
	// Hosts are where it is served, or is to be; an empty name is the Gateway's addresses.
	Hosts []string `json:"hosts"`
	// Paths are what its routes match; none for an application that writes routes of its own.
	Paths []string `json:"paths"`
	// URL is what it has been told; empty for nothing.
	URL string `json:"url,omitempty"`
	// Services are the names of the Services that its routes lead to.
	Services []string         `json:"services"`
	State    ApplicationState `json:"state"`
	// Reason says why it is not served, or what is wrong although it is served; empty for nothing.
	Reason string `json:"reason,omitempty"`
	// Since is when the controller last changed its judgement of one of its routes or, if it writes
	// routes of its own, of one of its listeners; zero if unknown.
	Since time.Time `json:"-"`
}

// reasons are the problems by application, and the problem of all applications.
type reasons struct {
	some       map[string]reason
	everybodys string
}

type reason struct {
	reason   string
	unserved bool
}

// applications reports on every application on gateway and gateway-route, by the age of its relation.
func (p *planned) applications(listeners []Listener, routes []Route) []Application {
	reasons := p.reasonsOf()
	urls := map[int]string{}
	for _, one := range p.urls() {
		urls[one.RelationID] = one.URL
	}
	var all []Application
	for _, t := range p.targets {
		one := Application{
			Application: t.Application, Relation: t.RelationID, Interface: "ingress",
			URL: urls[t.RelationID], Services: serviceNamesOf(t),
		}
		for _, r := range t.rules {
			for _, at := range r.places() {
				one.Hosts, one.Paths = append(one.Hosts, at.host), append(one.Paths, at.path)
			}
		}
		for _, route := range routes {
			if slices.Contains(t.routeNames(), route.Name) {
				one.Since = latest(one.Since, route.Since)
			}
		}
		one.judge(one.URL != "" && p.hasLiveRoutes(t), reasons)
		all = append(all, one)
	}
	for _, t := range p.decision.routes {
		one := Application{Application: t.Application, Relation: t.RelationID, Interface: "gateway-route", Hosts: t.hosts}
		for _, listener := range listeners {
			if slices.Contains(t.hosts, listener.Host) {
				one.Since = latest(one.Since, listener.Since)
			}
		}
		lacks := func(host string) bool { return !p.listensFor(host) }
		one.judge(len(p.addresses) > 0 && !slices.ContainsFunc(t.hosts, lacks), reasons)
		all = append(all, one)
	}
	for _, left := range p.omitted {
		one := Application{Application: left.application, Relation: left.relation, Interface: left.iface, URL: urls[left.relation], State: LeftOut, Reason: left.inWords()}
		if one.URL != "" {
			one.State = Served // As before: the API server refused the change.
		}
		all = append(all, one)
	}
	for _, silent := range p.withoutData {
		all = append(all, Application{Application: silent.application, Relation: silent.relation, Interface: silent.iface, State: NoData, Reason: silent.inWords()})
	}
	all = append(all, notReportedYet(p.observed, all, reasons)...)
	for i := range all {
		for _, list := range []*[]string{&all[i].Hosts, &all[i].Paths, &all[i].Services} {
			*list = slices.Compact(append([]string{}, *list...)) // In JSON this is an empty list, not null.
		}
	}
	slices.SortStableFunc(all, func(a, b Application) int { return cmp.Compare(a.Relation, b.Relation) })
	return all
}

// notReportedYet returns the applications that are not among the known ones: those on gateway-route
// while no application can be served.
func notReportedYet(s observed, known []Application, reasons reasons) []Application {
	var all []Application
	for _, requirer := range s.RouteRequirers {
		if !slices.ContainsFunc(known, func(one Application) bool { return one.Relation == requirer.RelationID }) {
			one := Application{Application: requirer.Application, Relation: requirer.RelationID, Interface: "gateway-route", Hosts: requirer.Hostnames}
			one.judge(false, reasons)
			all = append(all, one)
		}
	}
	return all
}

// judge sets the state of an application that is to be served; stands says that all of its objects
// exist.
func (a *Application) judge(stands bool, reasons reasons) {
	found := reasons.some[a.Application]
	a.State, a.Reason = Served, found.reason
	if !stands || found.unserved {
		a.State, a.Reason = Pending, cmp.Or(found.reason, reasons.everybodys, "its route is not there yet")
	}
}

func serviceNamesOf(t target) []string {
	var names []string
	for _, b := range t.backends() {
		names = append(names, b.service)
	}
	slices.Sort(names)
	return names
}

// reasonsOf looks at the same things as the status ladder, but at all rungs: the first trouble of
// each application counts.
func (p *planned) reasonsOf() reasons {
	all := reasons{some: map[string]reason{}}
	if status, _ := p.status(); status.Kind != Active {
		all.everybodys = status.Message
	}
	if !p.Cluster.Usable() || p.Cluster.Gateway == nil {
		return all
	}
	for _, rung := range ladder() {
		if rung.many == nil {
			continue
		}
		for _, found := range rung.many(p) {
			for _, application := range found.whose {
				one := all.some[application]
				one.reason = cmp.Or(one.reason, found.clean().text())
				one.unserved = one.unserved || found.unserved
				all.some[application] = one
			}
		}
	}
	return all
}
