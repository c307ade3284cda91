package jujutest

import (
	"context"
	"fmt"
)

// ScriptedMetadata describes an application without a charm: interface names by endpoint.
type ScriptedMetadata struct {
	Provides map[string]string
	Requires map[string]string
	// ModelUUID is set for an application that represents one in another model. If it consumes an
	// offer of this model, name it as Juju does: "remote-" and 32 hexadecimal digits. If this model
	// consumes its offer, the name is free.
	ModelUUID string
	// OfferURL is where an application of another model is offered; default "admin/other.<name>".
	OfferURL string
}

// AddScripted adds an application for which the test itself writes all relation data, with
// SetApplicationData and SetUnitData. Its units join relations at once and run no hooks.
func (j *Juju) AddScripted(app string, metadata ScriptedMetadata, units int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.checkNewApplication(app); err != nil {
		return err
	}
	a := &application{
		name: app, scripted: true, modelUUID: metadata.ModelUUID, offer: metadata.OfferURL,
		endpoints: make(map[string]endpoint),
		status:    &workloadStatus{Status: "active", Since: j.options.Now()},
	}
	for name, face := range metadata.Provides {
		a.endpoints[name] = endpoint{Name: name, Role: roleProvides, Interface: face}
	}
	for name, face := range metadata.Requires {
		if _, ok := a.endpoints[name]; ok {
			return fmt.Errorf("endpoint %q defined twice", name)
		}
		a.endpoints[name] = endpoint{Name: name, Role: roleRequires, Interface: face}
	}
	j.apps[app] = a
	for range units {
		u, err := j.addUnit(a)
		if err != nil {
			return err
		}
		u.status = workloadStatus{Status: "active", Since: j.options.Now()}
	}
	return nil
}

// SetApplicationData merges data into an application's databag as relation-set does: an empty value
// deletes its key, and a write that changes nothing causes no event. For a deployed application it
// represents what an earlier hook has written, perhaps of an earlier charm.
func (j *Juju) SetApplicationData(relationID int, app string, data map[string]string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, err := j.relationOf(relationID)
	if err != nil {
		return err
	}
	b, ok := r.apps[app]
	if !ok {
		return fmt.Errorf("application %q is not in relation %d", app, relationID)
	}
	b.apply(data)
	return nil
}

// SetUnitData merges data into a unit's databag, as SetApplicationData does.
func (j *Juju) SetUnitData(relationID int, unit string, data map[string]string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, err := j.relationOf(relationID)
	if err != nil {
		return err
	}
	b, ok := r.units[unit]
	if !ok {
		return fmt.Errorf("unit %q is not in relation %d", unit, relationID)
	}
	b.apply(data)
	return nil
}

// SetUnitAddress changes a unit's address, as a new pod gets: config-changed follows, and the
// address keys in its databags change.
func (j *Juju) SetUnitAddress(ctx context.Context, unit, address string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	u, err := j.unit(unit)
	if err != nil {
		return err
	}
	u.address = address
	if u.agent == nil {
		j.refreshAddresses(u)
	}
	return nil
}

// refreshAddresses writes a unit's address to its databags. Agents do it after config-changed.
func (j *Juju) refreshAddresses(u *unit) {
	for _, id := range sortedKeys(j.relations) {
		r := j.relations[id]
		if m, ok := r.scope[u.name]; ok && !m.leaving {
			r.units[u.name].apply(j.addressKeys(u))
		}
	}
}
