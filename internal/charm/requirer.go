package charm

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// readRequirer reads what an application on gateway wrote, in as few calls as that
// takes: there may be a thousand of them, and each is read in every hook.
func (c *Charm) readRequirer(ctx context.Context, id string, number int) (state.Requirer, error) {
	names, err := c.Tools.RelationUnits(ctx, id)
	if err != nil {
		return state.Requirer{}, err
	}
	application, err := c.applicationOf(ctx, id, names)
	if err != nil {
		return state.Requirer{}, err
	}
	request, err := c.Tools.ApplicationData(ctx, id, application)
	if err != nil {
		return state.Requirer{}, err
	}
	app, parseErr := ingress.ParseApplication(request)
	local, foreign, err := c.whose(ctx, endpointGateway, id, number, application, app.Model)
	if err != nil {
		return state.Requirer{}, err
	}
	told, err := c.toldPlace(ctx, id, number)
	if err != nil {
		return state.Requirer{}, err
	}
	var units []state.UnitBag
	if parseErr == nil { // Else whatever its units say.
		// Kubernetes itself finds the pods of an application of our model.
		each := foreign || app.Model != c.Event.Model || app.Scheme == ingress.HTTPS
		if units, err = c.readUnits(ctx, endpointGateway, id, names, each); err != nil {
			return state.Requirer{}, err
		}
	}
	requirer := state.NewRequirer(number, application, request, units)
	requirer.Local, requirer.Foreign = local, foreign
	if told != "" && requirer.Name != "" {
		requirer.Holds, err = holdsOne(told, requirer.Places())
	}
	return requirer, err
}

// applicationOf returns the application on the other side of a relation, which Juju's
// names of its units begin with.
func (c *Charm) applicationOf(ctx context.Context, id string, units []string) (string, error) {
	if len(units) > 0 {
		if application, _, found := strings.Cut(units[0], "/"); found {
			return application, nil
		}
	}
	return c.Tools.RelationApplication(ctx, id)
}

// readUnits reads the data of units: of each, or up to the first that can be served,
// which says as much as all of them where only that counts.
func (c *Charm) readUnits(ctx context.Context, endpoint, id string, names []string, each bool) ([]state.UnitBag, error) {
	var units []state.UnitBag
	for _, name := range names {
		unit, err := twice(func() (state.Databag, error) { return c.Tools.UnitData(ctx, id, name) })
		if gone(err) {
			absent, err := c.absentOrDoubted(ctx, endpoint, id, name, err)
			if err != nil {
				return nil, unitError{err}
			}
			if absent {
				continue // The unit has left since; its siblings have not.
			}
		}
		if err != nil {
			return nil, err
		}
		if err := c.readAgain(ctx, id+" "+name); err != nil {
			return nil, err
		}
		number, err := strconv.Atoi(name[strings.LastIndexByte(name, '/')+1:])
		if err != nil {
			return nil, fmt.Errorf("cannot read unit name %q", name)
		}
		units = append(units, state.UnitBag{Number: number, Bag: unit})
		if _, err := ingress.ParseUnit(unit); err == nil && !each {
			return units[len(units)-1:], nil
		}
	}
	return units, nil
}

// unitError is a unit that is there and cannot be read, which says nothing about its
// relation: it is not for readEach to judge that by it.
type unitError struct{ error }
