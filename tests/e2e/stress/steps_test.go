package stress_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// maxApps is how many applications there are at most.
const maxApps = 8

// A step is one thing that happens.
type step struct {
	name string
	// weight is how often it is taken, of the sum of all.
	weight int
	// possible says that it can be taken now; nil for always.
	possible func(*world) bool
	// take does it, and tells more of what was done.
	take func(*world) string
	// harsh says that it rightly ends the service of all hosts for a while.
	harsh bool
}

// table has every step.
func table() []step {
	provided := func(w *world) bool { return w.provider != nil }
	odd := func(w *world) bool { return w.provider != nil && len(w.related()) > 0 }
	led := func(w *world) bool { return w.leader() != "" }
	leaderless := func(w *world) bool { return w.leader() == "" }
	withdrawn := func(w *world) bool { return w.provider == nil }
	others := func(w *world) bool { return len(w.related()) > 0 }
	return []step{
		// Applications and the operator.
		{name: "add an application", weight: 14, take: (*world).addStep},
		{name: "remove an application", weight: 9, possible: others, take: (*world).removeStep},
		{name: "change external-hostname", weight: 3, take: (*world).hostnameStep, harsh: true},
		{name: "set external-hostname to what is none", weight: 2, take: (*world).invalidStep},
		{name: "switch enforce-https", weight: 6, take: (*world).enforceStep},
		{name: "update-status", weight: 4, take: (*world).updateStatusStep},
		{name: "rotate the key", weight: 5, possible: led, take: (*world).rotateStep},
		{name: "run another action", weight: 3, take: (*world).actionStep},
		{name: "delete something in the cluster", weight: 6, possible: others, take: (*world).deleteStep},
		// The certificate authority.
		{name: "hold", weight: 5, possible: provided, take: (*world).holdStep},
		{name: "release", weight: 5, possible: provided, take: (*world).releaseStep},
		{name: "mute", weight: 5, possible: provided, take: (*world).muteStep},
		{name: "revoke", weight: 7, possible: odd, take: (*world).revokeStep},
		{name: "re-issue", weight: 6, possible: odd, take: (*world).reissueStep},
		{name: "issue a short certificate", weight: 8, possible: odd, take: (*world).shortStep},
		{name: "wait until it expires", weight: 3, take: (*world).waitStep},
		{name: "issue a dead certificate", weight: 3, possible: odd, take: (*world).deadStep},
		{name: "refuse", weight: 5, possible: provided, take: (*world).refuseStep},
		{name: "admit", weight: 4, possible: provided, take: (*world).admitStep},
		{name: "garbage", weight: 4, possible: provided, take: (*world).garbageStep},
		{name: "forge", weight: 5, possible: provided, take: (*world).forgeStep},
		{name: "tidy", weight: 4, possible: provided, take: (*world).tidyStep},
		{name: "scribble", weight: 4, possible: provided, take: (*world).scribbleStep},
		{name: "remove the certificates relation", weight: 2, possible: provided, take: (*world).withdrawStep, harsh: true},
		{name: "replace the provider", weight: 2, possible: provided, take: (*world).replaceStep, harsh: true},
		{name: "relate a provider", weight: 12, possible: withdrawn, take: (*world).returnStep},
		// Juju and misfortune.
		{name: "Juju's clock", weight: 4, take: (*world).clockStep},
		{name: "another leader", weight: 5, possible: led, take: (*world).leaderStep},
		{name: "a leader at last", weight: 12, possible: leaderless, take: (*world).electStep},
		{name: "lose leadership in a hook", weight: 5, possible: led, take: (*world).loseStep},
		{name: "kill a pod", weight: 4, take: (*world).podStep},
		{name: "kill a hook", weight: 7, take: (*world).killStep},
		{name: "interrupt a hook's writes", weight: 14, take: (*world).interruptStep},
		{name: "fail a flush", weight: 4, take: (*world).flushStep},
		{name: "fail a commit halfway", weight: 6, take: (*world).commitStep},
		{name: "restart an agent", weight: 8, take: (*world).restartStep},
		{name: "replace a unit", weight: 4, take: (*world).replaceUnitStep},
		{name: "scale the provider", weight: 4, possible: provided, take: (*world).scaleProviderStep},
		{name: "a ghost of an application", weight: 5, possible: others, take: (*world).ghostAppStep},
		{name: "a ghost of the provider", weight: 2, possible: provided, take: (*world).ghostProviderStep, harsh: true},
		{name: "deny reads for a moment", weight: 5, possible: led, take: (*world).denyStep},
		// Others in the model.
		{name: "the other instance", weight: 4, possible: func(w *world) bool { return w.other != nil }, take: (*world).otherStep},
		{name: "an object made by hand", weight: 5, take: (*world).strangerStep},
		{name: "one less", weight: 2, possible: func(w *world) bool { return len(w.strangers) > 0 }, take: (*world).farewellStep},
	}
}

