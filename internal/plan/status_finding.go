package plan

import (
	"cmp"
	"slices"
	"strings"
)

// A finding is a problem with one of several objects: listeners, hosts, routes, policies.
type finding struct {
	kind Kind
	trouble
	// whose are the applications that have the problem; none if it concerns all applications.
	whose []string
	// unserved says that these applications are not served because of it.
	unserved bool
}

func waits(what, why string) *finding {
	return &finding{kind: Waiting, trouble: trouble{what: what, why: why}}
}

func blocks(trouble trouble) *finding { return &finding{kind: Blocked, trouble: trouble} }

// worst returns the first finding for which the operator must act, else the first; nil for none.
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

// status returns the finding as a status; nil for no finding.
func (f *finding) status() *Status {
	if f == nil {
		return nil
	}
	return statusOf(f.trouble.status(f.kind))
}

// besides adds what works nevertheless to findings that are only waited for: a problem of one must
// not look like a problem of all.
func besides(found []*finding, aside string) []*finding {
	for _, one := range found {
		if one.kind == Waiting {
			one.aside = aside
		}
	}
	return found
}

// split separates the findings that concern all applications from those that concern some.
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

// A tally collects what is found about the objects of applications: which applications wait for the
// controller, and for which ones it has been silent for too long.
type tally struct {
	of   string // what is judged, such as "the routes"
	cure string // what to do about a silent controller, empty: see its log

	found               []*finding
	troubled            map[string]bool // applications
	waiting, overlooked []string
	waitingAre          []string // the applications that wait; none if all do
	allWait             bool
}

// add counts one object under the name of an application, or of something that several applications
// share. whose are the applications that need the object; none if it concerns all. known says
// whether the controller has judged the object, and late whether that is overdue.
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

// findings returns the problems that the controller reports, its silence, which concerns all
// applications, and who waits.
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

// silence describes a controller that has been silent for too long.
func (d *decision) silence(what string) trouble {
	return trouble{what: "The controller of gateway class " + d.class.name + " " + what + " for 5 minutes", cure: "see its log"}
}

// redirect replaces the name of an application if a route is not for one.
const redirect = "the redirect to HTTPS"
