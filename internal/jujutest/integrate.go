package jujutest

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Integrate relates two applications, each given as "app" or "app:endpoint", and returns the
// relation's id. Interfaces, roles and limits are checked as juju integrate does.
func (j *Juju) Integrate(ctx context.Context, a, b string) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	requirer, provider, err := j.matchEndpoints(a, b)
	if err != nil {
		return 0, err
	}
	name := (&relation{ends: []relationEnd{requirer, provider}}).String()
	for _, r := range j.relations {
		if r.String() == name && r.life == alive {
			return 0, fmt.Errorf("cannot add relation %q: relation %s already exists", name, name)
		}
	}
	for _, e := range []relationEnd{requirer, provider} {
		if e.app.life != alive {
			return 0, fmt.Errorf("cannot add relation %q: application %q is not alive", name, e.app.name)
		}
		if limit := e.endpoint.Limit; limit > 0 && j.countRelations(e) >= limit {
			return 0, fmt.Errorf("cannot add relation %q: establishing a new relation for %s:%s would exceed its maximum relation limit of %d",
				name, e.app.name, e.endpoint.Name, limit)
		}
	}
	return j.addRelation(requirer, provider).id, nil
}

func (j *Juju) countRelations(e relationEnd) int {
	count := 0
	for _, r := range j.relations {
		if end, ok := r.end(e.app); ok && !r.gone && end.endpoint.Name == e.endpoint.Name {
			count++
		}
	}
	return count
}

// matchEndpoints finds the one pair of endpoints that can be related, requirer first.
func (j *Juju) matchEndpoints(a, b string) (requirer, provider relationEnd, err error) {
	left, err := j.candidates(a)
	if err != nil {
		return requirer, provider, err
	}
	right, err := j.candidates(b)
	if err != nil {
		return requirer, provider, err
	}
	var found [][2]relationEnd
	for _, l := range left {
		for _, r := range right {
			switch {
			case l.endpoint.Interface != r.endpoint.Interface:
			case l.endpoint.Role == roleRequires && r.endpoint.Role == roleProvides:
				found = append(found, [2]relationEnd{l, r})
			case l.endpoint.Role == roleProvides && r.endpoint.Role == roleRequires:
				found = append(found, [2]relationEnd{r, l})
			}
		}
	}
	switch len(found) {
	case 0:
		return requirer, provider, fmt.Errorf("no relations found between %q and %q", a, b)
	case 1:
		return found[0][0], found[0][1], nil
	}
	return requirer, provider, fmt.Errorf("ambiguous relation: %q could refer to several", a+" "+b)
}

func (j *Juju) candidates(name string) ([]relationEnd, error) {
	appName, endpointName, explicit := strings.Cut(name, ":")
	app, err := j.application(appName)
	if err != nil {
		return nil, err
	}
	var ends []relationEnd
	for _, name := range sortedKeys(app.endpoints) {
		if !explicit || name == endpointName {
			ends = append(ends, relationEnd{app: app, endpoint: app.endpoints[name]})
		}
	}
	if explicit && len(ends) == 0 {
		return nil, fmt.Errorf("application %q has no %q relation", appName, endpointName)
	}
	return ends, nil
}

func (j *Juju) addRelation(ends ...relationEnd) *relation {
	r := &relation{
		id: j.nextRelation, ends: ends, since: j.options.Now(), status: "joining",
		scope: make(map[string]*membership), units: make(map[string]*bag), apps: make(map[string]*bag),
	}
	j.nextRelation++
	j.relations[r.id] = r
	for _, e := range ends {
		r.apps[e.app.name] = newBag()
		if e.app.scripted {
			for _, u := range e.app.units {
				r.enter(u, j.addressKeys(u))
			}
		}
	}
	return r
}

// enterScripted puts a scripted unit into the relations its application already has.
func (j *Juju) enterScripted(u *unit) {
	for _, id := range sortedKeys(j.relations) {
		if r := j.relations[id]; r.life == alive {
			if _, ok := r.end(u.app); ok {
				r.enter(u, j.addressKeys(u))
			}
		}
	}
}

// endRelation ends the relation between two applications in one of the possible ways.
func (j *Juju) endRelation(ctx context.Context, a, b string, end func(*relation)) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	r, err := j.findRelation(a, b)
	if err != nil {
		return err
	}
	end(r)
	return j.cleanUp()
}

