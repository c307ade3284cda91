package plan

import (
	"slices"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A namer keeps object names apart. Joined with dashes, different applications can come to
// the same name: "web-http", and the HTTP route of "web"; "internal-web" of an instance
// "gw", and "web" of an instance "gw-internal". Who has a name in the cluster keeps it.
// Another, or one whose name is another instance's by now, then gets a hash of what tells
// them apart. A stranger can choose its own name to be the one with the hash.
type namer struct {
	taken   map[string]bool // kind and name, in this plan
	foreign map[string]bool // not ours
	ours    map[string]bool // as we have them in the cluster
	// owner is whose an object of the cluster is, by the place of the route that it is or
	// that leads to it; places are those that somebody asks for.
	owner  map[string]string
	places map[string]bool
}

// The kinds of names that a namer keeps apart. A Service shares its name with its policy
// and, but for the end, with its EndpointSlices.
const (
	serviceNames = "service"
	routeNames   = "route"
)

// ofRedirects is the place of the redirects of whole hosts, and ofVersion0 that of the routes
// which are kept for applications that speak version 0 of gateway-route, with their Services. No
// application on ingress has either.
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

// findOld tells what is kept for applications that speak version 0. What the Python charm made
// at the path of one on ingress that is served, or of our model, is that one's own, and so is a
// Service that has the name of that of one of our model.
func (n namer) findVersion0(s observed) {
	own := map[string]bool{}
	for _, r := range s.Requirers {
		if isRemote(s, r) && !r.Holds {
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

// findOwners tells whose the routes are that stand, and the Services that they lead to.
func (n namer) findOwners(s observed, live livePlaces) {
	for place, routes := range live.routes {
		for _, at := range routes {
			route := live.byName[at.name]
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
}

// isOthers reports whether a route which stands at a place of an application is not its.
func (n namer) isOthers(name string) bool {
	owner := n.owner[routeNames+"/"+name]
	return n.foreign[routeNames+"/"+name] || owner == ofRedirects || owner == ofVersion0
}

// unique returns the name or, where that is taken or another's in the cluster, one with a
// hash of the key. A name with a hash that is in use stays though the one without is free
// now: what is renamed is made anew.
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
