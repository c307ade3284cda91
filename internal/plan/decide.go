package plan

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// decide settles what is served where, from which all else follows. In the state of the decision
// the options are those in force.
func decide(s state.State) *decision {
	d := &decision{State: s}
	d.Config, d.settings = settle(s)
	d.RouteRequirers = d.attaching()
	d.Cluster.Gateway = unforged(d.State)
	d.route()
	d.hosts = d.makeRoom()
	nameSecrets(d.State, d.hosts)
	d.ration()
	d.leaveRefused()
	return d
}

// nameSecrets returns each host that is served over HTTPS a Secret of its own. Names that are
// cut can be chosen to be alike: who names a host may name it as the Secret of another is
// called. Who has the Secret in use keeps it, and another gets a hash.
func nameSecrets(s state.State, hosts []host) {
	taken := map[string]bool{}
	for _, inUse := range []bool{true, false} {
		for i := range hosts {
			h := &hosts[i]
			if !h.secure() || (secretInUse(s, h.name) == h.secret) != inUse {
				continue
			}
			for key := s.Application + "/" + h.name; taken[h.secret] || s.Cluster.ForeignOf("Secret", h.secret) != nil; key += "+" {
				h.secret = withHash(h.secret, key, maxLabelName)
			}
			if taken[h.secret] = true; slices.Contains(s.Cluster.Refused, h.secret) {
				h.secret, h.chain, h.key = "", "", "" // See secretOf.
			}
		}
	}
}
