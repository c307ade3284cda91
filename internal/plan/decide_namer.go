package plan

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A namer keeps object names apart. Joined with dashes, the names of different applications can
// become equal: "web-http", and the HTTP route of "web"; "internal-web" of an instance "gw", and
// "web" of an instance "gw-internal". Whoever has a name in the cluster keeps it. Any other
// application gets a hash of what distinguishes it, and so does an application whose name now
// belongs to another instance. Somebody can choose an application name that equals the one with the
// hash.
type namer struct {
	taken   map[string]bool // kind and name, in this plan
	foreign map[string]bool // not ours
	ours    map[string]bool // as we have them in the cluster
	// owner says whose an object in the cluster is: the place of the route itself, or of the route
	// that leads to the object. places are those that somebody asks for.
	owner  map[string]string
	places map[string]bool
}

// The kinds of names that a namer keeps apart. A Service shares its name with its policy and,
// except for the suffix, with its EndpointSlices.
const (
	serviceNames = "service"
	routeNames   = "route"
)

// ofRedirects is the place of the redirects of whole hosts. ofVersion0 is the place of the routes,
// and their Services, that are kept for applications that speak version 0 of gateway-route. No
// application on ingress has either place.
const (
	ofRedirects = "/"
	ofVersion0  = "/ of version 0"
)

func newNamer(s observed, live livePlaces) namer {
	n := namer{taken: map[string]bool{}, foreign: map[string]bool{}, ours: map[string]bool{}, owner: map[string]string{}, places: map[string]bool{ofRedirects: true, ofVersion0: true}}
	for _, one := range s.Cluster.Foreign {
		switch one.Kind {
		case "Service", "BackendTLSPolicy":
			n.foreign[serviceNames+"/"+one.Name] = true
		case "EndpointSlice":
			if i := strings.LastIndex(one.Name, "-ipv"); i > 0 {
				n.foreign[serviceNames+"/"+one.Name[:i]] = true
			}
		case "HTTPRoute":
			n.foreign[routeNames+"/"+one.Name] = true
		}
	}
	for name := range s.Cluster.Services {
		n.ours[serviceNames+"/"+name] = true
	}
	for i := range s.Cluster.Routes {
		n.ours[routeNames+"/"+s.Cluster.Routes[i].Name] = true
	}
	for _, r := range s.Requirers {
		for _, place := range r.Places() {
			n.places[place] = true
		}
	}
	n.findOwners(s, live)
	n.findVersion0(s)
	return n
}

// findOwners records whose the live routes are, and the Services that they lead to.
func (n namer) findOwners(s observed, live livePlaces) {
	// If routes at several places lead to a Service, the oldest route counts.
	for _, at := range slices.SortedFunc(slices.Values(slices.Concat(slices.Collect(maps.Values(live.routes))...)), func(a, b liveRoute) int {
		return cmp.Or(b.made.Compare(a.made), cmp.Compare(a.name, b.name), cmp.Compare(a.host, b.host))
	}) {
		place, route := state.PlaceKey(at.host, at.path), live.byName[at.name]
		if !forwards(route) && at.path == "/" && at.name == redirectRouteName(s, at.host) {
			n.owner[routeNames+"/"+at.name] = ofRedirects
			continue
		}
		n.owner[routeNames+"/"+at.name] = place
		for _, name := range servicesOf(route) {
			n.owner[serviceNames+"/"+name] = place
		}
	}
}

// findVersion0 records what is kept for applications that speak version 0. What the Python charm
// made at the path of an application on ingress belongs to that application, if it is served or of
// our model. So does a Service that has the name of the Service of an application of our model.
func (n namer) findVersion0(s observed) {
	own := map[string]bool{}
	// Once the charm has written the Gateway, what is left of the Python charm belongs to no
	// application of another model.
	written := lastServed(s).noted
	for _, r := range s.Requirers {
		if isRemote(s, r) && (!r.Holds || written) {
			continue
		}
		own[r.Path()] = true
		if !isRemote(s, r) {
			own[serviceNames+"/"+serviceName(s, r)] = true
		}
	}
	for _, r := range s.RouteRequirers {
		old := oldTarget{}
		if r.Version0 {
			old = oldTargetOf(s, r)
		}
		if len(old.routes) == 0 || own[serviceNames+"/"+old.service] {
			continue
		}
		names := []string{serviceNames + "/" + old.service}
		for _, route := range old.routes {
			names = append(names, routeNames+"/"+route.Name)
		}
		for _, name := range names {
			if !own[n.owner[name]] {
				n.owner[name] = ofVersion0
			}
		}
	}
}

// isOthers reports whether a route at a place of an application does not belong to that
// application.
func (n namer) isOthers(name string) bool {
	owner := n.owner[routeNames+"/"+name]
	return n.foreign[routeNames+"/"+name] || owner == ofRedirects || owner == ofVersion0
}

// unique returns the name or, if that is taken or belongs to another application in the cluster,
// one with a hash of the key. A name with a hash that is in use stays, even if the name without it
// is free now: a renamed object would have to be created anew.
func (n namer) unique(kind, name, key string, limit int, of state.Requirer) string {
	places := of.Places()
	free := func(name string) bool {
		owner := n.owner[kind+"/"+name]
		others := owner != "" && n.places[owner] && !slices.Contains(places, owner)
		return !n.taken[kind+"/"+name] && !n.foreign[kind+"/"+name] && !others
	}
	inUse := func(name string) bool {
		owner := n.owner[kind+"/"+name]
		return n.ours[kind+"/"+name] && (owner == "" || slices.Contains(places, owner))
	}
	if hashed := withHash(name, key, limit); free(hashed) && inUse(hashed) {
		name = hashed
	}
	for !free(name) {
		name = withHash(name, key, limit)
		key += "+"
	}
	n.taken[kind+"/"+name] = true
	return name
}
