package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Where applications are served, and how one moves from a host to another.
//
// An application that is to be served at another place gets new HTTPRoutes there. Those at the
// previous place stay, with their listeners and Secrets, until the controller has accepted the new
// ones: for a while both places serve, and at every moment at least one does. The previous place is
// removed some seconds later, in another event, when the application has been told the new one. A
// route never moves from one listener to another: controllers process Gateways and routes
// separately, and Cilium up to 1.19 keeps an entry in status.parents for each parent that a route
// has ever had, of which there can be 32.

// findPlaces decides where a rule has its routes: at its place and, until it is served there, at
// its previous place. Before the call, the rule's place has the default route names.
func (r *rule) findPlaces(d *decision, t target, names namer, live livePlaces) {
	base := r.place
	var here, elsewhere []liveRoute
	for _, route := range live.routesOf(t) {
		switch {
		case !t.canBeAt(route.host, route.path) || !t.mayName(d.observed, route.name) || names.isOthers(route.name):
		case r.host == route.host && r.path == route.path:
			here = append(here, route)
		default:
			elsewhere = append(elsewhere, route)
		}
	}
	r.place = names.claim(base.taking(here, elsewhere), base, t.Requirer)
	known := t.onRecord(d.observed, elsewhere)
	if len(known) == 0 {
		r.previousOnRecord(d, t, names, base)
		return
	}
	previous := r.previousPlace(d, t, live, known)
	if previous == nil {
		return
	}
	old := base.named(previous.host, previous.path)
	for _, route := range elsewhere {
		switch {
		case route.host != previous.host || route.path != previous.path:
		// One route may be at both places: earlier releases made such routes.
		case route.secure && route.name != r.https:
			old.https = route.name
		case !route.secure && route.name != r.http:
			old.http = route.name
		}
	}
	old = names.claim(old, base, t.Requirer)
	r.previous = &old
}

// previousOnRecord keeps a rule where the record says that its target is served, if there is a
// certificate for that host and none yet for the new host. It is for the case that somebody has
// deleted the Gateway or its listeners.
func (r *rule) previousOnRecord(d *decision, t target, names namer, base place) {
	at, known := otherPlace(d.observed, t.Requirer)
	if t.remote && !d.published[t.RelationID] && d.attached(at.host) != "" {
		return // It was not served meanwhile, and another application may have come to that host.
	}
	if !t.Holds || !known || at.host == r.host || newHost(d.observed, r.host).secure() || !newHost(d.observed, at.host).secure() {
		return
	}
	old := names.claim(base.named(at.host, at.path), base, t.Requirer)
	r.previous = &old
}

// onRecord returns those of the target's routes elsewhere that are where the record says that it is
// served; all if the record says nothing of that. Anybody who may write routes can make one that
// looks like the target's own, at a host of another application.
func (t target) onRecord(s observed, elsewhere []liveRoute) []liveRoute {
	at, known := otherPlace(s, t.Requirer)
	if !known {
		return elsewhere
	}
	return slices.DeleteFunc(slices.Clone(elsewhere), func(route liveRoute) bool { return route.host != at.host || route.path != at.path })
}

// wasAt reports whether the target was last served at a place, according to the record.
func (t target) wasAt(s observed, live livePlaces, at place) bool {
	if s.Record.Has(t.RelationID, state.HeldSum(t.Path())+otherHostMark+state.HeldSum(at.host, at.path)) {
		return true // As earlier builds wrote it: a digest of the place, which the next record has in full.
	}
	if recordHasOtherHost(s, t.Requirer) {
		is, known := otherPlace(s, t.Requirer)
		return known && is == place{host: at.host, path: at.path}
	}
	if live.last == nil {
		return false
	}
	host, path, _ := placeFor(*live.last, t.Requirer)
	return host == at.host && path == at.path
}

// mayName reports whether the target's routes can have a name, hashes included. The Python charm
// named routes after hosts; our routes replace those.
func (t target) mayName(s observed, name string) bool {
	const suffixes = len("-http") + 2*len("-01234567")
	stem := routeName(s.Application, t.Requirer)
	return strings.HasPrefix(name, stem[:min(len(stem), maxLabelName-suffixes)])
}

// canBeAt reports whether the application has such a place in some routing mode. A route of its
// name may be left over from another application, whose place it must not take.
func (t target) canBeAt(host, path string) bool {
	return path == t.Path() || path == "/" && strings.HasPrefix(host, t.Label()+".")
}

// named returns a place with the route names that a target uses there while routes at another place
// have its default names.
func (p place) named(host, path string) place {
	suffix := "-" + hash(host+path)
	return place{host: host, path: path, https: bounded(p.https+suffix, maxLabelName), http: bounded(p.http+suffix, maxLabelName)}
}

