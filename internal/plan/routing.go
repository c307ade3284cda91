package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A target is one application that is served.
type target struct {
	state.Requirer
	place              // where it shall be served
	served   bool      // that it is, of one that stands elsewhere too
	kept     *place    // where it stands until then; nil for nowhere
	service  string    // name of its Service, if it has one for all units
	backends []backend // what its routes lead to
	remote   bool      // of another model: no selector reaches its pods
}

// A routeTarget is one application that writes routes of its own.
type routeTarget struct {
	state.RouteRequirer
	hosts []string // those it may attach routes to; an empty name: at any address
}

// An omission is one application that is not served, and why.
type omission struct {
	application string
	relation    int
	iface       string // the interface over which it asks
	reason      string
	cure        string // what to do about it; empty: the application is to be corrected
	other       bool   // its data are as they should be, in another language than ours
	unit        string // the unit that the reason is about; empty: the application
}

// routing says which application is served where.
type routing struct {
	targets []target
	routes  []routeTarget
	old     []oldTarget // left out, and served by what there is
	// omitted wrote something that cannot be served; silent wrote nothing yet,
	// or, from another model, no address.
	omitted []omission
	silent  []omission // without a reason if it has written nothing at all
	// strayed have units that are left out, because of where they are; others are served.
	strayed []omission
	// kept are the hosts for which relations on gateway-route keep the room, while they ask for others.
	kept map[int][]string
	// denied are the relations on ingress that ask for what another has; told are those whose
	// application has been told a URL.
	denied, told map[int]bool
	judges       judges          // of addresses of other models
	strays       map[int][]stray // by relation
	remarks      []string
	tls          backendTLS // for applications that speak TLS
	// short is what applications that are served do not get of what they ask for;
	// allowance is what the next hook has to know of what they had.
	short     []trouble
	allowance state.Allowance
	// held are left out because of an object that was refused, and served as before;
	// refused are the objects that were, and whose refusal is not one application's.
	held    []target
	refused []state.Refusal
}

// route judges the requirers, each in its turn: what one has been given is not there for
// those that come later. What is wrong with one touches no other.
func (d *decision) route() {
	d.routing = routing{tls: d.backendTLSOf(), denied: map[int]bool{}, kept: map[int][]string{}, told: map[int]bool{}}
	d.remarks = d.tls.remarks
	d.screen()
	for _, r := range d.Requirers {
		d.told[r.RelationID] = r.Holds
	}
	d.Requirers = holding(d.State)
	d.startAllowance()
	live := livePlacesOf(d.State)
	g := giving{owner: map[string]string{}, reserved: reserved(d.State), names: newNamer(d.State, live), live: live, room: listenerRoom{}}
	g.room.claim(d.State, d.optionHosts(), false, 0) // No application stands before the options.
	for _, one := range d.turnsOf() {
		switch {
		case one.keeps != nil:
			d.kept[one.relation] = g.room.claimEach(d.State, one.keeps)
		case one.route != nil:
			d.addRoute(g.room, one.rank, *one.route)
		default:
			d.addRequirer(g, *one.ingress)
		}
	}
	d.sortByAge()
	d.joinKeptHost(g.names, g.live)
	d.yieldToKept()
	d.openBare(g.room)
	d.dropOldOfTargets()
}

// giving is what has been given so far.
type giving struct {
	owner    map[string]string // place, see state.PlaceKey → application
	reserved map[string]string // see reserved
	names    namer
	live     livePlaces
	room     listenerRoom
}

