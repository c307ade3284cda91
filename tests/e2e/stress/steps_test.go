package stress_test

import (
	"fmt"
	"strings"
)

// maxApps is how many applications there are at most.
const maxApps = 8

// A step is one thing that happens.
type step struct {
	name string
	// weight is how often it is taken, of the sum of all.
	weight int
	// take does it, and tells what was done; empty when there was nothing to do it
	// to.
	take func(*world) string
}

// table has every step.
func table() []step {
	return []step{
		{"add an application", 12, (*world).addStep},
		{"remove an application", 8, (*world).removeStep},
		{"hold some hosts", 5, (*world).holdStep},
		{"release all hosts", 5, (*world).releaseStep},
		{"revoke", 6, (*world).revokeStep},
		{"rotate the key", 4, (*world).rotateStep},
	}
}

// take takes a step, and lets some hooks run after it.
func (w *world) take(round int) {
	w.round = round
	all := table()
	sum := 0
	for _, step := range all {
		sum += step.weight
	}
	n := w.rand.IntN(sum)
	for _, step := range all {
		if n -= step.weight; n < 0 {
			w.note("%d. %s: %s", round, step.name, step.take(w))
			break
		}
	}
	w.checkSafe()
	w.someHooks()
	w.checkPlain()
}

// someHooks runs all hooks and answers that are pending, some, or none.
func (w *world) someHooks() {
	const all, none = 3, 5
	switch n := w.rand.IntN(10); {
	case n < all:
		w.runAll()
	case n < none:
	default:
		const most = 8
		for range 1 + w.rand.IntN(most) {
			if w.rand.IntN(4) == 0 {
				w.note("    answers: %t", w.answer())
			} else {
				w.step()
			}
		}
	}
}

func (w *world) addStep() string {
	for _, app := range w.apps {
		if !app.related && w.rand.IntN(2) == 0 {
			w.relate(app)
			return app.Name + " again"
		}
	}
	if len(w.apps) == maxApps {
		return ""
	}
	name := fmt.Sprintf("web%d", len(w.apps))
	w.addApplication(name)
	return name
}

func (w *world) removeStep() string {
	apps := w.related()
	if len(apps) == 0 {
		return ""
	}
	app := one(w, apps)
	w.must(w.Unrelate(w.ctx, app.Name+":ingress", charm))
	app.related = false
	return app.Name
}

func (w *world) holdStep() string {
	for _, host := range append(w.hosts(), w.host(steady)) {
		if w.rand.IntN(2) == 0 && w.provider != nil {
			w.provider.HoldHosts = append(w.provider.HoldHosts, host)
		}
	}
	if w.provider == nil {
		return ""
	}
	return strings.Join(w.provider.HoldHosts, ", ")
}

func (w *world) releaseStep() string {
	if w.provider == nil {
		return ""
	}
	w.provider.HoldHosts = nil
	return w.provider.Name
}

func (w *world) revokeStep() string {
	hosts := w.hosts()
	if w.provider == nil || len(hosts) == 0 {
		return ""
	}
	host := one(w, hosts)
	w.provider.RevokeIssued(host)
	w.stuck[host] = true
	return host
}

func (w *world) rotateStep() string {
	leader := w.leader()
	if leader == "" {
		return ""
	}
	return w.action(leader, "rotate-private-key")
}

// action runs an action, whose results must hide what is to be hidden.
func (w *world) action(unit, name string) string {
	w.beginHook()
	result, err := w.Juju.RunAction(w.ctx, unit, name, nil)
	w.must(err)
	for _, run := range w.runs {
		w.afterHook(run)
	}
	w.log.clean(w, "the result of "+name, fmt.Sprint(result))
	return fmt.Sprintf("on %s: %s %s", unit, result.Status, result.Message)
}
