package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/address"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// At which addresses units of other models may be. No selector reaches their pods, so traffic goes
// to the addresses that the units write, and the charm judges these first. Pods of our own model
// are found by selectors, and the addresses that their units write do not count.

func (d *decision) judgesOf() judges {
	known := address.Known{Pod: d.PodAddresses, APIServer: d.Cluster.APIServer, Services: d.Cluster.ServiceAddresses}
	j := judges{any: address.NewJudge(d.Config.CrossModelNetworks, known)}
	if gateway := d.Cluster.Gateway; gateway != nil {
		for _, one := range gateway.Status.Addresses {
			if at, err := netip.ParseAddr(one.Value); err == nil {
				known.Gateway = append(known.Gateway, at)
			}
		}
	}
	j.atGateway = address.NewJudge(d.Config.CrossModelNetworks, known)
	return j
}

// of judges an address of an application that listens on a port.
func (j judges) of(port int32, at netip.Addr) address.Refusal {
	if port == 80 || port == 443 {
		return j.atGateway.Judge(at)
	}
	return j.any.Judge(at)
}

// allowed returns those of the addresses at which units of an application that listens on a port
// may be.
func (j judges) allowed(port int32, all []netip.Addr) []netip.Addr {
	refused := func(at netip.Addr) bool { return j.of(port, at).Reason != "" }
	if !slices.ContainsFunc(all, refused) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), refused)
}

// dropRefusedAddresses removes all addresses at which no unit may be: from what units of other
// models write, and from the live Services, where an older charm or somebody else may have written
// them. What it removes from the former is kept in refusedUnits, by relation.
func (d *decision) dropRefusedAddresses() {
	remote := func(requirer state.Requirer) bool { return isRemote(d.observed, requirer) }
	if !slices.ContainsFunc(d.Requirers, remote) {
		return
	}
	d.judges, d.refusedUnits = d.judgesOf(), map[int][]refusedUnit{}
	d.Requirers = slices.Clone(d.Requirers)
	for i := range d.Requirers {
		if one := &d.Requirers[i]; remote(*one) {
			d.refusedUnits[one.RelationID] = d.refusedUnitsOf(*one)
			one.Addresses = d.judges.allowed(one.Port, one.Addresses)
			one.Units = slices.Clone(one.Units)
			for u := range one.Units {
				if unit := &one.Units[u]; d.judges.of(one.Port, unit.Address).Reason != "" {
					unit.Address = netip.Addr{}
				}
			}
		}
	}
	services := make(map[string][]netip.Addr, len(d.Cluster.Services))
	for name, addresses := range d.Cluster.Services {
		services[name] = d.judges.allowed(0, addresses)
	}
	d.Cluster.Services = services
}

// refusedUnitsOf returns the units of an application at addresses where none may be, by number.
// There may be very many.
func (r *routing) refusedUnitsOf(requirer state.Requirer) []refusedUnit {
	var all []refusedUnit
	seen := map[netip.Addr]bool{}
	add := func(unit int, at netip.Addr) {
		if refusal := r.judges.of(requirer.Port, at); refusal.Reason != "" {
			all, seen[at] = append(all, refusedUnit{unit: unit, at: at, refusal: refusal}), true
		}
	}
	for _, one := range requirer.At {
		add(one.Number, one.Address)
	}
	for _, at := range requirer.Addresses {
		if !seen[at] {
			add(-1, at)
		}
	}
	return all
}

// omitAllUnits omits an application none of whose units is at an allowed address.
func (d *decision) omitAllUnits(requirer state.Requirer) {
	d.omitted = append(d.omitted, d.describeRefused(requirer, "not served"))
}

// omitUnits records which units of an application are left out while others are served.
func (d *decision) omitUnits(requirer state.Requirer) {
	if len(d.refusedUnits[requirer.RelationID]) > 0 {
		d.unitsOmitted = append(d.unitsOmitted, d.describeRefused(requirer, "left out"))
	}
}

// describeRefused returns what the status says of an application's refused units. It logs each of
// them, up to a limit.
func (d *decision) describeRefused(requirer state.Requirer, how string) omission {
	const most = 10
	all := d.refusedUnits[requirer.RelationID]
	var first omission
	for i, one := range all[:min(most, len(all))] {
		entry := omission{
			application: requirer.Application, relation: requirer.RelationID, iface: "ingress", unit: requirer.Application,
			reason: fmt.Sprintf("is at %s, %s", one.at.Unmap(), one.refusal.Reason),
		}
		if one.unit >= 0 {
			entry.unit += fmt.Sprintf("/%d", one.unit)
		}
		text := how + ": " + entry.unit + " " + entry.reason
		if one.refusal.Network.IsValid() {
			entry.cure = configure(d.observed, state.OptionCrossModelNetworks, string(d.Config.CrossModelNetworks.With(one.refusal.Network)))
			text += "; " + entry.cure
		}
		d.remark(requirer.Application, requirer.RelationID, text)
		if i == 0 {
			first = entry
		}
	}
	if more := len(all) - most; more > 0 {
		d.remark(requirer.Application, requirer.RelationID, fmt.Sprintf("%s: %d more of its units", how, more))
	}
	return first
}