// addRequirer judges one application on ingress.
func (d *decision) addRequirer(g giving, requirer state.Requirer) {
	for _, remark := range requirer.Remarks {
		d.remark(requirer.Application, requirer.RelationID, remark)
	}
	if requirer.Waiting && requirer.Name == "" {
		d.wait(requirer)
		return
	}
	if requirer.Nginx {
		cure := "refresh " + requirer.Application + " to a release with ingress version 2"
		d.omitOther("ingress", requirer.Application, requirer.RelationID, requirer.Problem, cure)
		return
	}
	host, path, tooLong := placeFor(d.Config, requirer)
	t := target{Requirer: requirer, remote: isRemote(d.State, requirer), place: place{host: host, path: path}}
	attached := d.attachedTo(g, t)
	// Whatever else keeps it from being served: where it is not known what it had, it gets no hold of that.
	d.denied[requirer.RelationID] = attached != "" && g.live.last == nil
	if len(requirer.Addresses) == 0 && len(d.strays[requirer.RelationID]) > 0 {
		d.omitStray(requirer)
		d.hold(g, t)
		return
	}
	reason, cure := d.unservable(requirer)
	if reason == "" && tooLong != "" {
		reason, cure = tooLong, configure(d.State, state.OptionExternalHostname, state.ExampleOf(state.OptionExternalHostname))
	}
	if reason == "" {
		t.nameObjects(d.State, g.names)
		switch {
		case speaksTLS(requirer) && d.Cluster.ForbiddenBackendTLS != "":
			if !keepBackends(d.State, g.names, &t) {
				reason, cure = d.tls.problem, d.tls.cure
			}
		case !d.findBackends(g.names, &t):
			d.wait(requirer)
			if requirer.HasUnits { // Else nobody is there who would hold it.
				d.hold(g, t)
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
			reason = g.room.claim(d.State, []string{host}, false, 0)
		}
		d.denied[requirer.RelationID] = attached != "" && g.live.last == nil
		if reason != "" && t.stays(d, g) {
			d.stay(t, reason)
			reason = ""
		}
	}
	if reason != "" {
		d.omit("ingress", requirer.Application, requirer.RelationID, reason, cure)
		d.hold(g, t)
		return
	}
	g.give(requirer)
	t.findPlaces(d, g.names, g.live)
	d.targets = append(d.targets, t)
	d.leaveOutStrays(requirer)
}

// stay tells of an application that stays where it is.
func (r *routing) stay(t target, reason string) {
	r.denied[t.RelationID] = false
	what := t.Application + " stays at " + cmp.Or(t.host, "the Gateway's addresses")
	r.short = append(r.short, trouble{what: what, why: reason})
	r.remark(t.Application, t.RelationID, "it stays at "+cmp.Or(t.host, "the Gateway's addresses")+": "+reason)
}

// hold has an application that cannot be served now keep the place that it has, until it can be
// again, and the room for its listeners.
func (d *decision) hold(g giving, t target) {
	if d.denied[t.RelationID] || !t.Holds || t.Problem != "" || isImposter(d.State, t.Requirer) || g.taken(d, t) != "" {
		return
	}
	g.give(t.Requirer)
	if d.Config.RoutingMode == state.RoutingSubdomain && t.host != "" {
		_ = g.room.claim(d.State, []string{t.host}, false, 0) // If there is none, it has none to keep.
	}
}

// give has the places of an application be its own.
func (g giving) give(requirer state.Requirer) {
	for _, key := range requirer.Places() {
		g.owner[key] = requirer.Application
	}
}

// taken says that the place of a target is another's; empty if it is not. So is one that it
// would have in another mode: names that differ may be cut to the same label of a host, and
// who has either place is known by it. Two that were served before that was so keep theirs.
func (g giving) taken(d *decision, t target) string {
	holder := ""
	for _, key := range t.Places() {
		if holder == "" && (!t.Holds || key == state.PlaceKey(t.host, t.path)) {
			holder = g.owner[key]
		}
		if holder == "" && yields(d.State, t.Requirer) {
			holder = g.reserved[key]
		}
	}
	switch {
	case holder == "":
		return ""
	case d.Config.RoutingMode == state.RoutingSubdomain:
		return "host " + t.host + " belongs to " + holder
	default:
		return "path " + t.path + " belongs to " + holder
	}
}

// isAt reports whether an application which has a host of its own is served there now: it has been
// told so, or its route stands there.
func (g giving) isAt(s state.State, t target) bool {
	if t.Holds && t.wasAt(s, g.live, t.place) {
		return true
	}
	return slices.ContainsFunc(g.live.of(t), func(route liveRoute) bool {
		return route.host == t.host && route.path == t.path && t.mayName(s, route.name) && !g.names.isOthers(route.name)
	})
}

// attachedTo says that the host of a target of another model is that of an application which has
// routes of its own there; empty if it is not. An application chooses its name, and so what its
// host is called: it must not get what the routes of another leave at that one's host.
func (d *decision) attachedTo(g giving, t target) string {
	if !t.remote || d.Config.RoutingMode != state.RoutingSubdomain || g.isAt(d.State, t) {
		return ""
	}
	for _, one := range d.routes {
		if slices.Contains(one.hosts, t.host) {
			return "host " + t.host + " belongs to " + one.Application
		}
	}
	for _, one := range d.RouteRequirers { // It may have no turn for the moment.
		if one.Holds && slices.Contains(one.Hostnames, t.host) {
			return "host " + t.host + " belongs to " + one.Application
		}
	}
	for _, old := range d.old {
		if slices.Contains(old.hosts, t.host) {
			return "host " + t.host + " belongs to " + old.application
		}
	}
	return ""
}

// nameObjects returns the target the names of its objects.
func (t *target) nameObjects(s state.State, names namer) {
	id := t.Path()
	t.service = names.unique(serviceNames, serviceName(s, t.Requirer), id, maxLabelName, t.Requirer)
	t.https = names.unique(routeNames, routeName(s.Application, t.Requirer), id, maxLabelName, t.Requirer)
	t.http = names.unique(routeNames, httpRouteName(s.Application, t.Requirer), id+" http", maxLabelName, t.Requirer)
}

// sortByAge has the oldest relation first again, whoever had the first turn: what is made
// of it does not change when an application begins to be served.
func (r *routing) sortByAge() {
	slices.SortStableFunc(r.targets, func(a, b target) int { return cmp.Compare(a.RelationID, b.RelationID) })
	slices.SortStableFunc(r.routes, func(a, b routeTarget) int { return cmp.Compare(a.RelationID, b.RelationID) })
	byRelation := func(a, b omission) int { return cmp.Compare(a.relation, b.relation) }
	slices.SortStableFunc(r.omitted, byRelation)
	slices.SortStableFunc(r.silent, byRelation)
	slices.SortStableFunc(r.strayed, byRelation)
}

// placeFor says where an application shall be served, or why it cannot be anywhere.
func placeFor(config state.Config, r state.Requirer) (host, path, problem string) {
	if config.RoutingMode != state.RoutingSubdomain || config.ExternalHostname == "" {
		return config.ExternalHostname, r.Path(), ""
	}
	host = r.Label() + "." + config.ExternalHostname
	if len(host) > maxSubdomainName {
		return "", "", fmt.Sprintf("its host would be longer than %d characters", maxSubdomainName)
	}
	return host, "/", ""
}

// byAge puts the oldest relation first; number gives the relation's.
func byAge[T any](all []T, number func(T) int) []T {
	return slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(number(a), number(b)) })
}

