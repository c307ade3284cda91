package plan

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// decide settles what is served where; everything else follows from that. The state inside the
// decision has the options in force. Each step reads what the steps above it have settled.
func decide(s state.State) *decision {
	d := &decision{observed: observed{State: s, addresses: addressesOf(s.Cluster.Gateway)}}
	d.Config, d.settings = settle(d.observed)
	d.RouteRequirers = d.routeRequirersWithRecord()
	d.Cluster.Gateway = withoutForgedListeners(d.observed)
	d.route()
	d.hosts = d.makeRoom()
	d.nameSecrets()
	d.nameListeners()
	d.limitRequests()
	d.leaveRefused()
	return d
}

// nameSecrets names the Secret of each certificate that is served, so that no two share one. Names
// that are cut can be made equal on purpose: an application can choose a host whose Secret would
// have the name of another host's Secret. The host that uses the Secret keeps it, and the other
// gets a hash.
func (d *decision) nameSecrets() {
	taken := map[string]bool{}
	for _, inUse := range []bool{true, false} {
		for _, h := range d.certified() {
			if !h.secure() || (secretInUse(d.observed, h.name) == h.secret) != inUse {
				continue
			}
			for key := d.Application + "/" + h.name; taken[h.secret] || d.Cluster.ForeignOf("Secret", h.secret) != nil; key += "+" {
				h.secret = withHash(h.secret, key, maxLabelName)
			}
			if taken[h.secret] = true; slices.Contains(d.Cluster.Refused, h.secret) {
				h.secret, h.chain, h.key = "", "", "" // See secretOf.
			}
		}
	}
}

// nameListeners sets the listeners of each host: HTTP if there is room, and HTTPS once it has a
// certificate. A listener that refers to a missing Secret can stop a controller from taking any
// change of the Gateway.
func (d *decision) nameListeners() {
	for i := range d.hosts {
		h := &d.hosts[i]
		if h.http {
			h.listeners = append(h.listeners, newListener(d.observed, h.name, false))
		}
		if h.secure() {
			h.listeners = append(h.listeners, newListener(d.observed, h.name, true))
		}
	}
}
