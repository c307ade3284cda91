package rollout

import (
	"slices"
	"strings"
)

// A listener that gets another name takes three events: two listeners for the same host cannot
// be there together, so that no route could lead from one to the other. First every route
// that is attached to one of the present ones names the next beside it, and the Gateway stays.
// When the controller has judged these routes, the Gateway is written; and when that has been
// judged, the routes name the next listener alone, and those that are replaced go. So each of
// them is attached all the while, whichever of the two the controller reads first: it follows
// Gateways and routes apart. Routes that are attached to no such listener lose nothing, and
// are not waited for: they may never be taken.
//
// This charm does not rename listeners, but it takes over those of an early release of its
// predecessor, and a refresh is three events.

// A renaming is what of the Gateway's listeners is getting another name.
type renaming struct {
	// replaced are the live listeners that one of another name is to replace.
	replaced []string
	// kept are the listeners that routes go on naming for the moment: those, or such as have
	// been replaced while the controller has not judged the Gateway since.
	kept []string
}

func (r *run) renamed() renaming {
	if replaced := r.replacedListeners(); len(replaced) > 0 {
		return renaming{replaced, replaced}
	}
	return renaming{nil, r.goneListeners()}
}

// replacedListeners returns the names of the live Gateway's listeners that are to be replaced
// by one of another name for the same port and host.
func (r *run) replacedListeners() []string {
	if r.gateway == nil || r.next == nil {
		return nil
	}
	var names []string
	for _, listener := range r.next.Listeners {
		before, found := r.gateway.listener(listener.sameTraffic)
		if found && !r.gateway.hasListener(listener.Name) {
			names = append(names, before.Name)
		}
	}
	return names
}

// goneListeners returns the names, sorted, that routes have for listeners which the Gateway has no
// more, as long as its controller has not judged it since.
func (r *run) goneListeners() []string {
	if r.gateway == nil || !r.gateway.Behind {
		return nil
	}
	var names []string
	for _, route := range r.have[KindRoute] {
		for _, parent := range route.Parents {
			if parent != "" && !r.gateway.hasListener(parent) {
				names = append(names, parent)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// maxParents is how many parents a route can have (Gateway API, CommonRouteSpec).
const maxParents = 32

// parents returns the parents that a route is to have now: during a rename its present ones
// besides those it shall have.
func (r *run) parents(route Object) []string {
	live, there := r.live[route.Ref]
	if !there || !live.attachedToAny(r.renaming.kept) {
		return route.Parents
	}
	both := slices.Clone(route.Parents)
	for _, parent := range live.Parents {
		if !slices.Contains(both, parent) {
			both = append(both, parent)
		}
	}
	if len(both) > maxParents {
		return route.Parents
	}
	return both
}

// Renamed is why a route is written during a rename.
type Renamed struct{}

func (Renamed) String() string { return "names the next listener beside the present one" }

// RenameWaits holds the Gateway until its routes are observed at the next listeners.
type RenameWaits struct {
	// Listeners are those that get another name.
	Listeners []string
	// Route is one that is waited for; empty for the first of new ones.
	Route string
}

func (w RenameWaits) String() string {
	listeners := strings.Join(w.Listeners, ", ")
	if w.Route == "" {
		return "held until there are routes at the next name of " + listeners
	}
	return "held until HTTPRoute " + w.Route + " is observed at the next name of " + listeners
}

func renameOfListener(r *run, o Object) Reason {
	if o.Kind != KindGateway || len(r.renaming.replaced) == 0 {
		return nil
	}
	for _, route := range r.desired[KindRoute] {
		live, there := r.live[route.Ref]
		if !there || !live.attachedToAny(r.renaming.kept) {
			continue
		}
		if route.Differs || !slices.Equal(r.parents(route), live.Parents) || r.awaitsJudgement(live) {
			return RenameWaits{r.renaming.replaced, route.Name}
		}
	}
	if r.waitsForSuccessors() {
		return RenameWaits{Listeners: r.renaming.replaced}
	}
	return nil
}

// awaitsJudgement reports whether a route was changed, and its controller has not judged it
// since. One of a class that the Gateway is going to leave may never do so.
func (r *run) awaitsJudgement(route Object) bool {
	return r.next.Class == r.gateway.Class && route.Behind
}

// waitsForSuccessors reports whether routes are attached to the listeners that are going to be
// replaced, while none that is wanted is there yet: they have other names, and have to be
// made before the Gateway is written. Where some are there, the others may be refused, and
// are not waited for.
func (r *run) waitsForSuccessors() bool {
	there := func(route Object) bool { _, live := r.live[route.Ref]; return live }
	inUse := slices.ContainsFunc(r.have[KindRoute], func(route Object) bool { return route.attachedToAny(r.renaming.replaced) })
	return inUse && len(r.desired[KindRoute]) > 0 && !slices.ContainsFunc(r.desired[KindRoute], there)
}

// InUseByRename keeps, during a rename, what is not desired: the routes at the listeners
// concerned serve until the next ones are attached, and may need all the rest.
type InUseByRename struct{ Listeners []string }

func (u InUseByRename) String() string {
	return "kept until the Gateway is observed without " + strings.Join(u.Listeners, ", ")
}

func inUseByRename(r *run, o Object) Reason {
	if kept := r.renaming.kept; len(kept) > 0 && (o.Kind != KindRoute || o.attachedToAny(kept)) {
		return InUseByRename{kept}
	}
	return nil
}
