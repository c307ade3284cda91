package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// allocation is what applications have got so far.
type allocation struct {
	owner       map[string]string // place, see state.PlaceKey → application
	localPlaces map[string]string // see localPlaces
	names       namer
	live        livePlaces
	listeners   listenerTable
}

// addRequirer decides about one application on ingress.
func (d *decision) addRequirer(g allocation, requirer state.Requirer) {
	for _, remark := range requirer.Remarks {
		d.remark(requirer.Application, requirer.RelationID, remark)
	}
	if requirer.Waiting && requirer.Name == "" {
		d.addWithoutData(requirer)
		return
	}
	if requirer.Nginx {
		cure := "refresh " + requirer.Application + " to a release with ingress version 2"
		d.omitOther("ingress", requirer.Application, requirer.RelationID, requirer.Problem, cure)
		return
	}
	host, path, tooLong := placeFor(d.Config, requirer)
	t := target{Requirer: requirer, remote: isRemote(d.observed, requirer), rules: []rule{{place: place{host: host, path: path}}}}
	one := &t.rules[0]
	attached := d.attachedTo(g, t)
	// This holds whatever else prevents that it is served: if it is unknown what it had, it does
	// not get this host.
	d.denied[requirer.RelationID] = attached != "" && g.live.last == nil
	if len(requirer.Addresses) == 0 && len(d.refusedUnits[requirer.RelationID]) > 0 {
		d.omitAllUnits(requirer)
		d.keepPlace(g, t)
		return
	}
	reason, cure := d.unservable(requirer)
	if reason == "" && tooLong != "" {
		reason, cure = tooLong, configure(d.observed, state.OptionExternalHostname, state.ExampleOf(state.OptionExternalHostname))
	}
	if reason == "" {
		t.nameObjects(d.observed, g.names)
		switch {
		case speaksTLS(requirer) && d.Cluster.ForbiddenBackendTLS != "":
			if one.backends = keepBackends(d.observed, g.names, t); len(one.backends) == 0 {
				reason, cure = d.tls.problem, d.tls.cure
			}
		default:
			if one.backends = d.findBackends(g.names, t); len(one.backends) > 0 {
				break
			}
			d.addWithoutData(requirer)
			if requirer.HasUnits { // Without a unit there is nobody to keep it for.
				d.keepPlace(g, t)
			}
			return
		}
	}
	if reason == "" {
		reason = g.taken(d, t)
		if reason == "" && d.Config.RoutingMode != state.RoutingSubdomain && !g.isAt(d.observed, t, one.place) {
			reason = d.takenByVersion0(t, one.place) // For hosts see attachedTo.
		}
		d.denied[requirer.RelationID] = reason != ""
	}
	if reason == "" && d.Config.RoutingMode == state.RoutingSubdomain {
		if reason = cmp.Or(attached, g.displaces(d.observed, t)); reason == "" {
			reason = g.listeners.claim(d.observed, []string{host}, false, 0)
		}
		d.denied[requirer.RelationID] = attached != "" && g.live.last == nil
		if reason != "" && one.stayInPlace(d, g, t) {
			d.reportStay(t, one.place, reason)
			reason = ""
		}
	}
	if reason != "" {
		d.omit("ingress", requirer.Application, requirer.RelationID, reason, cure)
		d.keepPlace(g, t)
		return
	}
	g.allocate(requirer)
	for i := range t.rules {
		t.rules[i].findPlaces(d, t, g.names, g.live)
	}
	d.targets = append(d.targets, t)
	d.omitUnits(requirer)
}

// stayInPlace keeps a rule where it is if it cannot have the host where it is to be. The record
// must say that its target is served there. It reports whether the rule stays.
func (r *rule) stayInPlace(d *decision, g allocation, t target) bool {
	if !t.Holds {
		return false
	}
	all := []place{{host: d.Config.ExternalHostname, path: t.Path()}} // It may have been unable to have any route.
	if at, known := otherPlace(d.observed, t.Requirer); known {
		all = append(all, at)
	}
	for _, route := range g.live.routesOf(t) {
		if t.mayName(d.observed, route.name) && !g.names.isOthers(route.name) {
			all = append(all, place{host: route.host, path: route.path})
		}
	}
	for _, at := range all {
		if at.host == r.host || !t.canBeAt(at.host, at.path) || !t.wasAt(d.observed, g.live, at) {
			continue
		}
		if g.listeners.claim(d.observed, []string{at.host}, false, 0) == "" {
			at.https, at.http = r.https, r.http
			r.place = at
			return true
		}
	}
	return false
}

// reportStay records that an application stays where it is.
func (r *routing) reportStay(t target, at place, reason string) {
	r.denied[t.RelationID] = false
	what := t.Application + " stays at " + cmp.Or(at.host, "the Gateway's addresses")
	r.shortfalls = append(r.shortfalls, shortfall{t.Application, trouble{what: what, why: reason}})
	r.remark(t.Application, t.RelationID, "it stays at "+cmp.Or(at.host, "the Gateway's addresses")+": "+reason)
}

