package plan

import (
	"cmp"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A RouteState says how an application stands.
type RouteState string

// The states of applications.
const (
	RouteServed  RouteState = "served"   // it has been told its URL, or its listeners, and nothing is wrong with them
	RoutePending RouteState = "pending"  // it is to be served, and something is missing
	RouteLeftOut RouteState = "left out" // it asks for what it cannot have
	RouteSilent  RouteState = "no data"  // it has not written yet what it wants
)

// A RouteRow is what there is to know of one application on gateway or gateway-route.
type RouteRow struct {
	Application string `json:"application"`
	Relation    int    `json:"relation"`
	Interface   string `json:"interface"` // "ingress" or "gateway-route"
	// Hosts are where it is served, or is to be; an empty name: at the Gateway's addresses.
	Hosts []string `json:"hosts"`
	// Paths are what its routes match; none for one that writes routes of its own.
	Paths []string `json:"paths"`
	// URL is what it has been told; empty for nothing.
	URL string `json:"url,omitempty"`
	// Services are the names of those that its routes lead to.
	Services []string   `json:"services"`
	State    RouteState `json:"state"`
	// Reason says why it is not served, or what is wrong though it is; empty for nothing.
	Reason string `json:"reason,omitempty"`
}

// Routes reports on every application on gateway and gateway-route, by the age of its relation.
func Routes(s state.State) []RouteRow {
	d := decide(s)
	reasons := (&planned{d, d.build()}).reasonsOf()
	told := map[int]string{}
	for _, one := range d.urls() {
		told[one.RelationID] = one.URL
	}
	var rows []RouteRow
	for _, t := range d.targets {
		row := RouteRow{
			Application: t.Application, Relation: t.RelationID, Interface: "ingress",
			URL: told[t.RelationID], Services: serviceNamesOf(t),
		}
		for _, r := range t.rules {
			for _, at := range r.places() {
				row.Hosts, row.Paths = append(row.Hosts, at.host), append(row.Paths, at.path)
			}
		}
		row.judge(row.URL != "" && d.standsAt(t), reasons)
		rows = append(rows, row)
	}
	for _, t := range d.routes {
		row := RouteRow{Application: t.Application, Relation: t.RelationID, Interface: "gateway-route", Hosts: t.hosts}
		lacks := func(host string) bool { return !d.listensFor(host) }
		row.judge(len(addresses(d.Cluster.Gateway)) > 0 && !slices.ContainsFunc(t.hosts, lacks), reasons)
		rows = append(rows, row)
	}
	for _, one := range d.omitted {
		row := RouteRow{Application: one.application, Relation: one.relation, Interface: one.iface, URL: told[one.relation], State: RouteLeftOut, Reason: one.inWords()}
		if row.URL != "" {
			row.State = RouteServed // As before: the API server refused what has changed.
		}
		rows = append(rows, row)
	}
	for _, one := range d.silent {
		rows = append(rows, RouteRow{Application: one.application, Relation: one.relation, Interface: one.iface, State: RouteSilent, Reason: one.inWords()})
	}
	rows = append(rows, unheardOf(d.State, rows, reasons)...)
	for i := range rows {
		for _, list := range []*[]string{&rows[i].Hosts, &rows[i].Paths, &rows[i].Services} {
			*list = slices.Compact(append([]string{}, *list...)) // In JSON none is an empty list.
		}
	}
	slices.SortStableFunc(rows, func(a, b RouteRow) int { return cmp.Compare(a.Relation, b.Relation) })
	return rows
}

// unheardOf are the applications that are in none of the rows: those on gateway-route while nobody
// can be served.
func unheardOf(s state.State, rows []RouteRow, reasons routeReasons) []RouteRow {
	var all []RouteRow
	for _, requirer := range s.RouteRequirers {
		if !slices.ContainsFunc(rows, func(row RouteRow) bool { return row.Relation == requirer.RelationID }) {
			row := RouteRow{Application: requirer.Application, Relation: requirer.RelationID, Interface: "gateway-route", Hosts: requirer.Hostnames}
			row.judge(false, reasons)
			all = append(all, row)
		}
	}
	return all
}

// judge settles the state of one that is to be served; stands says that all of it is there.
func (r *RouteRow) judge(stands bool, reasons routeReasons) {
	found := reasons.some[r.Application]
	r.State, r.Reason = RouteServed, found.reason
	if !stands || found.unserved {
		r.State, r.Reason = RoutePending, cmp.Or(found.reason, reasons.everybodys, "its route is not there yet")
	}
}

func serviceNamesOf(t target) []string {
	var names []string
	for _, b := range t.backends() {
		names = append(names, b.service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// routeReasons are what is wrong, by application, and with everybody.
type routeReasons struct {
	some       map[string]routeReason
	everybodys string
}

type routeReason struct {
	reason   string
	unserved bool
}

// reasonsOf looks at the same things as the ladder of the status, and at all of them: the first
// trouble of each application counts.
func (p *planned) reasonsOf() routeReasons {
	all := routeReasons{some: map[string]routeReason{}}
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
