package plan

import (
	"cmp"
	"fmt"
	"math"
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
	judges  judges          // of addresses of other models
	strays  map[int][]stray // by relation
	remarks []string
	trust   trust // for applications that speak TLS
	// short is what applications that are served do not get of what they ask for;
	// allowance is what the next hook has to know of what they had.
	short     []trouble
	allowance state.Allowance
	// held are left out because of an object that was refused, and served as before;
	// refused are the objects that were, and whose refusal is not one application's.
	held    []target
	refused []state.Refusal
}

// route judges the requirers, oldest relation first: of two that want the same
// path, host or listener the older one keeps it. What is wrong with one touches no
// other.
func route(s state.State, set settings) routing {
	r := routing{trust: trustOf(s, set)}
	r.remarks = r.trust.remarks
	s = r.screen(s, set)
	r.startAllowance(s)
	owner := map[string]string{} // host and path → application
	names, live := newNamer(s), livePlacesOf(s)
	room := listenerRoom{}
	room.claim(set.optionHosts()) // No application stands before the options.
	routes := routesByAge(s)
	if set.enforce && !s.Certificates.Related {
		// Routes that are not ours may serve in clear: they get no listener then.
		routes = slices.DeleteFunc(routes, func(r state.RouteRequirer) bool { return !r.Version0 })
	}
	for _, requirer := range requirersByAge(s) {
		routes = r.addRoutes(s, room, routes, requirer.RelationID)
		for _, remark := range requirer.Remarks {
			r.remark(requirer.Application, requirer.RelationID, remark)
		}
		if requirer.Waiting && requirer.Name == "" {
			r.wait(requirer)
			continue
		}
		if requirer.Nginx {
			cure := "refresh " + requirer.Application + " to a release with ingress version 2"
			r.omitOther("ingress", requirer.Application, requirer.RelationID, requirer.Problem, cure)
			continue
		}
		if len(requirer.Addresses) == 0 && len(r.strays[requirer.RelationID]) > 0 {
			r.omitStray(s, set, requirer)
			continue
		}
		reason, cure := r.unservable(s, requirer)
		host, path, tooLong := placeFor(set, requirer)
		if reason == "" && tooLong != "" {
			reason, cure = tooLong, configure(s, state.OptionExternalHostname, optionValues[state.OptionExternalHostname])
		}
		t := target{Requirer: requirer, remote: isRemote(s, requirer)}
		if reason == "" {
			id := "/" + requirer.Model + "-" + requirer.Name
			t.service = names.unique(serviceNames, serviceName(s, requirer), id, maxLabelName)
			t.place = place{
				host: host, path: path,
				https: names.unique(routeNames, routeName(s.Application, requirer), id, maxLabelName),
				http:  names.unique(routeNames, httpRouteName(s.Application, requirer), id+" http", maxLabelName),
			}
			switch {
			case speaksTLS(requirer) && s.Cluster.ForbiddenBackendTLS != "":
				if !keepBackends(s, names, &t) {
					reason, cure = r.trust.problem, r.trust.cure
				}
			case !r.findBackends(s, names, &t):
				r.wait(requirer)
				continue // Nor does it hold its place.
			}
		}
		switch older, taken := owner[host+path]; {
		case reason != "":
		case taken && set.mode == state.RoutingSubdomain:
			reason = "host " + host + " belongs to " + older
		case taken:
			reason = "path " + path + " belongs to " + older
		case set.mode == state.RoutingSubdomain:
			reason = room.claim([]string{host})
		}
		if reason != "" {
			r.omit("ingress", requirer.Application, requirer.RelationID, reason, cure)
			continue
		}
		owner[host+path] = requirer.Application
		t.findPlaces(s, set, names, live)
		r.targets = append(r.targets, t)
		r.leaveOutStrays(s, set, requirer)
	}
	r.addRoutes(s, room, routes, math.MaxInt)
	r.joinKeptHost(s, set, names, live)
	r.yieldToKept()
	r.dropOldOfTargets()
	return r
}

// placeFor says where an application shall be served, or why it cannot be anywhere.
func placeFor(set settings, r state.Requirer) (host, path, problem string) {
	if set.mode != state.RoutingSubdomain || set.hostname == "" {
		return set.hostname, pathFor(r), ""
	}
	host = labelFor(r) + "." + set.hostname
	if len(host) > maxSubdomainName {
		return "", "", fmt.Sprintf("its host would be longer than %d characters", maxSubdomainName)
	}
	return host, "/", ""
}

func pathFor(r state.Requirer) string  { return "/" + r.Model + "-" + r.Name }
func labelFor(r state.Requirer) string { return bounded(r.Model+"-"+r.Name, maxLabelName) }

// byAge puts the oldest relation first; number gives the relation's.
func byAge[T any](all []T, number func(T) int) []T {
	return slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(number(a), number(b)) })
}

func requirersByAge(s state.State) []state.Requirer {
	return byAge(s.Requirers, func(r state.Requirer) int { return r.RelationID })
}

// isRemote says that an application is of another model, where no selector reaches its
// pods.
func isRemote(s state.State, r state.Requirer) bool { return r.Foreign || r.Model != s.Model }

// unservable gives the reason why a requirer cannot be served at all, and the cure where
// it is not to correct what the requirer wrote.
func (r *routing) unservable(s state.State, requirer state.Requirer) (reason, cure string) {
	switch {
	case requirer.Problem != "":
		return requirer.Problem, ""
	case !isRemote(s, requirer) && requirer.Name != requirer.Application:
		// Its name would select the pods of another application. Juju's own
		// name for it is the one to believe: for an application of another
		// model it is an alias, which no application of ours can have.
		return "it claims to be " + requirer.Name + " of this model", ""
	case speaksTLS(requirer) && s.Cluster.ForbiddenBackendTLS == "": // Else see keepBackends.
		return r.trust.unverifiable(requirer)
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
	r.silent = append(r.silent, omission{application: requirer.Application, iface: "ingress", reason: reason})
}

// omitOther leaves out an application that speaks another language than ours.
func (r *routing) omitOther(iface, application string, relation int, reason, cure string) {
	r.omit(iface, application, relation, reason, cure)
	r.omitted[len(r.omitted)-1].other = true
}

// omit leaves an application out of what is served.
func (r *routing) omit(iface, application string, relation int, reason, cure string) {
	r.omitted = append(r.omitted, omission{application: application, iface: iface, reason: reason, cure: cure})
	if cure != "" {
		reason += "; " + cure
	}
	r.remark(application, relation, "not served: "+reason)
}

func (r *routing) remark(application string, relation int, remark string) {
	r.remarks = append(r.remarks, fmt.Sprintf("%s (relation %d): %s", application, relation, remark))
}
