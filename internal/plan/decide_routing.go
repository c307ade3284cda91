package plan

import (
	"cmp"
	"slices"
)

// route decides about the requirers, each in its turn: what one application gets is not available
// to later ones. What is wrong with one application affects no other.
func (d *decision) route() {
	d.routing = routing{tls: d.backendTLSOf(), denied: map[int]bool{}, reservedHosts: map[int][]string{}, published: map[int]bool{}}
	d.remarks = d.tls.remarks
	d.dropRefusedAddresses()
	for _, r := range d.Requirers {
		d.published[r.RelationID] = r.Holds
	}
	d.Requirers = requirersWithRecord(d.observed)
	d.startAllowance()
	live := livePlacesOf(d.observed)
	g := allocation{owner: map[string]string{}, localPlaces: localPlaces(d.observed), names: newNamer(d.observed, live), live: live, listeners: listenerTable{}}
	g.listeners.claim(d.observed, d.optionHosts(), false, 0) // The options come before any application.
	for _, one := range d.turnsOf() {
		switch {
		case one.reserves != nil:
			d.reservedHosts[one.relation] = g.listeners.claimEach(d.observed, one.reserves)
		case one.route != nil:
			d.addRoute(g.listeners, one.rank, *one.route)
		default:
			d.addRequirer(g, *one.ingress)
		}
	}
	d.sortByAge()
	d.joinPreviousHost(g.names, g.live)
	d.omitClashingRoutes()
	d.openHostless(g.listeners)
	d.keepHad()
	d.dropOldOfTargets()
}

// sortByAge puts the oldest relation first again, whoever had the first turn: the objects do not
// change when an application begins to be served.
func (r *routing) sortByAge() {
	slices.SortStableFunc(r.targets, func(a, b target) int { return cmp.Compare(a.RelationID, b.RelationID) })
	slices.SortStableFunc(r.routes, func(a, b routeTarget) int { return cmp.Compare(a.RelationID, b.RelationID) })
	byRelation := func(a, b omission) int { return cmp.Compare(a.relation, b.relation) }
	slices.SortStableFunc(r.omitted, byRelation)
	slices.SortStableFunc(r.withoutData, byRelation)
	slices.SortStableFunc(r.unitsOmitted, byRelation)
}
