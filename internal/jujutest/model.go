package jujutest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// life is Juju's word for how far the removal of a thing has gone.
type life int

const (
	alive life = iota
	dying
	dead
)

// application is what the controller keeps of an application. A scripted one has no charm: its units
// run no agent and the test writes its relation data.
type application struct {
	name       string
	charm      *charm
	scripted   bool
	endpoints  map[string]endpoint
	modelUUID  string // of a scripted application in another model; "" is this model
	offer      string // the URL it is offered at, if it is another model's
	config     map[string]any
	trust      bool
	leader     string
	nextUnit   int
	units      []*unit
	status     *workloadStatus // set by status-set --application
	life       life
	generation int // counts refreshes
}

// unit is what the controller keeps of a unit. Its agent is nil in a scripted application.
type unit struct {
	name    string
	number  int
	app     *application
	charm   *charm // the charm unpacked in its pod; behind app.charm until refreshed
	address string
	life    life
	status  workloadStatus
	agent   *agent
	version string
	state   map[string]string
	ports   map[string]bool
}

type workloadStatus struct {
	Status  string
	Message string
	Since   time.Time
}

// relation is what the controller keeps of a relation: one end for a peer relation, two otherwise.
type relation struct {
	id   int
	ends []relationEnd
	life life
	// suspended: an operator has cut the connection to another model, and may restore it.
	suspended bool
	status    string // as goal-state tells it
	gone      bool   // removed by force while agents still know it
	ghost     bool   // and so quickly that they were told nothing: they keep it until they restart
	since     time.Time
	scope     map[string]*membership
	units     map[string]*bag
	apps      map[string]*bag
}

// offerURL is what goal-state calls an application of another model that is consumed here.
func (a *application) offerURL() string {
	return cmp.Or(a.offer, "admin/other."+a.name)
}

type relationEnd struct {
	app      *application
	endpoint endpoint
}

// membership is a unit's presence in a relation. A leaving unit is departed for the others and still
// has its own events to run.
type membership struct{ leaving bool }

// bag is a relation databag. Its version counts changes, for agents to see what they have not seen.
type bag struct {
	data    map[string]string
	version int
}

// apply merges changes ("" deletes) and reports whether anything is different now.
func (b *bag) apply(changes map[string]string) bool {
	changed := false
	for key, value := range changes {
		old, ok := b.data[key]
		switch {
		case value == "" && ok:
			delete(b.data, key)
		case value != "" && (!ok || old != value):
			b.data[key] = value
		default:
			continue
		}
		changed = true
	}
	if changed {
		b.version++
	}
	return changed
}

func newBag() *bag { return &bag{data: make(map[string]string)} }

func (r *relation) isPeer() bool { return len(r.ends) == 1 }

// end returns the side of the relation that app is on.
func (r *relation) end(app *application) (relationEnd, bool) {
	for _, e := range r.ends {
		if e.app == app {
			return e, true
		}
	}
	return relationEnd{}, false
}

// remote returns the other side as app sees it: in a peer relation that is app itself.
func (r *relation) remote(app *application) relationEnd {
	for _, e := range r.ends {
		if e.app != app {
			return e
		}
	}
	return r.ends[0]
}

// key is the relation id as hooks see it on app's side: "ingress:3".
func (r *relation) key(app *application) string {
	e, _ := r.end(app)
	return e.endpoint.Name + ":" + strconv.Itoa(r.id)
}

// String names the relation as Juju does, "requirer:endpoint provider:endpoint".
func (r *relation) String() string {
	names := make([]string, len(r.ends))
	for i, e := range r.ends {
		names[i] = e.app.name + ":" + e.endpoint.Name
	}
	return strings.Join(names, " ")
}

// visible returns the versions of the remote unit bags that u's agent is told about, by unit.
func (r *relation) visible(u *unit) map[string]int {
	members := make(map[string]int)
	for name, m := range r.scope {
		own := applicationOf(name) == u.app.name
		if m.leaving || name == u.name || own != r.isPeer() {
			continue
		}
		members[name] = r.units[name].version
	}
	return members
}

// enter puts a unit into the relation's scope, with the keys Juju writes itself. What a unit had written
// before it left is not there any more.
func (r *relation) enter(u *unit, addresses map[string]string) {
	r.scope[u.name] = &membership{}
	b := r.units[u.name]
	if b == nil {
		b = newBag()
		r.units[u.name] = b
	}
	for key := range b.data {
		delete(b.data, key)
	}
	b.apply(addresses)
	if u.agent != nil && u.app.leader == u.name {
		r.status = "joined"
	}
}

// addressKeys are the settings Juju keeps up in every unit bag.
func (j *Juju) addressKeys(u *unit) map[string]string {
	keys := map[string]string{"ingress-address": u.address, "egress-subnets": u.address + "/32"}
	if j.traits.privateAddress {
		keys["private-address"] = u.address
	}
	return keys
}

// applicationOf returns "web" for "web/0".
func applicationOf(unit string) string {
	app, _, _ := strings.Cut(unit, "/")
	return app
}

func isUnitName(name string) bool {
	app, number, ok := strings.Cut(name, "/")
	_, err := strconv.ParseUint(number, 10, 32)
	return ok && err == nil && isApplicationName(app)
}

// isApplicationName follows names.IsValidApplication: words of letters and digits, each with a letter,
// joined by hyphens, the first beginning with a letter.
func isApplicationName(name string) bool {
	for i, word := range strings.Split(name, "-") {
		hasLetter := false
		for _, c := range word {
			isLetter := c >= 'a' && c <= 'z'
			if !isLetter && (c < '0' || c > '9') {
				return false
			}
			hasLetter = hasLetter || isLetter
		}
		if !hasLetter || (i == 0 && word[0] < 'a') {
			return false
		}
	}
	return true
}

// unitTag is the name Juju uses in paths and logs: "unit-web-0".
func unitTag(unit string) string { return "unit-" + strings.ReplaceAll(unit, "/", "-") }

func sortedKeys[K interface{ ~int | ~string }, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
