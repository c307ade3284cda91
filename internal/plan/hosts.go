package plan

import (
	"slices"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A host is what the Gateway listens for: one name or, without a name, whatever
// address it is reached at.
type host struct {
	name string
	// names are what its certificate is asked for, sorted; empty while the
	// Gateway has no address to ask for.
	names []string
	// wanted says that the options, or an application on gateway-route, ask for
	// it. A host that is not wanted any more goes on being served until those that replace it have certificates.
	wanted bool
	// own says that applications are served there by routes that we write.
	own bool
	// old says that routes are served there which the Python charm made.
	old bool
	// open says that applications may attach routes of their own: from these namespaces
	// or, where not all of theirs are known, from any.
	open bool
	from []string
	// http says that it has an HTTP listener.
	http bool
	// newest is the newest request for a certificate with the present key, issued
	// the newest of those that are answered with a valid one; nil for none.
	newest, issued *state.Certificate
	// live is what stands in its Secret and is served until a request is
	// answered; nil when there is nothing, or when it is not needed.
	live *state.Served
	// chain and key are what the host is served with over HTTPS, in PEM; empty
	// when it cannot be.
	chain string
	key   state.PrivateKey
	// until is when its first request is made, of one that has to wait; see ration.
	until time.Time
	// secret is the name of its Secret; empty when it can have none.
	secret string
}

// newHost finds what a host can be served with: the certificate that answers its
// request or, until there is one, what stands in its Secret. What was revoked is
// served no more, nor what comes from a relation that is gone.
func newHost(s state.State, name string) host {
	h := host{name: name, names: []string{name}, secret: secretOf(s, name)}
	if name == "" {
		h.names = addressNames(s)
	}
	if !s.Certificates.Related {
		return h
	}
	for i, entry := range s.Certificates.Entries {
		if !h.asksFor(entry) {
			continue
		}
		h.newest = &s.Certificates.Entries[i]
		if entry.State == state.CertificateIssued {
			h.issued = h.newest
		}
	}
	if h.issued != nil && h.secret == "" {
		return h // As long as there is no Secret, it is as if there were no certificate.
	}
	if h.issued != nil {
		h.chain, h.key = chainFor(s, *h.issued), s.Certificates.Key
		return h
	}
	h.live = liveCertificate(s, name)
	if h.live != nil && h.newest != nil && h.newest.State == state.CertificateRevoked && !issuedAs(s, *h.live) {
		h.live = nil
	}
	if h.live != nil {
		h.chain, h.key = h.live.Chain, h.live.Key
	}
	return h
}

// asksFor reports whether a request is one for this host as it has to be: made with the
// present key, for the names of now.
func (h host) asksFor(entry state.Certificate) bool {
	if entry.Foreign {
		return false
	}
	if len(h.names) > 0 {
		return slices.Equal(entry.Hosts, h.names)
	}
	// The Gateway has lost its address for a while: what was asked for counts.
	return len(entry.Hosts) > 0 && !slices.ContainsFunc(entry.Hosts, isName)
}

// issuedAs reports whether some request is answered with a valid certificate which may be the
// one that is served.
func issuedAs(s state.State, served state.Served) bool {
	return slices.ContainsFunc(s.Certificates.Entries, func(entry state.Certificate) bool {
		return entry.State == state.CertificateIssued && entry.KeyID == served.KeyID && slices.ContainsFunc(entry.Hosts, served.Covers)
	})
}

// liveCertificate returns what stands in a host's Secret, by whatever name, if it may be
// served: it must have been asked for on this very relation, with the key that it has.
func liveCertificate(s state.State, name string) *state.Served {
	for _, secret := range secretNames(s, name) {
		served := s.Cluster.ServedIn(secret)
		if served == nil {
			continue
		}
		asked := func(host string) bool { return s.Certificates.Asked(host, served.KeyID) }
		covers := served.Covers(name) && asked(name)
		if name == "" {
			covers = slices.ContainsFunc(served.Hosts, asked)
		}
		if covers {
			return served
		}
	}
	return nil
}

// secure reports whether the host can be served over HTTPS.
func (h host) secure() bool { return h.chain != "" }

// maxListeners is how many listeners a Gateway can have (Gateway API,
// GatewaySpec.listeners), and maxHosts how many hosts they serve over HTTP and HTTPS.
const (
	maxListeners = 64
	maxHosts     = maxListeners / 2
)

// hosts returns the wanted hosts, oldest application first, then those that they have
// yet to replace.
func (d *decision) findHosts() []host {
	var all []host
	own := d.ownHosts()
	for _, name := range d.wantedHosts() {
		h := newHost(d.State, name)
		h.wanted, h.open, h.from = true, d.opens(name), d.namespacesAt(name)
		h.old = d.keepsOld(name)
		h.own = h.old || slices.Contains(own, name) && (!h.open || len(d.targets) > 0)
		all = append(all, h)
	}
	for _, t := range d.targets {
		if t.kept == nil {
			continue
		}
		i := slices.IndexFunc(all, func(h host) bool { return listenerLabel(d.State, h.name) == listenerLabel(d.State, t.kept.host) })
		switch {
		case i < 0:
			kept := newHost(d.State, t.kept.host)
			kept.own = true
			all = append(all, kept)
		case all[i].name == t.kept.host:
			all[i].own = true
		}
	}
	return withListeners(d.State, all, d.targets)
}

// withListeners decides which hosts have an HTTP listener, as there is room: those
// served over HTTPS first, since a client is sent from there; then those that are
// all an application has, which are there before which are to come; then those that are to
// replace another.
func withListeners(s state.State, all []host, targets []target) []host {
	only := func(h host) bool {
		return h.open || h.old || slices.ContainsFunc(targets, func(t target) bool { return t.onlyHost() == h.name })
	}
	room := min(maxHosts, maxListeners-secureOf(all))
	stands := func(h host) bool { return only(h) && hasListener(s, httpListenerName(s, h.name)) }
	for _, comes := range []func(host) bool{host.secure, stands, only, func(host) bool { return true }} {
		for i := range all {
			if !all[i].http && room > 0 && comes(all[i]) {
				all[i].http = true
				room--
			}
		}
	}
	return slices.DeleteFunc(all, func(h host) bool { return !h.http && !h.secure() && !h.wanted })
}

// secureOf counts the hosts that are served over HTTPS.
func secureOf(hosts []host) int {
	count := 0
	for _, h := range hosts {
		if h.secure() {
			count++
		}
	}
	return count
}

// wantedHosts are the hosts that somebody asks for: the options, for applications on
// ingress, and the applications on gateway-route for themselves.
func (d *decision) wantedHosts() []string {
	names := d.ownHosts()
	add := func(hosts []string) {
		for _, name := range hosts {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, t := range d.routes {
		add(t.hosts)
	}
	for _, old := range d.old {
		add(old.hosts)
	}
	return names
}

// ownHosts are those where applications on ingress shall be served, if there are any.
func (d *decision) ownHosts() []string {
	if d.idle {
		return nil
	}
	if d.Config.RoutingMode != state.RoutingSubdomain {
		return d.optionHosts()
	}
	if d.unsure || d.Config.ExternalHostname == "" && !d.byAddress {
		return nil
	}
	var names []string
	for _, t := range d.targets {
		if !slices.Contains(names, t.host) { // Some may stay where all were.
			names = append(names, t.host)
		}
	}
	return names
}

// optionHosts are those that the options alone name, whether or not anybody is there.
func (d *decision) optionHosts() []string {
	if d.unsure || d.Config.RoutingMode == state.RoutingSubdomain || d.Config.ExternalHostname == "" && !d.byAddress {
		return nil
	}
	return []string{d.Config.ExternalHostname}
}

// host returns the host of that name, nil for none.
func (d *decision) host(name string) *host {
	i := slices.IndexFunc(d.hosts, func(h host) bool { return h.name == name })
	if i < 0 {
		return nil
	}
	return &d.hosts[i]
}

// secureHosts are those served over HTTPS, the wanted ones first.
func (d *decision) secureHosts() []host {
	return slices.DeleteFunc(slices.Clone(d.hosts), func(h host) bool { return !h.secure() })
}

// liveRoutes returns the application's routes as they are, by name.
func liveRoutes(s state.State) map[string]*gatewayv1.HTTPRoute {
	live := make(map[string]*gatewayv1.HTTPRoute, len(s.Cluster.Routes))
	for i := range s.Cluster.Routes {
		live[s.Cluster.Routes[i].Name] = &s.Cluster.Routes[i]
	}
	return live
}

// pathOf returns the path of a route of ours, which has one rule with one match.
func pathOf(route *gatewayv1.HTTPRoute) string {
	for _, rule := range route.Spec.Rules {
		for _, match := range rule.Matches {
			if match.Path != nil && match.Path.Value != nil {
				return *match.Path.Value
			}
		}
	}
	return ""
}
