package plan

import (
	"cmp"
	"slices"
	"strings"
)

// A finding is something wrong with one of several: listeners, hosts, routes, policies.
type finding struct {
	kind Kind
	trouble
}

func waits(what, why string) *finding { return &finding{Waiting, trouble{what: what, why: why}} }
func blocks(trouble trouble) *finding { return &finding{Blocked, trouble} }

// worst is the first for which the operator must act, else the first; nil for none.
func worst(found []*finding) *finding {
	for _, one := range found {
		if one.kind == Blocked {
			return one
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// status tells of a finding and, where it is only waited for, what is well all the same:
// one of several must not look like all of them. Nil for nothing found.
func (f *finding) status(aside string) *Status {
	if f == nil {
		return nil
	}
	if f.kind == Waiting {
		f.aside = aside
	}
	return statusOf(f.trouble.status(f.kind))
}

// A tally is what is found of the objects of applications: who waits for the controller,
// and for whom it has been silent for too long.
type tally struct {
	of   string // what is judged, such as "the routes"
	cure string // what to do about a silent controller, empty: see its log

	found               []*finding
	troubled            map[string]bool // applications
	waiting, overlooked []string
}

// add notes one object of an application. What a controller has not judged is known to
// be late, or not.
func (t *tally) add(application string, found *finding, known, late bool) {
	if t.troubled == nil {
		t.troubled = map[string]bool{}
	}
	names := &t.waiting
	if late {
		names = &t.overlooked
	}
	switch {
	case found != nil:
		t.found = append(t.found, found)
	case known:
		return
	case !slices.Contains(*names, application):
		*names = append(*names, application)
	}
	t.troubled[application] = true
}

// status tells first what the operator must do about a judgement, then of a controller
// that is silent, then of who waits.
func (t *tally) status(set settings, routing routing) *Status {
	delete(t.troubled, redirect) // It is nobody's alone.
	others := routing.others(len(t.troubled))
	first := worst(t.found)
	switch {
	case first != nil && first.kind == Blocked:
	case len(t.overlooked) > 0:
		silence := silence(set, "has not judged "+t.of+" of "+strings.Join(t.overlooked, ", "))
		silence.cure = cmp.Or(t.cure, silence.cure)
		first = blocks(silence)
	case first == nil && len(t.waiting) > 0:
		first = waits("Waiting for the gateway controller to accept "+t.of+" of "+strings.Join(t.waiting, ", "), "")
	}
	return first.status(others)
}
