package jujutest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// DeployOptions say how to deploy an application.
type DeployOptions struct {
	Units  int // default 1; negative: none
	Config map[string]any
	Trust  bool
}

// Deploy adds an application with the charm in charmDir, a directory or a .charm file, and its
// units. Step or Settle runs their first events.
func (j *Juju) Deploy(ctx context.Context, app, charmDir string, options DeployOptions) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := j.checkNewApplication(app); err != nil {
		return err
	}
	a := &application{name: app, trust: options.Trust, config: make(map[string]any)}
	charm, err := j.storeCharm(a, charmDir)
	if err != nil {
		return fmt.Errorf("cannot deploy %q: %w", app, err)
	}
	a.charm, a.endpoints = charm, charm.endpoints
	if err := a.setConfig(options.Config); err != nil {
		return fmt.Errorf("cannot deploy %q: %w", app, err)
	}
	j.apps[app] = a
	for _, name := range sortedKeys(charm.endpoints) {
		if e := charm.endpoints[name]; e.Role == rolePeer {
			j.addRelation(relationEnd{app: a, endpoint: e})
		}
	}
	count := options.Units
	if count == 0 {
		count = 1
	}
	for range count {
		if _, err := j.addUnit(a); err != nil {
			return err
		}
	}
	return nil
}

func (j *Juju) checkNewApplication(name string) error {
	if !isApplicationName(name) {
		return fmt.Errorf("invalid application name %q", name)
	}
	if _, ok := j.apps[name]; ok {
		return fmt.Errorf("application %q already exists", name)
	}
	return nil
}

// storeCharm keeps a copy of the charm as the controller does, so that a later change of the source
// does not reach a unit by accident.
func (j *Juju) storeCharm(app *application, source string) (*charm, error) {
	dir := filepath.Join(j.dir, "charms", fmt.Sprintf("%s-%d", app.name, app.generation))
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("cannot store charm: %w", err)
	}
	app.generation++
	if err := unpackCharm(source, dir); err != nil {
		return nil, err
	}
	return readCharm(dir)
}

// AddUnit adds a unit to an application and returns its name.
func (j *Juju) AddUnit(ctx context.Context, app string) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	a, err := j.application(app)
	if err != nil {
		return "", err
	}
	u, err := j.addUnit(a)
	if err != nil {
		return "", err
	}
	return u.name, nil
}

func (j *Juju) addUnit(app *application) (*unit, error) {
	u := &unit{
		name: fmt.Sprintf("%s/%d", app.name, app.nextUnit), number: app.nextUnit, app: app,
		charm: app.charm, state: make(map[string]string), ports: make(map[string]bool),
		status: workloadStatus{Status: "waiting", Message: "installing agent", Since: j.options.Now()},
	}
	app.nextUnit++
	if j.options.UnitAddress != nil {
		u.address = j.options.UnitAddress(u.name)
	}
	if u.address == "" {
		j.nextAddress++
		u.address = fmt.Sprintf("10.1.%d.%d", j.nextAddress/250, j.nextAddress%250+4)
	}
	if !app.scripted {
		u.agent = newAgent()
		if err := j.startPod(u); err != nil {
			return nil, fmt.Errorf("cannot add unit %q: %w", u.name, err)
		}
		if app.leader == "" {
			app.leader = u.name
		}
	}
	app.units = append(app.units, u)
	if app.scripted {
		j.enterScripted(u)
	}
	return u, nil
}

// startPod provides a unit with what a new pod has: its own copy of the charm and the hook tools.
func (j *Juju) startPod(u *unit) error {
	if err := os.RemoveAll(j.agentDir(u.name)); err != nil {
		return fmt.Errorf("cannot clear unit: %w", err)
	}
	if err := unpackCharm(u.charm.dir, j.CharmDir(u.name)); err != nil {
		return err
	}
	tools := j.ToolsDir(u.name)
	if err := os.RemoveAll(tools); err != nil {
		return fmt.Errorf("cannot clear hook tools: %w", err)
	}
	if err := os.MkdirAll(tools, 0o755); err != nil {
		return fmt.Errorf("cannot make hook tools: %w", err)
	}
	for _, name := range toolsOf(j.options.Profile) {
		if err := os.Symlink(j.options.ToolBinary, filepath.Join(tools, name)); err != nil {
			return fmt.Errorf("cannot make hook tools: %w", err)
		}
	}
	return j.startExec(u)
}