func requirersByAge(s state.State) []state.Requirer {
	return byAge(s.Requirers, func(r state.Requirer) int { return r.RelationID })
}

// unservable returns the reason why a requirer cannot be served at all, and the cure where
// it is not to correct what the requirer wrote.
func (d *decision) unservable(requirer state.Requirer) (reason, cure string) {
	switch {
	case requirer.Problem != "":
		return requirer.Problem, ""
	case isImposter(d.State, requirer) && requirer.Model == d.Model:
		return "it claims to be " + requirer.Name + " of this model", ""
	case isImposter(d.State, requirer):
		return "it claims to be of model " + requirer.Model, ""
	case speaksTLS(requirer) && d.Cluster.ForbiddenBackendTLS == "": // Else see keepBackends.
		return d.tls.unverifiable(requirer)
	default:
		return "", ""
	}
}

// wait leaves out an application on ingress that has not written enough yet.
func (r *routing) wait(requirer state.Requirer) {
	reason := ""
	switch {
	case requirer.Waiting:
	case !requirer.HasUnits:
		reason = "it has no unit"
	case len(requirer.Addresses) == 0:
		reason = "no unit says its address (ip)"
	}
	r.silent = append(r.silent, omission{application: requirer.Application, relation: requirer.RelationID, iface: "ingress", reason: reason})
}

// omitOther leaves out an application that speaks another language than ours.
func (r *routing) omitOther(iface, application string, relation int, reason, cure string) {
	r.omit(iface, application, relation, reason, cure)
	r.omitted[len(r.omitted)-1].other = true
}

// omit leaves an application out of what is served.
func (r *routing) omit(iface, application string, relation int, reason, cure string) {
	r.omitted = append(r.omitted, omission{application: application, relation: relation, iface: iface, reason: reason, cure: cure})
	if cure != "" {
		reason += "; " + cure
	}
	r.remark(application, relation, "not served: "+reason)
}

func (r *routing) remark(application string, relation int, remark string) {
	r.remarks = append(r.remarks, fmt.Sprintf("%s (relation %d): %s", application, relation, remark))
}