// RemoveRelation starts the removal of the relation between two applications ("app" or
// "app:endpoint"). Step or Settle runs the departed and broken events.
func (j *Juju) RemoveRelation(ctx context.Context, a, b string) error {
	return j.endRelation(ctx, a, b, j.destroyRelation)
}

// ForceRemoveRelation removes a relation from the controller while the units' agents still know it:
// their departed and broken hooks run and find no data.
func (j *Juju) ForceRemoveRelation(ctx context.Context, a, b string) error {
	return j.endRelation(ctx, a, b, func(r *relation) {
		r.gone = true
		j.destroyRelation(r)
		j.revokeAccess(r.id)
	})
}

// GhostRelation removes a relation from the controller so quickly that the units' agents do not
// notice, as juju remove-saas --force may: there is no departed and no broken. relation-ids and
// relation-list still name it, its data are denied and goal-state no longer has it, until the agent
// restarts and forgets it without an event. Another relation may replace it meanwhile.
func (j *Juju) GhostRelation(ctx context.Context, a, b string) error {
	return j.endRelation(ctx, a, b, j.makeGhost)
}

// ForceRemoveSaas removes a scripted application of another model as juju remove-saas --force does:
// it is gone at once, and its relations are ghosts for the agents that know them.
func (j *Juju) ForceRemoveSaas(ctx context.Context, app string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := j.application(app)
	if err != nil {
		return err
	}
	if a.modelUUID == "" {
		return fmt.Errorf("application %q is not of another model", app)
	}
	for _, id := range sortedKeys(j.relations) {
		if r := j.relations[id]; !r.gone {
			if _, ok := r.end(a); ok {
				j.makeGhost(r)
			}
		}
	}
	a.life = dying
	for _, u := range a.units {
		j.destroyUnit(u)
	}
	return j.cleanUp()
}

func (j *Juju) makeGhost(r *relation) {
	r.life, r.gone, r.ghost = dead, true, true
	r.scope = make(map[string]*membership)
	j.revokeAccess(r.id)
}

// known reports whether an agent still knows the relation.
func (j *Juju) known(r *relation) bool {
	return slices.ContainsFunc(j.agents(), func(u *unit) bool { return u.agent.relation[r.id] != nil })
}

func (j *Juju) findRelation(a, b string) (*relation, error) {
	left, err := j.candidates(a)
	if err != nil {
		return nil, err
	}
	right, err := j.candidates(b)
	if err != nil {
		return nil, err
	}
	for _, id := range sortedKeys(j.relations) {
		r := j.relations[id]
		if r.isPeer() || r.life != alive {
			continue
		}
		if hasEnd(r, left) && hasEnd(r, right) {
			return r, nil
		}
	}
	return nil, fmt.Errorf("relation %q not found", a+" "+b)
}

func hasEnd(r *relation, ends []relationEnd) bool {
	return slices.ContainsFunc(r.ends, func(e relationEnd) bool {
		return slices.ContainsFunc(ends, func(c relationEnd) bool {
			return c.app == e.app && c.endpoint.Name == e.endpoint.Name
		})
	})
}

// destroyRelation marks a relation as dying. Scripted units leave at once; agents leave after their
// relation-broken hook.
func (j *Juju) destroyRelation(r *relation) {
	r.life = dying
	for name := range r.scope {
		if app, ok := j.apps[applicationOf(name)]; ok && app.scripted {
			delete(r.scope, name)
		}
	}
}

func (j *Juju) dropRelation(r *relation) {
	r.life = dead
	j.revokeAccess(r.id)
	delete(j.relations, r.id)
}

// RelationData returns a copy of the databag of an application ("web") or a unit ("web/0").
func (j *Juju) RelationData(relationID int, entity string) map[string]string {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, ok := j.relations[relationID]
	if !ok || r.ghost {
		return nil
	}
	b, ok := r.apps[entity]
	if isUnitName(entity) {
		b, ok = r.units[entity]
	}
	if !ok {
		return nil
	}
	return copyMap(b.data)
}

func copyMap(m map[string]string) map[string]string {
	c := make(map[string]string, len(m))
	for key, value := range m {
		c[key] = value
	}
	return c
}