// keepPlace lets an application that cannot be served now keep its place, and its listeners, until
// it can be served again.
func (d *decision) keepPlace(g allocation, t target) {
	if d.denied[t.RelationID] || !t.Holds || t.Problem != "" || isImposter(d.observed, t.Requirer) || g.taken(d, t) != "" {
		return
	}
	g.allocate(t.Requirer)
	for _, r := range t.rules {
		if d.Config.RoutingMode == state.RoutingSubdomain && r.host != "" {
			_ = g.listeners.claim(d.observed, []string{r.host}, false, 0) // If there is none, it has none to keep.
		}
	}
}

// allocate makes an application the owner of its places.
func (g allocation) allocate(requirer state.Requirer) {
	for _, key := range requirer.Places() {
		g.owner[key] = requirer.Application
	}
}

// taken returns why a target cannot have its place: the place belongs to another application; empty
// if it does not. The same holds for the place that the target would have in another routing mode:
// different names may be cut to the same label of a host, and each of the two places identifies its
// owner. Two applications that were served before this rule keep their places.
func (g allocation) taken(d *decision, t target) string {
	for _, r := range t.rules {
		holder := ""
		for _, key := range t.Places() {
			if holder == "" && (!t.Holds || key == state.PlaceKey(r.host, r.path)) {
				holder = g.owner[key]
			}
			if holder == "" && yields(d.observed, t.Requirer) {
				holder = g.localPlaces[key]
			}
		}
		switch {
		case holder == "":
		case d.Config.RoutingMode == state.RoutingSubdomain:
			return "host " + r.host + " belongs to " + holder
		default:
			return "path " + r.path + " belongs to " + holder
		}
	}
	return ""
}

// displaces returns why a target cannot move to its host yet: the listeners of that host would have
// the names of those of another host, where other applications are served until they have moved;
// empty if they would not.
func (g allocation) displaces(s observed, t target) string {
	for _, r := range t.rules {
		names := listenerNames(s, listenerLabel(s, r.host))
		for _, l := range listenersOf(s) {
			host := hostOf(l)
			if host != r.host && slices.Contains(names[:], string(l.Name)) && g.servesOthers(s, t, host) {
				return fmt.Sprintf("the listener of %s would have the name of that of %s", r.host, host)
			}
		}
	}
	return ""
}

// servesOthers reports whether applications other than the target have routes at a host.
func (g allocation) servesOthers(s observed, t target, host string) bool {
	return slices.ContainsFunc(s.Requirers, func(r state.Requirer) bool {
		other := target{Requirer: r}
		at := func(route liveRoute) bool {
			return route.host == host && !g.names.isOthers(route.name) && (s.Record == nil || other.wasAt(s, g.live, place{host: host, path: route.path}))
		}
		return r.Holds && r.RelationID != t.RelationID && slices.ContainsFunc(g.live.routesOf(other), at)
	})
}

// isAt reports whether an application is served at a place now: it has been told so or, if nothing is
// on record yet, its route is there. Anybody who may write routes can make one that looks like its own.
func (g allocation) isAt(s observed, t target, at place) bool {
	if t.Holds && t.wasAt(s, g.live, at) {
		return true
	}
	return s.Record == nil && slices.ContainsFunc(g.live.routesOf(t), func(route liveRoute) bool {
		return route.host == at.host && route.path == at.path && t.mayName(s, route.name) && !g.names.isOthers(route.name)
	})
}

// attachedTo returns why a target of another model cannot have its host: an application has routes
// of its own there; empty if none has. An application chooses its name, and with it the name of its
// host. It must not get the requests that the routes of another application leave over at that
// application's host.
func (d *decision) attachedTo(g allocation, t target) string {
	if !t.remote || d.Config.RoutingMode != state.RoutingSubdomain {
		return ""
	}
	for _, r := range t.rules {
		if holder := d.attached(r.host); holder != "" && !g.isAt(d.observed, t, r.place) {
			return "host " + r.host + " belongs to " + holder
		}
	}
	return ""
}

// nameObjects names the Service and the routes of a target.
func (t *target) nameObjects(s observed, names namer) {
	id := t.Path()
	t.service = names.unique(serviceNames, serviceName(s, t.Requirer), id, maxLabelName, t.Requirer)
	for i := range t.rules {
		r := &t.rules[i]
		r.https = names.unique(routeNames, routeName(s.Application, t.Requirer), id, maxLabelName, t.Requirer)
		r.http = names.unique(routeNames, httpRouteName(s.Application, t.Requirer), id+" http", maxLabelName, t.Requirer)
	}
}

// unservable returns why a requirer cannot be served at all, and the cure. The cure is empty if the
// requirer has to correct its data.
func (d *decision) unservable(requirer state.Requirer) (reason, cure string) {
	switch {
	case requirer.Problem != "":
		return requirer.Problem, ""
	case isImposter(d.observed, requirer) && requirer.Model == d.Model:
		return "it claims to be " + requirer.Name + " of this model", ""
	case isImposter(d.observed, requirer):
		return "it claims to be of model " + requirer.Model, ""
	case speaksTLS(requirer) && d.Cluster.ForbiddenBackendTLS == "": // Otherwise see keepBackends.
		return d.tls.unverifiable(requirer)
	default:
		return "", ""
	}
}
