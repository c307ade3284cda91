package stress_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// What befalls Juju: agents restart, units are replaced, relations become ghosts, reads are
// denied for a moment, commits fail halfway.

func (w *world) restartStep() string {
	unit := one(w, w.units())
	switch w.rand.IntN(3) {
	case 0:
		w.must(w.Juju.RestartContainer(w.ctx, unit))
		return unit
	case 1:
		w.must(w.Juju.EvictPod(w.ctx, unit))
		return unit + ", with its pod"
	}
	n := 1 + w.rand.IntN(maxCalls)
	w.must(w.Juju.RestartDuringHook(unit, n))
	return fmt.Sprintf("%s after call %d", unit, n)
}

// replaceUnitStep removes a unit, maybe the leader, and adds another.
func (w *world) replaceUnitStep() string {
	unit := one(w, w.units())
	w.leaving[unit] = true
	w.must(w.Juju.RemoveUnit(w.ctx, unit))
	next, err := w.Juju.AddUnit(w.ctx, charm)
	w.must(err)
	return fmt.Sprintf("%s, then %s", unit, next)
}

// scaleProviderStep takes the provider's units away, or gives it one: what it says of certificates
// stays as it is.
func (w *world) scaleProviderStep() string {
	units := w.Juju.Status().Application(w.provider.Name).Units
	if len(units) == 0 {
		unit, err := w.Juju.AddUnit(w.ctx, w.provider.Name)
		w.must(err)
		return unit
	}
	for _, unit := range units {
		w.must(w.Juju.RemoveUnit(w.ctx, unit.Name))
	}
	return w.provider.Name + " to 0"
}

// ghostAppStep removes an application's relation by force.
func (w *world) ghostAppStep() string {
	app := one(w, w.related())
	w.must(w.Ghost(w.ctx, app.Name+":ingress", charm))
	app.related, app.ghost = false, true
	return app.Name
}

// forgetGhosts restarts the agents of all units, which forget what is gone.
func (w *world) forgetGhosts() {
	for _, unit := range w.allUnits() {
		w.must(w.Juju.RestartContainer(w.ctx, unit))
	}
	w.ghosts, w.twins = nil, false
	clear(w.former)
	for _, app := range w.apps {
		app.ghost = false
	}
}

// ghostProviderStep removes the certificates relation by force. Another may take its place before anybody
// notices.
func (w *world) ghostProviderStep() string {
	w.pauseProbe()
	former := w.provider
	w.must(w.Ghost(w.ctx, charm+":certificates", former.Name))
	w.ghosts, w.former[former.Name] = append(w.ghosts, w.certificates), true
	w.provider = nil
	if w.rand.IntN(2) == 0 {
		return former.Name
	}
	w.relateAuthority(w.addAuthority())
	return former.Name + ", then " + w.provider.Name
}

// denyStep has reads of a relation that is there fail for a moment.
func (w *world) denyStep() string {
	var ids []int
	for _, relation := range w.Juju.Status().Relations {
		if !relation.Removing && slices.Contains(w.seen[w.leader()], relation.ID) {
			ids = append(ids, relation.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	id, times := one(w, ids), 1+w.rand.IntN(3)
	text := one(w, []string{"permission denied", fmt.Sprintf("relation %d not found", id)})
	w.must(w.Juju.DenyReads(w.leader(), id, text, times))
	return fmt.Sprintf("relation %d, %d times: %s", id, times, text)
}

// commitStep has a commit fail at one of its parts.
func (w *world) commitStep() string {
	unit := cmp.Or(w.leader(), w.units()[0])
	part := one(w, []jujutest.FlushStep{jujutest.FlushState, jujutest.FlushSecrets, jujutest.FlushRelations})
	w.must(w.Juju.FailFlushAt(unit, part, errInjected))
	return fmt.Sprintf("%s at part %d", unit, part)
}

// errInjected is what a commit fails with that has been told to.
var errInjected = errors.New("injected")
