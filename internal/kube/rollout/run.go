package rollout

import (
	"slices"
	"strings"
	"sync"
)

// A run is what the rules look at: what was live before the first step, what is desired, and
// what became of the steps so far.
type run struct {
	live    map[Ref]Object
	have    map[string][]Object // what is live, by kind, sorted by name
	desired map[string][]Object // by kind
	wanted  map[Ref]bool        // what is desired
	answers map[Ref]Answer
	foreign []Ref
	hidden  bool
	// gateway is the live Gateway, next the desired one; nil for none.
	gateway, next *Object

	// What several rules need to know of all objects of a kind.
	missing  map[string][]string // the desired objects that are not there by now, by kind
	failed   map[string]bool     // the kinds of which one could not be written, or deleted
	renaming renaming
	open     func() map[string]string // see openServices
	last     func() map[string]string // see lastRoutes
	waiting  func() bool              // see aRouteHasNoBackend
}

func newRun(live Live, desired []Object, answers []Answer) *run {
	r := &run{
		live: make(map[Ref]Object, len(live.Objects)), have: map[string][]Object{},
		desired: map[string][]Object{}, wanted: make(map[Ref]bool, len(desired)),
		answers: make(map[Ref]Answer, len(answers)), foreign: live.Foreign, hidden: live.Hidden,
		missing: map[string][]string{}, failed: map[string]bool{},
	}
	for _, o := range live.Objects {
		r.live[o.Ref] = o
		r.have[o.Kind] = append(r.have[o.Kind], o)
	}
	for _, objects := range r.have {
		slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	}
	for _, answer := range answers {
		r.answers[answer.Step.Object.Ref] = answer
		if _, foreign := answer.Step.Reason.(Foreign); foreign || answer.Failed {
			r.failed[answer.Step.Object.Kind] = true
		}
	}
	for _, o := range desired {
		r.wanted[o.Ref] = true
		r.desired[o.Kind] = append(r.desired[o.Kind], o)
		if !r.there(o.Ref) {
			r.missing[o.Kind] = append(r.missing[o.Kind], o.Name)
		}
	}
	if gateways := r.have[KindGateway]; len(gateways) == 1 {
		r.gateway = &gateways[0]
	}
	if gateways := r.desired[KindGateway]; len(gateways) == 1 {
		r.next = &gateways[0]
	}
	r.renaming = r.renamed()
	r.open, r.last, r.waiting = sync.OnceValue(r.openServices), sync.OnceValue(r.lastRoutes), sync.OnceValue(r.aRouteHasNoBackend)
	return r
}

// there reports whether an object is in the cluster by now, if it is desired.
func (r *run) there(ref Ref) bool {
	_, live := r.live[ref]
	return live || r.written(ref)
}

// written reports whether an object was written in this run.
func (r *run) written(ref Ref) bool {
	answer, answered := r.answers[ref]
	return answered && answer.Step.Action == Write && !answer.Failed
}

// deleted reports whether an object was deleted in this run.
func (r *run) deleted(ref Ref) bool {
	answer, answered := r.answers[ref]
	return answered && answer.Step.Action == Delete && !answer.Failed
}
