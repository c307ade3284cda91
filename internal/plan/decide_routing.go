package plan

import (
	"cmp"
	"slices"
)

// route judges the requirers, each in its turn: what one has been given is not there for
// those that come later. What is wrong with one touches no other.
func (d *decision) route() {
	d.routing = routing{tls: d.backendTLSOf(), denied: map[int]bool{}, kept: map[int][]string{}, told: map[int]bool{}}
	d.remarks = d.tls.remarks
	d.screen()
	for _, r := range d.Requirers {
		d.told[r.RelationID] = r.Holds
	}
	d.Requirers = holding(d.observed)
	d.startAllowance()
	live := livePlacesOf(d.observed)
	g := giving{owner: map[string]string{}, reserved: reserved(d.observed), names: newNamer(d.observed, live), live: live, room: listenerRoom{}}
	g.room.claim(d.observed, d.optionHosts(), false, 0) // No application stands before the options.
	for _, one := range d.turnsOf() {
		switch {
		case one.keeps != nil:
			d.kept[one.relation] = g.room.claimEach(d.observed, one.keeps)
		case one.route != nil:
			d.addRoute(g.room, one.rank, *one.route)
		default:
			d.addRequirer(g, *one.ingress)
		}
	}
	d.sortByAge()
	d.joinKeptHost(g.names, g.live)
	d.yieldToKept()
	d.openBare(g.room)
	d.dropOldOfTargets()
}

// sortByAge has the oldest relation first again, whoever had the first turn: what is made
// of it does not change when an application begins to be served.
func (r *routing) sortByAge() {
	slices.SortStableFunc(r.targets, func(a, b target) int { return cmp.Compare(a.RelationID, b.RelationID) })
	slices.SortStableFunc(r.routes, func(a, b routeTarget) int { return cmp.Compare(a.RelationID, b.RelationID) })
	byRelation := func(a, b omission) int { return cmp.Compare(a.relation, b.relation) }
	slices.SortStableFunc(r.omitted, byRelation)
	slices.SortStableFunc(r.silent, byRelation)
	slices.SortStableFunc(r.strayed, byRelation)
}