// taking returns the place with the names of the routes that exist there. If there are none it uses
// the default names or, if those are in use elsewhere, others.
func (p place) taking(here, elsewhere []liveRoute) place {
	named := p.named(p.host, p.path)
	name := func(secure bool, byDefault, other string) string {
		if i := slices.IndexFunc(here, func(r liveRoute) bool { return r.secure == secure }); i >= 0 {
			return here[i].name
		}
		if slices.ContainsFunc(elsewhere, func(r liveRoute) bool { return r.name == byDefault }) {
			return other
		}
		return byDefault
	}
	p.https, p.http = name(true, p.https, named.https), name(false, p.http, named.http)
	return p
}

// claim takes a place's names, except those that another place of the same target has already.
// Somebody may have chosen an application name that leads to one of them.
func (n namer) claim(p, taken place, of state.Requirer) place {
	if p.https != taken.https {
		p.https = n.unique(routeNames, p.https, "at "+p.host+p.path, maxLabelName, of)
	}
	if p.http != taken.http {
		p.http = n.unique(routeNames, p.http, "at "+p.host+p.path+" http", maxLabelName, of)
	}
	return p
}

// previousPlace returns the place where a rule is served and has to stay for now; nil if there is
// none. It also sets whether the target is served at the rule's own place. If the rule is served
// over HTTPS elsewhere and a certificate is to come, only HTTPS counts there.
func (r *rule) previousPlace(d *decision, t target, live livePlaces, elsewhere []liveRoute) *place {
	hasCertificate := func(route liveRoute) bool { return newHost(d.observed, route.host).secure() }
	clear := !slices.ContainsFunc(elsewhere, hasCertificate) || r.host == "" && noAddressCertificates(d.observed)
	var since time.Time
	since, r.served = t.servedAt(d, live, r.place, clear)
	if r.served && settledSince(d.observed, since) {
		return nil
	}
	var previous *place
	best := -1
	for _, route := range elsewhere {
		switch {
		case route.host != r.host && listenerLabel(d.observed, route.host) == listenerLabel(d.observed, r.host):
			continue // Its listeners have the names that the next ones get.
		case route.secure && !hasCertificate(route):
			continue
		case !route.secure && !t.inClear(d):
			continue
		}
		at := &place{host: route.host, path: route.path}
		if route.secure {
			at.https = route.name
		} else {
			at.http = route.name
		}
		// Quick changes may have left several. One that serves comes first, then HTTPS before plain
		// HTTP, also if the controller has judged none. Of equals the first one in the order of
		// livePlaces.routesOf counts: the application was told of that one.
		rank := 0
		if _, serves := t.servedAt(d, live, *at, true); serves {
			rank += 2
		}
		if route.secure {
			rank++
		}
		if rank > best {
			previous, best = at, rank
		}
	}
	return previous
}

// inClear reports whether the application may be served over plain HTTP.
func (t target) inClear(d *decision) bool {
	return !d.Config.EnforceHTTPS && (!t.RedirectHTTPS || !d.Certificates.Related)
}

// servedAt reports whether the controller serves the target at a place, and since when: over HTTPS
// if there is a certificate, else over plain HTTP if clear is set and the target may use it.
func (t target) servedAt(d *decision, live livePlaces, at place, clear bool) (since time.Time, served bool) {
	switch {
	case newHost(d.observed, at.host).secure():
		return live.serves(d, at.https, httpsListenerName(d.observed, at.host), at.path)
	case clear && t.inClear(d):
		return live.serves(d, at.http, httpListenerName(d.observed, at.host), at.path)
	default:
		return time.Time{}, false
	}
}

func (t target) isServedAt(d *decision, live livePlaces, at place) bool {
	_, served := t.servedAt(d, live, at, true)
	return served
}

// joinPreviousHost lets an application that arrives while the host is being changed be served at
// the previous host meanwhile, like its neighbours.
func (d *decision) joinPreviousHost(names namer, live livePlaces) {
	moving := d.moving()
	if moving == nil || moving.path == "/" || newHost(d.observed, moving.host).secure() {
		return // If each application has a host of its own, there is nothing to share.
	}
	old := moving.previous.host
	for _, t := range d.targets {
		for i := range t.rules {
			r := &t.rules[i]
			if r.previous != nil || r.host != moving.host || t.isServedAt(d, live, r.place) {
				continue
			}
			if d.takenByVersion0(t, place{host: old, path: r.path}) != "" {
				continue
			}
			previous := names.claim(r.named(old, r.path), r.place, t.Requirer)
			r.previous = &previous
		}
	}
}

// moving returns the first rule that moves from one host to another; nil if there is none.
func (d *decision) moving() *rule {
	for _, t := range d.targets {
		for i := range t.rules {
			if r := &t.rules[i]; r.previous != nil && r.previous.path == r.path {
				return r
			}
		}
	}
	return nil
}
