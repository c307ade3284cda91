package plan

import (
	"maps"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// placesForRecord returns what has to be on record: the hosts of applications that write routes of
// their own or have old ones, as long as no other application gets them, and the places of
// applications on ingress that are served elsewhere than where they are to be, or are not told their
// URL at the moment, unless another application has the place by now.
func (d *decision) placesForRecord(urls []URL) map[int]string {
	all := map[int]string{}
	for _, r := range d.RouteRequirers {
		if had, known := d.Record.At(r.RelationID); known && r.Servable() && !d.mayHaveListeners(r) {
			all[r.RelationID] = had
		}
	}
	for _, t := range d.routes {
		hosts := slices.Clone(t.hosts)
		if d.opensOtherHosts(t.RouteRequirer) { // It does not get any host in its turn.
			hosts = slices.DeleteFunc(hosts, func(host string) bool { return host == "" })
			if d.recordHasHostless(t.RouteRequirer, hosts) {
				hosts = append(hosts, "")
			}
		}
		all[t.RelationID] = hostsSum(hosts)
	}
	for _, old := range d.old {
		all[old.relation] = hostsSum(old.hosts)
	}
	owner, at := map[string]int{}, map[int]place{} // relations by place, and where they are served
	for _, t := range slices.Concat(d.targets, d.servedAsBefore) {
		at[t.RelationID], _ = d.placeOf(t)
		for _, place := range t.Places() {
			owner[place] = t.RelationID
		}
	}
	for _, r := range d.Requirers {
		host, path, _ := placeFor(d.Config, r)
		// An application that has another of its places does not have this one; see taken.
		relation, taken := owner[state.PlaceKey(host, path)]
		others := d.denied[r.RelationID] || taken && relation != r.RelationID
		withdrawn := slices.Contains(urls, URL{RelationID: r.RelationID})
		is, served := at[r.RelationID]
		switch {
		case others:
		case withdrawn && r.Holds:
			all[r.RelationID] = d.lastSum(r)
		case !withdrawn && served && (host != is.host || path != is.path):
			all[r.RelationID] = otherHostSum(r, is)
		case !d.published[r.RelationID] && recordHasPlace(d.observed, r): // The next hook certainly finds what is told now.
			all[r.RelationID] = state.HeldSum(r.Path())
		}
	}
	for _, newest := range slices.Backward(slices.Sorted(maps.Keys(all))) {
		if len(all) <= maxHeld {
			break
		}
		delete(all, newest)
	}
	return all
}

// maxHeld limits what is on record: Juju limits the size of a unit's state.
const maxHeld = 1000
