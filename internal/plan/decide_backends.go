package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// What the routes of an application lead to: one Service for all its units or, if they speak TLS
// and no single policy verifies them all, one Service for each.

// maxBackends is how many Services a rule of an HTTPRoute may lead to.
const maxBackends = 16

// findBackends returns what the routes of an application lead to; nothing if that is unknown. If
// the application is served, its units were replaced and none has written yet, it stays served as
// before; without a selector, at the last known addresses. If it has no unit at all, there is
// nobody to forward to, and the addresses may belong to others by now.
func (d *decision) findBackends(names namer, t target) []backend {
	each := speaksTLS(t.Requirer) && !d.tls.oneForAll(t.Requirer)
	if each {
		if all := d.backendForEach(names, t); len(all) > 0 || len(t.Hosts) > 0 {
			return all
		}
	}
	whole := backend{service: t.service, hosts: t.Hosts, addresses: t.Addresses}
	last, served := d.Cluster.Services[t.service]
	if speaksTLS(t.Requirer) && len(whole.hosts) == 0 {
		whole.hosts = policyHosts(d.observed, t.service)
		if n := len(whole.hosts); n == 0 || n > d.tls.names {
			if each { // Units that write nothing may be served one by one.
				return nil
			}
			return d.backendForEach(names, t)
		}
	}
	switch {
	case !t.remote && t.Waiting && !served:
		return nil
	case t.remote && len(t.Addresses) == 0:
		if !t.HasUnits || len(last) == 0 {
			return nil
		}
		whole.addresses = last
		d.remark(t.Application, t.RelationID, lastAddresses)
	}
	return []backend{whole}
}

const lastAddresses = "none of its units says its address: still served at the last ones known"

// backendForEach returns a backend for each unit that can be verified and, in another model, has an
// address. If there is none, it returns those that are served.
func (d *decision) backendForEach(names namer, t target) []backend {
	var ready, lastKnown []backend
	var nameless, nowhere []int
	for _, unit := range t.Units {
		b := unitBackend(d.observed, names, t, unit)
		switch {
		case !unit.Silent && unit.Host == "":
			nameless = append(nameless, unit.Number)
		case b.complete(t):
			ready = append(ready, b)
		default:
			if last := b.last(d.observed); last.complete(t) {
				lastKnown = append(lastKnown, last)
			}
			if !unit.Silent {
				nowhere = append(nowhere, unit.Number)
			}
		}
	}
	if len(ready) == 0 && len(lastKnown) > 0 {
		ready, nowhere = lastKnown, nil
		if t.remote {
			d.remark(t.Application, t.RelationID, lastAddresses)
		}
	}
	d.leaveOut(t, nameless, "no host to verify a certificate for")
	d.leaveOut(t, nowhere, "no address")
	if more := len(ready) - maxBackends; more > 0 {
		d.remark(t.Application, t.RelationID, fmt.Sprintf("%d of its units are left out: a route leads to %d Services at most, and each unit needs its own", more, maxBackends))
		ready = ready[:maxBackends]
	}
	return ready
}

// keepBackends returns what the routes of an application that speaks TLS lead to while the charm
// may not read or write the policies and authorities. The existing Services were made with their
// policies, and lead where they led before. New ones would lead there in plain HTTP.
func keepBackends(s observed, names namer, t target) []backend {
	stands := func(b backend) bool {
		return slices.Contains(s.Cluster.TLSServices, b.service) && (!t.remote || t.HasUnits && len(b.addresses) > 0)
	}
	var all []backend
	for _, unit := range t.Units {
		if b := unitBackend(s, names, t, unit).last(s); stands(b) && len(all) < maxBackends {
			all = append(all, b)
		}
	}
	if len(all) > 0 {
		return all
	}
	whole := backend{service: t.service, addresses: t.Addresses}
	if whole = whole.last(s); stands(whole) {
		return []backend{whole}
	}
	return nil
}

func (r *routing) leaveOut(t target, units []int, reason string) {
	switch more := len(units) - 1; {
	case more == 0:
		r.remark(t.Application, t.RelationID, fmt.Sprintf("unit %d is left out: %s", units[0], reason))
	case more > 0:
		r.remark(t.Application, t.RelationID, fmt.Sprintf("unit %d and %d more are left out: %s", units[0], more, reason))
	}
}

// unitBackend returns the backend for what a unit has written.
func unitBackend(s observed, names namer, t target, unit state.Unit) backend {
	id := fmt.Sprintf("/%s-%s/%d", t.Model, t.Name, unit.Number)
	b := backend{service: names.unique(serviceNames, unitServiceName(s, t.Requirer, unit.Number), id, maxLabelName, t.Requirer)}
	if !t.remote {
		b.pod = fmt.Sprintf("%s-%d", t.Name, unit.Number)
	}
	if unit.Host != "" {
		b.hosts = []string{unit.Host}
	}
	if unit.Address.IsValid() {
		b.addresses = []netip.Addr{unit.Address}
	}
	return b
}

// hasSlice reports whether an EndpointSlice of that name replaces the backend's selector.
func (b backend) hasSlice(name string) bool {
	rest, ok := strings.CutPrefix(name, b.service+"-ipv")
	return ok && (strings.HasPrefix(rest, "4") || strings.HasPrefix(rest, "6"))
}

// last fills in what the unit has not written with what is served now.
func (b backend) last(s observed) backend {
	if len(b.hosts) == 0 {
		b.hosts = policyHosts(s, b.service)
	}
	if len(b.addresses) == 0 {
		b.addresses = s.Cluster.Services[b.service]
	}
	return b
}

func (b backend) complete(t target) bool {
	return len(b.hosts) > 0 && (!t.remote || len(b.addresses) > 0)
}