// endPod ends every process of a unit and removes its files.
func (j *Juju) endPod(u *unit) error {
	j.stopExec(u)
	killErr := killByEnvironment("JUJU_CHARM_DIR=" + j.CharmDir(u.name))
	return errors.Join(killErr, removeSocket(j.socketPath(u.name, "agent")), os.RemoveAll(j.agentDir(u.name)), os.RemoveAll(j.ToolsDir(u.name)))
}

// RemoveUnit starts the removal of a unit. Step or Settle runs its last events.
func (j *Juju) RemoveUnit(ctx context.Context, unit string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	u, err := j.unit(unit)
	if err != nil {
		return err
	}
	j.destroyUnit(u)
	return j.cleanUp()
}

// RemoveApplication starts the removal of an application: first its relations, then its units.
func (j *Juju) RemoveApplication(ctx context.Context, app string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := j.application(app)
	if err != nil {
		return err
	}
	a.life = dying
	for _, id := range sortedKeys(j.relations) {
		if r := j.relations[id]; !r.isPeer() && !r.ghost {
			if _, ok := r.end(a); ok {
				j.destroyRelation(r)
			}
		}
	}
	for _, u := range a.units {
		j.destroyUnit(u)
	}
	return j.cleanUp()
}

// destroyUnit marks a unit as dying: the others see it depart at once, its own events follow.
func (j *Juju) destroyUnit(u *unit) {
	u.life = max(u.life, dying)
	for _, r := range j.relations {
		if u.agent == nil {
			delete(r.scope, u.name)
		} else if m, ok := r.scope[u.name]; ok {
			m.leaving = true
		}
	}
	if u.agent == nil || !u.agent.installed {
		u.life = dead
	}
}

// cleanUp removes what has died from the model: units, then relations without units, then
// applications.
func (j *Juju) cleanUp() error {
	var errs []error
	for _, name := range sortedKeys(j.apps) {
		app := j.apps[name]
		errs = append(errs, j.buryUnits(app))
		if app.life == dying && len(app.units) == 0 {
			for _, id := range sortedKeys(j.relations) {
				if r := j.relations[id]; r.isPeer() && r.ends[0].app == app {
					r.life = dying
				}
			}
		}
	}
	related := make(map[*application]bool)
	for _, id := range sortedKeys(j.relations) {
		r := j.relations[id]
		if (r.life == dying && len(r.scope) == 0) || (r.ghost && !j.known(r)) {
			j.dropRelation(r)
			continue
		}
		if r.ghost {
			continue
		}
		for _, e := range r.ends {
			related[e.app] = true
		}
	}
	for _, name := range sortedKeys(j.apps) {
		if app := j.apps[name]; app.life == dying && len(app.units) == 0 && !related[app] {
			j.dropSecrets(name)
			delete(j.apps, name)
		}
	}
	return errors.Join(errs...)
}

// buryUnits forgets dead units and gives leadership to another unit.
func (j *Juju) buryUnits(app *application) error {
	var left []*unit
	var errs []error
	leaderDied := false
	for _, u := range app.units {
		if u.life != dead {
			left = append(left, u)
			continue
		}
		for _, r := range j.relations {
			delete(r.scope, u.name)
		}
		j.dropSecrets(u.name)
		if u.agent != nil {
			errs = append(errs, j.endPod(u))
		}
		if app.leader == u.name {
			app.leader, leaderDied = "", true
		}
	}
	app.units = left
	if leaderDied && len(left) > 0 {
		app.leader = left[0].name
	}
	return errors.Join(errs...)
}