// take takes a step, and lets some hooks run after it.
func (w *world) take(round int) {
	w.round = round
	all := slices.DeleteFunc(table(), func(s step) bool { return s.possible != nil && !s.possible(w) })
	sum := 0
	for _, step := range all {
		sum += step.weight
	}
	n := w.rand.IntN(sum)
	i := slices.IndexFunc(all, func(s step) bool { n -= s.weight; return n < 0 })
	if all[i].harsh {
		w.pauseProbe()
	}
	w.note("%d. %s", round, all[i].name)
	w.note("    %s", all[i].take(w))
	w.checkSafe()
	w.someHooks()
	w.checkPlain()
	w.checkProbe()
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
	if len(w.apps) == maxApps-1 {
		name = twin
		for _, object := range []string{"Service/" + charm + "-" + twin + "-service", "Service/" + second + "-" + theirs + "-service"} {
			w.hashed[object] = true
		}
	}
	w.addApplication(name)
	return name
}

func (w *world) removeStep() string {
	app := one(w, w.related())
	w.must(w.Unrelate(w.ctx, app.Name+":ingress", charm))
	app.related = false
	return app.Name
}

func (w *world) hostnameStep() string {
	w.hostname = one(w, []string{"one.example.com", "two.example.com", "three.example.org"})
	w.configure("external-hostname", w.hostname)
	w.invalid = false
	for _, app := range w.apps {
		if app.related {
			w.known[w.host(app.Name)] = true
		}
	}
	return w.hostname
}

func (w *world) invalidStep() string {
	w.configure("external-hostname", one(w, []string{"", "10.0.0.1", "not a name", "*.example.com"}))
	w.invalid = true
	return ""
}

func (w *world) enforceStep() string {
	w.enforce = !w.enforce
	w.configure("enforce-https", w.enforce)
	return fmt.Sprint(w.enforce)
}

func (w *world) configure(option string, value any) {
	w.must(w.Juju.SetConfig(w.ctx, charm, map[string]any{option: value}))
}

func (w *world) updateStatusStep() string {
	w.must(w.Juju.UpdateStatus(w.ctx, charm))
	return ""
}

func (w *world) rotateStep() string { return w.action(w.leader(), "rotate-private-key", nil) }

func (w *world) actionStep() string {
	unit := one(w, w.units())
	if w.rand.IntN(2) == 0 {
		return w.action(unit, "list-certificates", nil)
	}
	return w.action(unit, "get-certificate", map[string]any{"hostname": w.host(steady)})
}

// action runs an action, whose results must hide what is to be hidden.
func (w *world) action(unit, name string, params map[string]any) string {
	w.beginHook()
	result, err := w.Juju.RunAction(w.ctx, unit, name, params)
	w.interrupted = w.middle.disarm()
	if err != nil && strings.Contains(err.Error(), "is not installed yet") {
		return unit + " is not there yet" // Its hooks are still to run.
	}
	w.must(err)
	for _, run := range w.runs {
		w.afterHook(run)
	}
	w.log.clean(w, "the result of "+name, fmt.Sprint(result))
	return fmt.Sprintf("%s on %s: %s %s", name, unit, result.Status, result.Message)
}

