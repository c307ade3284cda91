package plan

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A host is one name that the Gateway listens for.
type host struct {
	name string
	// wanted says that the options ask for it. A host that is not wanted any
	// more goes on being served until the wanted one has its certificate.
	wanted bool
	// request is the certificate signing request for the host and what became
	// of it; nil before there is one.
	request *state.Certificate
	// chain and key are what the host is served with over HTTPS, in PEM; empty
	// when it cannot be.
	chain string
	key   state.PrivateKey
}

// newHost finds what a host can be served with: the certificate that answers its
// request or, until there is one, what stands in its Secret. What was revoked is
// served no more, nor what comes from a relation that is gone.
func newHost(s state.State, name string) host {
	h := host{name: name}
	if !s.Certificates.Related {
		return h
	}
	if entry, ok := s.Certificates.For(name); ok {
		h.request = &entry
	}
	if h.issued() {
		h.chain, h.key = h.request.Chain, s.Certificates.Key
		return h
	}
	revoked := h.request != nil && h.request.State == state.CertificateRevoked
	if revoked || !s.Certificates.Asked(name) {
		return h
	}
	for _, served := range s.Cluster.Served {
		if served.Secret == secretName(s.Application, name) && slices.Contains(served.Hosts, name) {
			h.chain, h.key = served.Chain, served.Key
		}
	}
	return h
}

// issued says that the host's request is answered with a valid certificate.
func (h host) issued() bool {
	return h.request != nil && h.request.State == state.CertificateIssued
}

// secure says that the host can be served over HTTPS.
func (h host) secure() bool { return h.chain != "" }

// hosts gives the wanted host first, then those that it has yet to replace.
func hosts(s state.State, wanted string) []host {
	if wanted == "" {
		return nil
	}
	first := newHost(s, wanted)
	first.wanted = true
	all := []host{first}
	if first.secure() {
		return all
	}
	for _, name := range servedHosts(s.Cluster.Gateway) {
		if dashed(name) == dashed(wanted) {
			continue // Itself, or one whose listener would have the same name.
		}
		if old := newHost(s, name); old.secure() {
			all = append(all, old)
		}
	}
	return all
}

// servedHosts are the hosts of the live Gateway's HTTPS listeners, sorted.
func servedHosts(gateway *gatewayv1.Gateway) []string {
	if gateway == nil {
		return nil
	}
	var names []string
	for _, listener := range gateway.Spec.Listeners {
		if listener.Protocol == gatewayv1.HTTPSProtocolType && listener.Hostname != nil {
			names = append(names, string(*listener.Hostname))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// secureHosts are those served over HTTPS, the wanted one first.
func (set settings) secureHosts() []host {
	return slices.DeleteFunc(slices.Clone(set.hosts), func(h host) bool { return !h.secure() })
}

// requests says which certificate signing requests to have: one for each host,
// those that stand already in the order in which they stand. None is dropped
// while the cluster cannot be read: what it serves is not known then.
func requests(s state.State, set settings) *Requests {
	if !s.Certificates.Related || set.unsure {
		return nil
	}
	needed := map[string]bool{}
	r := &Requests{RelationID: s.Certificates.RelationID}
	for _, h := range set.hosts {
		switch {
		case h.request != nil:
			needed[h.request.Request] = true
		case h.wanted:
			r.Create = append(r.Create, h.name)
		}
	}
	for _, entry := range s.Certificates.Entries {
		if needed[entry.Request] || !s.Cluster.Usable() {
			r.Keep = append(r.Keep, entry.Request)
		}
	}
	return r
}
