package plan

import (
	"cmp"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// giving is what has been given so far.
type allocation struct {
	owner       map[string]string // place, see state.PlaceKey → application
	localPlaces map[string]string // see reserved
	names       namer
	live        livePlaces
	listeners   listenerTable
}

// give has the places of an application be its own.
func (g allocation) allocate(requirer state.Requirer) {
	for _, key := range requirer.Places() {
		g.owner[key] = requirer.Application
	}
}

// taken says that the place of a target is another's; empty if it is not. So is one that it
// would have in another mode: names that differ may be cut to the same label of a host, and
// who has either place is known by it. Two that were served before that was so keep theirs.
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

// isAt reports whether an application which has a host of its own is served there now: it has been
// told so, or its route stands there.
func (g allocation) isAt(s observed, t target, at place) bool {
	if t.Holds && t.wasAt(s, g.live, at) {
		return true
	}
	return slices.ContainsFunc(g.live.routesOf(t), func(route liveRoute) bool {
		return route.host == at.host && route.path == at.path && t.mayName(s, route.name) && !g.names.isOthers(route.name)
	})
}

// stays has a rule that cannot have the host where it is to be stay where it is, if the record has
// that as its target's place and it stands there.
func (r *rule) stayInPlace(d *decision, g allocation, t target) bool {
	if !t.Holds {
		return false
	}
	all := []place{{host: d.Config.ExternalHostname, path: t.Path()}} // It may have been unable to have any route.
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

// addRequirer judges one application on ingress.
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
	// Whatever else keeps it from being served: where it is not known what it had, it gets no hold of that.
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
			if requirer.HasUnits { // Else nobody is there who would hold it.
				d.keepPlace(g, t)
			}
			return
		}
	}
	if reason == "" {
		reason = g.taken(d, t)
		d.denied[requirer.RelationID] = reason != ""
	}
	if reason == "" && d.Config.RoutingMode == state.RoutingSubdomain {
		if reason = attached; reason == "" {
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

// stay tells of an application that stays where it is.
func (r *routing) reportStay(t target, at place, reason string) {
	r.denied[t.RelationID] = false
	what := t.Application + " stays at " + cmp.Or(at.host, "the Gateway's addresses")
	r.shortfalls = append(r.shortfalls, trouble{what: what, why: reason})
	r.remark(t.Application, t.RelationID, "it stays at "+cmp.Or(at.host, "the Gateway's addresses")+": "+reason)
}

// hold has an application that cannot be served now keep the place that it has, until it can be
// again, and the room for its listeners.
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

// attachedTo says that the host of a target of another model is that of an application which has
// routes of its own there; empty if it is not. An application chooses its name, and so what its
// host is called: it must not get what the routes of another leave at that one's host.
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

// attached returns the application which has routes of its own at a host, empty for none.
func (d *decision) attached(host string) string {
	for _, one := range d.routes {
		if slices.Contains(one.hosts, host) {
			return one.Application
		}
	}
	for _, one := range d.RouteRequirers { // It may have no turn for the moment.
		if one.Holds && slices.Contains(one.Hostnames, host) {
			return one.Application
		}
	}
	for _, old := range d.old {
		if slices.Contains(old.hosts, host) {
			return old.application
		}
	}
	return ""
}

// nameObjects names the Service of a target, and its routes.
func (t *target) nameObjects(s observed, names namer) {
	id := t.Path()
	t.service = names.unique(serviceNames, serviceName(s, t.Requirer), id, maxLabelName, t.Requirer)
	for i := range t.rules {
		r := &t.rules[i]
		r.https = names.unique(routeNames, routeName(s.Application, t.Requirer), id, maxLabelName, t.Requirer)
		r.http = names.unique(routeNames, httpRouteName(s.Application, t.Requirer), id+" http", maxLabelName, t.Requirer)
	}
}

// unservable returns the reason why a requirer cannot be served at all, and the cure where
// it is not to correct what the requirer wrote.
func (d *decision) unservable(requirer state.Requirer) (reason, cure string) {
	switch {
	case requirer.Problem != "":
		return requirer.Problem, ""
	case isImposter(d.observed, requirer) && requirer.Model == d.Model:
		return "it claims to be " + requirer.Name + " of this model", ""
	case isImposter(d.observed, requirer):
		return "it claims to be of model " + requirer.Model, ""
	case speaksTLS(requirer) && d.Cluster.ForbiddenBackendTLS == "": // Else see keepBackends.
		return d.tls.unverifiable(requirer)
	default:
		return "", ""
	}
}