// deleteStep deletes an object of an application that is not spared, or its listener.
func (w *world) deleteStep() string {
	app := one(w, w.related())
	host := w.host(app.Name)
	objects := []struct {
		kind schema.GroupVersionResource
		name string
	}{
		{secretKind, charm + "-secret-" + host},
		{routeKind, charm + "-" + model + "-" + app.Name},
		{routeKind, lab.RedirectRoute(charm, host)},
		{serviceKind, charm + "-" + app.Name + "-service"},
		{gatewayKind, ""},
	}
	object := one(w, objects)
	kinds := map[string]string{"secrets": "Secret/", "httproutes": "HTTPRoute/", "services": "Service/"}
	if _, byHand := w.strangers[kinds[object.kind.Resource]+object.name]; byHand {
		return "nothing: " + object.name + " is not the charm's"
	}
	w.tampered = true
	if object.kind == gatewayKind {
		return w.deleteListeners(host)
	}
	err := w.Cluster.Dynamic().Resource(object.kind).Namespace(model).Delete(w.ctx, object.name, metav1.DeleteOptions{})
	if !apierrors.IsNotFound(err) {
		w.must(err)
	}
	return object.kind.Resource + "/" + object.name
}

// deleteListeners takes a host's listeners out of the Gateway. The gateway may write
// it at the same time.
func (w *world) deleteListeners(host string) string {
	gateways := w.Cluster.Dynamic().Resource(gatewayKind).Namespace(model)
	w.must(cluster.Eventually(w.ctx, lab.Patience, func(ctx context.Context) error {
		gateway, err := gateways.Get(ctx, charm, metav1.GetOptions{})
		if err != nil {
			return err
		}
		listeners, _, err := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
		if err != nil {
			return err
		}
		listeners = slices.DeleteFunc(listeners, func(listener any) bool {
			named, _, _ := unstructured.NestedString(listener.(map[string]any), "hostname")
			return named == host
		})
		if err := unstructured.SetNestedSlice(gateway.Object, listeners, "spec", "listeners"); err != nil {
			return err
		}
		_, err = gateways.Update(ctx, gateway, metav1.UpdateOptions{})
		return err
	}))
	return "listeners of " + host
}

// clockStep has Juju believe for a moment that every alarm is due.
func (w *world) clockStep() string {
	const ahead = 100 * 24 * time.Hour
	w.skew = ahead
	w.must(w.Juju.Tick(w.ctx))
	w.skew = 0
	return ""
}

func (w *world) leaderStep() string {
	next := w.standby()
	w.must(w.Juju.SetLeader(charm, next))
	return next
}

func (w *world) electStep() string {
	next := one(w, w.units())
	w.must(w.Juju.SetLeader(charm, next))
	return next
}

// maxCalls is about how many hook tool calls a hook of this charm has.
const maxCalls = 70

func (w *world) loseStep() string {
	heir, n := one(w, []string{w.standby(), ""}), 1+w.rand.IntN(maxCalls)
	w.must(w.Juju.LoseLeadershipDuringHook(w.leader(), n, heir))
	return fmt.Sprintf("after call %d, to %s", n, cmp.Or(heir, "none"))
}

func (w *world) podStep() string {
	unit := one(w, w.units())
	w.must(w.Juju.KillPod(w.ctx, unit))
	return unit
}

func (w *world) killStep() string {
	unit, n := cmp.Or(w.leader(), w.units()[0]), 1+w.rand.IntN(maxCalls)
	w.must(w.Juju.KillDuringHook(unit, n))
	return fmt.Sprintf("%s after call %d", unit, n)
}

func (w *world) interruptStep() string {
	const most = 6
	kind, n := one(w, interruptions), 1+w.rand.IntN(most)
	w.middle.arm(kind, n)
	return fmt.Sprintf("%s write %d", kind, n)
}

func (w *world) flushStep() string {
	unit := cmp.Or(w.leader(), w.units()[0])
	w.must(w.Juju.FailNextFlush(unit, errInjected))
	return unit
}
