package address

import (
	"net/netip"
	"slices"
)

// A rule says whether units may be in one network.
type rule struct {
	network netip.Prefix
	allow   bool
	reason  string // why units may not be there, in a few words
	fixed   bool   // the charm does not advise the operator to allow it
}

// Known is what the charm knows of its cluster.
type Known struct {
	// Pod are the addresses of the charm's own pod. If one of them is in a network of the
	// registries, that is a network of pods here: clusters use 100.64.0.0/10 and others in this
	// way.
	Pod []netip.Addr
	// APIServer are the addresses of the API server, Services those of the application's Services,
	// and Gateway those of its Gateway.
	APIServer, Services, Gateway []netip.Addr
}

// A Judge says where units of other models may be.
type Judge struct {
	rules []rule // of two rules for the same network, the later one counts
}

// NewJudge returns a judge for the operator's networks and for what is known of the cluster.
func NewJudge(networks Networks, known Known) Judge {
	var j Judge
	for _, one := range special() {
		if !slices.ContainsFunc(known.Pod, func(pod netip.Addr) bool { return one.network.Contains(pod.Unmap()) }) {
			j.rules = append(j.rules, one)
		}
	}
	for _, one := range metadata {
		one.fixed = true
		j.rules = append(j.rules, one)
	}
	j.know(known.Gateway, "the Gateway's own")
	j.know(known.Services, "a Service of the charm")
	j.know(known.APIServer, "the API server")
	j.rules = append(j.rules, networks.rules()...)
	return j
}

func (j *Judge) know(addresses []netip.Addr, reason string) {
	for _, address := range addresses {
		if address = address.Unmap(); address.IsValid() && address.Zone() == "" {
			j.rules = append(j.rules, rule{network: netip.PrefixFrom(address, address.BitLen()), reason: reason, fixed: true})
		}
	}
}

// A Refusal says why no unit may be at an address.
type Refusal struct {
	// Reason is in a few words, such as "link-local"; empty if a unit may be at the address.
	Reason string
	// Network is what the operator can allow so that units may be there; invalid if that would not
	// help, or is not advisable.
	Network netip.Prefix
}

// Judge says whether a unit may be at an address.
func (j Judge) Judge(address netip.Addr) Refusal {
	if !address.IsValid() || address.Zone() != "" {
		return Refusal{Reason: "not an address"}
	}
	address = address.Unmap()
	if reason := impossible(address); reason != "" {
		return Refusal{Reason: reason}
	}
	for _, inner := range embedded(address) {
		if refusal := j.Judge(inner); refusal.Reason != "" {
			return Refusal{Reason: inner.String() + " in it is " + refusal.Reason}
		}
	}
	return j.decide(address)
}

// decide applies the rule for the smallest network that contains the address.
func (j Judge) decide(address netip.Addr) Refusal {
	last := rule{allow: true}
	for _, one := range j.rules {
		if one.network.Contains(address) && (!last.network.IsValid() || one.network.Bits() >= last.network.Bits()) {
			last = one
		}
	}
	switch {
	case last.allow:
		return Refusal{}
	case last.fixed:
		return Refusal{Reason: last.reason}
	default:
		return Refusal{Reason: last.reason, Network: last.network}
	}
}

// impossible returns why a unit in no cluster can be at an address; empty if one can.
func impossible(address netip.Addr) string {
	i := slices.IndexFunc(never, func(r rule) bool { return r.network.Contains(address) })
	if i < 0 {
		return ""
	}
	return never[i].reason
}
