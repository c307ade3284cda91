package plan

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// makeRoom returns the hosts. While more hosts have to be served than a Gateway has room for, it
// drops previous places, first those of the newest applications that can be served at their new
// place.
func (d *decision) makeRoom() []host {
	all := d.findHosts()
	for d.needed(all) > maxHosts {
		newest := d.newestMoving()
		if newest == nil {
			return all
		}
		newest.previous = nil
		all = d.findHosts()
	}
	return all
}

// findHosts returns the wanted hosts, those of the oldest application first, then the hosts that
// they are to replace.
func (d *decision) findHosts() []host {
	var all []host
	own := d.ownHosts()
	for _, name := range d.wantedHosts() {
		h := newHost(d.observed, name)
		h.wanted, h.open, h.from = true, d.opens(name), d.namespacesAt(name)
		h.old = d.hasOldRoutes(name)
		h.own = h.old || slices.Contains(own, name) && (!h.open || len(d.targets) > 0)
		all = append(all, h)
	}
	for _, one := range d.rules() {
		if one.previous == nil {
			continue
		}
		i := slices.IndexFunc(all, func(h host) bool {
			return listenerLabel(d.observed, h.name) == listenerLabel(d.observed, one.previous.host)
		})
		switch {
		case i < 0:
			previous := newHost(d.observed, one.previous.host)
			previous.own = true
			all = append(all, previous)
		case all[i].name == one.previous.host:
			all[i].own = true
		}
	}
	for i := range all {
		all[i].paths = slices.ContainsFunc(d.rules(), func(r *rule) bool { return r.hasPathAt(all[i].name) })
	}
	return withListeners(d.observed, all, d.rules())
}

// hasPathAt reports whether the rule is served at a path of a host that it may share.
func (r rule) hasPathAt(host string) bool {
	return slices.ContainsFunc(r.places(), func(at place) bool { return at.host == host && at.path != "/" })
}

// withListeners decides which hosts have an HTTP listener while there is room: first HTTPS hosts
// (their HTTP listener redirects), then an application's only host (existing ones before new ones),
// then hosts that are to replace another.
func withListeners(s observed, all []host, rules []*rule) []host {
	only := func(h host) bool {
		return h.open || h.old || slices.ContainsFunc(rules, func(r *rule) bool { return r.onlyHost() == h.name })
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

// secureOf counts the hosts served over HTTPS.
func secureOf(hosts []host) int {
	count := 0
	for _, h := range hosts {
		if h.secure() {
			count++
		}
	}
	return count
}

// wantedHosts returns the hosts that somebody asks for: the options, on behalf of applications on
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

// ownHosts returns the hosts at which applications on ingress are to be served, if there are any.
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
	for _, one := range d.rules() {
		if !slices.Contains(names, one.host) { // Some applications may stay at the host where all were.
			names = append(names, one.host)
		}
	}
	return names
}

// optionHosts returns the hosts that the options alone name, even if no application is related.
func (d *decision) optionHosts() []string {
	if d.unsure || d.Config.RoutingMode == state.RoutingSubdomain || d.Config.ExternalHostname == "" && !d.byAddress {
		return nil
	}
	return []string{d.Config.ExternalHostname}
}

// opens reports whether some application may attach routes of its own to the host.
func (r routing) opens(host string) bool {
	return slices.ContainsFunc(r.routes, func(t routeTarget) bool { return slices.Contains(t.hosts, host) })
}

// namespacesAt returns the namespaces of the applications that may attach routes of their own to
// the host, each once; none if one of the namespaces is unknown.
func (r routing) namespacesAt(host string) []string {
	var all []string
	for _, t := range r.routes {
		switch {
		case !slices.Contains(t.hosts, host):
		case t.Namespace == "":
			return nil
		case !slices.Contains(all, t.Namespace):
			all = append(all, t.Namespace)
		}
	}
	return all
}

// hasOldRoutes reports whether routes of the Python charm are served at a host.
func (r routing) hasOldRoutes(host string) bool {
	return slices.ContainsFunc(r.old, func(old oldTarget) bool { return slices.Contains(old.hosts, host) })
}

// newestMoving returns the newest rule that has a previous place and can be served at its new one;
// nil if there is none.
func (d *decision) newestMoving() *rule {
	for _, one := range slices.Backward(d.rules()) {
		if one.previous != nil && newHost(d.observed, one.host).secure() {
			return one
		}
	}
	return nil
}

// needed counts the hosts that are served over HTTPS, or at which an application is served that is
// served nowhere else.
func (r *routing) needed(hosts []host) int {
	names := map[string]bool{}
	for _, h := range hosts {
		if h.secure() || h.open || h.old {
			names[h.name] = true
		}
	}
	for _, one := range r.rules() {
		names[one.onlyHost()] = true
	}
	return len(names)
}

// onlyHost returns the host that the rule certainly needs until it is served at another one.
func (r rule) onlyHost() string { return r.places()[0].host }
