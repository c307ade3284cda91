package jujutest

import (
	"context"
	"fmt"
)

// SetLeader moves an application's leadership to a unit. The new leader gets leader-elected, the
// old one nothing.
func (j *Juju) SetLeader(app, unit string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	u, err := j.agentUnit(unit)
	if err != nil {
		return err
	}
	if u.app.name != app {
		return fmt.Errorf("unit %q is not of application %q", unit, app)
	}
	u.app.leader = unit
	return nil
}

// KillPod removes a unit's pod without warning and starts a new one: processes and files are gone,
// the controller's state is not. upgrade-charm, config-changed and start follow. But if a hook had
// failed, the new pod continues with it, and only start comes after it.
func (j *Juju) KillPod(ctx context.Context, unit string) error {
	return j.toUnit(ctx, unit, j.newPod)
}

// EvictPod replaces a unit's pod as juju refresh, kubectl delete pod and the draining of a node do:
// stop runs, a failed hook is forgotten, and in the new pod upgrade-charm, config-changed and start
// follow. Step or Settle runs them.
func (j *Juju) EvictPod(ctx context.Context, unit string) error {
	return j.toUnit(ctx, unit, j.evict)
}

// RestartContainer restarts a unit's charm container, and with it the agent: its processes end, its
// files stay, and start runs, after a hook that had failed.
func (j *Juju) RestartContainer(ctx context.Context, unit string) error {
	return j.toUnit(ctx, unit, j.restartContainer)
}

// toUnit does something to a unit between its hooks.
func (j *Juju) toUnit(ctx context.Context, unit string, do func(*unit) error) error {
	j.running.Lock()
	defer j.running.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	u, err := j.agentUnit(unit)
	if err != nil {
		return err
	}
	return do(u)
}

func (j *Juju) newPod(u *unit) error {
	if err := j.endPod(u); err != nil {
		return err
	}
	u.charm = u.app.charm
	j.restartAgent(u)
	a := u.agent
	a.stopping = false
	if a.installed && a.pending == nil {
		// The charm's directory is gone: it is deployed again (internal/worker/uniter/operation/deploy.go).
		a.pending = plainHook("upgrade-charm")
	}
	return j.startPod(u)
}

// evict starts the end of a pod. A charm that has not started, or has stopped, gets no event.
func (j *Juju) evict(u *unit) error {
	if u.agent.started && !u.agent.stopped {
		u.agent.stopping = true
		return nil
	}
	return j.newPod(u)
}

func (j *Juju) restartContainer(u *unit) error {
	if err := killByEnvironment("JUJU_CHARM_DIR=" + j.CharmDir(u.name)); err != nil {
		return err
	}
	j.restartAgent(u)
	return nil
}

// restartAgent forgets what a unit agent keeps in memory. What it has told its charm is kept on the
// controller, and compared with the relations that are there (internal/worker/uniter/relation,
// loadInitialState): those that have gone are forgotten in silence, with a hook that was to run for them.
func (j *Juju) restartAgent(u *unit) {
	a := u.agent
	a.rebooted, a.restart = true, false
	a.cache = make(map[int]map[string]map[string]string)
	a.created = make(map[int]bool)
	for _, id := range sortedKeys(a.relation) {
		r := j.relations[id]
		if r.gone {
			j.leave(u, r)
			if a.pending != nil && a.pending.event != nil && a.pending.event.relation == r {
				a.pending, a.inError, a.problem = nil, false, ""
			}
			continue
		}
		// A unit is in a relation if it has got relation-created for it.
		a.created[id] = true
		a.relation[id].unnamed = true
		a.relation[id].dying = r.life != alive
	}
}

// mayRestart restarts the agent after a hook: if a test has requested it, and at random.
func (j *Juju) mayRestart(u *unit) error {
	if u.life == dead {
		return nil
	}
	due := u.agent.restart
	if n := j.options.AgentRestarts; n > 0 && j.rand.IntN(n) == 0 {
		due = true
	}
	if !due {
		return nil
	}
	return j.restartContainer(u)
}

// Refresh replaces an application's charm. Each unit stops its old charm and starts a new pod with
// the new one: stop, upgrade-charm, config-changed, start.
func (j *Juju) Refresh(ctx context.Context, app, charmDir string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := j.application(app)
	if err != nil {
		return err
	}
	if a.scripted {
		return fmt.Errorf("application %q is scripted and has no charm", app)
	}
	charm, err := j.storeCharm(a, charmDir)
	if err != nil {
		return fmt.Errorf("cannot refresh %q: %w", app, err)
	}
	if err := j.checkLimits(a, charm); err != nil {
		return fmt.Errorf("cannot refresh %q: %w", app, err)
	}
	if err := j.checkRefresh(a, charm); err != nil {
		return fmt.Errorf("cannot refresh %q: %w", app, err)
	}
	a.charm, a.endpoints = charm, charm.endpoints
	for name, value := range a.config {
		if option, ok := charm.options[name]; ok {
			if _, err := option.coerce(name, value); err == nil {
				continue
			}
		}
		delete(a.config, name)
	}
	for _, u := range a.units {
		if err := j.evict(u); err != nil {
			return err
		}
	}
	return nil
}

// checkLimits refuses a charm whose endpoints take fewer relations than there are, in the words of
// preUpgradeRelationLimitCheck of state/application.go in Juju's source.
func (j *Juju) checkLimits(app *application, next *charm) error {
	for _, name := range sortedKeys(next.endpoints) {
		e := next.endpoints[name]
		if e.Limit == 0 || app.endpoints[name].Interface != e.Interface {
			continue
		}
		if count := j.countRelations(relationEnd{app: app, endpoint: e}); count > e.Limit {
			return fmt.Errorf("new charm version imposes a maximum relation limit of %d for %s:%s which cannot be satisfied by the number of already established relations (%d)",
				e.Limit, app.name, name, count)
		}
	}
	return nil
}

// checkRefresh refuses a charm that lacks an endpoint in use, and adds the new one's peer relations.
func (j *Juju) checkRefresh(app *application, next *charm) error {
	peers := make(map[string]bool)
	for _, id := range sortedKeys(j.relations) {
		end, ok := j.relations[id].end(app)
		if !ok {
			continue
		}
		e, kept := next.endpoints[end.endpoint.Name]
		if !kept || e.Interface != end.endpoint.Interface || e.Role != end.endpoint.Role {
			return fmt.Errorf("would break relation %q", j.relations[id])
		}
		peers[e.Name] = e.Role == rolePeer
	}
	for _, name := range sortedKeys(next.endpoints) {
		if e := next.endpoints[name]; e.Role == rolePeer && !peers[name] {
			j.addRelation(relationEnd{app: app, endpoint: e})
		}
	}
	return nil
}

// UpdateStatus makes the application's units run update-status when there is nothing else to do.
func (j *Juju) UpdateStatus(ctx context.Context, app string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := j.application(app)
	if err != nil {
		return err
	}
	for _, u := range a.units {
		if u.agent != nil && u.agent.started && !u.agent.inError {
			u.agent.updateStatus = true
		}
	}
	return nil
}
