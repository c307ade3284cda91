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
	// whose are the applications that it is the trouble of; none where it is everybody's.
	whose []string
	// unserved says that these are not served for it.
	unserved bool
}

func waits(what, why string) *finding {
	return &finding{kind: Waiting, trouble: trouble{what: what, why: why}}
}

func blocks(trouble trouble) *finding { return &finding{kind: Blocked, trouble: trouble} }

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

// status is nil for no finding.
func (f *finding) status() *Status {
	if f == nil {
		return nil
	}
	return statusOf(f.trouble.status(f.kind))
}

// besides adds to findings that are only waited for what is well all the same: one of
// several must not look like all of them.
func besides(found []*finding, aside string) []*finding {
	for _, one := range found {
		if one.kind == Waiting {
			one.aside = aside
		}
	}
	return found
}

// split parts what is everybody's trouble from what is that of some applications.
func split(found []*finding) (everybodys, some []*finding) {
	for _, one := range found {
		if len(one.whose) == 0 {
			everybodys = append(everybodys, one)
		} else {
			some = append(some, one)
		}
	}
	return everybodys, some
}

// A tally is what is found of the objects of applications: who waits for the controller,
// and for whom it has been silent for too long.
type tally struct {
	of   string // what is judged, such as "the routes"
	cure string // what to do about a silent controller, empty: see its log

	found               []*finding
	troubled            map[string]bool // applications
	waiting, overlooked []string
	waitingAre          []string // the applications that wait; none if all do
	allWait             bool
}

// add notes one object by the name of an application, or of something that is there for
// those whose it is; for nobody's in particular if there are none. What a controller has not
// judged is known to be late, or not.
func (t *tally) add(name string, whose []string, found *finding, known, late bool) {
	if t.troubled == nil {
		t.troubled = map[string]bool{}
	}
	names := &t.waiting
	if late {
		names = &t.overlooked
	}
	switch {
	case found != nil:
		found.whose, found.unserved = whose, name != redirect
		t.found = append(t.found, found)
	case known:
		return
	case !slices.Contains(*names, name):
		*names = append(*names, name)
	}
	t.troubled[name] = true
	if found == nil && !late {
		t.waitingAre, t.allWait = append(t.waitingAre, whose...), t.allWait || len(whose) == 0
	}
}

// findings tell of the judgements of the controller, of one that is silent, which is
// everybody's trouble, and of who waits.
func (t *tally) findings(d *decision) []*finding {
	delete(t.troubled, redirect)
	all := t.found
	if len(t.overlooked) > 0 {
		silence := d.silence("has not judged " + t.of + " of " + strings.Join(t.overlooked, ", "))
		silence.cure = cmp.Or(t.cure, silence.cure)
		all = append(all, blocks(silence))
	}
	if len(t.waiting) > 0 {
		waiting := waits("Waiting for the gateway controller to accept "+t.of+" of "+strings.Join(t.waiting, ", "), "")
		if waiting.unserved = !slices.Contains(t.waiting, redirect); !t.allWait {
			waiting.whose = slices.Compact(slices.Sorted(slices.Values(t.waitingAre)))
		}
		all = append(all, waiting)
	}
	return besides(all, d.others(len(t.troubled)))
}

// silence tells of a controller that has been silent for too long.
func (d *decision) silence(what string) trouble {
	return trouble{what: "The controller of gateway class " + d.class.name + " " + what + " for 5 minutes", cure: "see its log"}
}

// redirect stands for an application where a route is not for one.
const redirect = "the redirect to HTTPS"
