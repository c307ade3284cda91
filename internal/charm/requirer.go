package charm

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// readRequirer reads what an application on gateway wrote, in as few calls as possible: there may
// be a thousand applications, and every hook reads each of them.
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
	local, foreign, err := c.localOrForeign(ctx, endpointGateway, id, number, application, app.Model)
	if err != nil {
		return state.Requirer{}, err
	}
	published, err := c.publishedPlace(ctx, id, number)
	if err != nil {
		return state.Requirer{}, err
	}
	var units []state.UnitBag
	if parseErr == nil { // Otherwise the units do not matter.
		// Kubernetes itself finds the pods of an application of our own model.
		each := foreign || app.Model != c.Event.Model || app.Scheme == ingress.HTTPS
		if units, err = c.readUnits(ctx, endpointGateway, id, names, each); err != nil {
			return state.Requirer{}, err
		}
	}
	requirer := state.NewRequirer(number, application, request, units)
	requirer.Local, requirer.Foreign = local, foreign
	if published != "" && requirer.Name != "" {
		requirer.Holds, err = isOneOf(published, requirer.Places())
	}
	return requirer, err
}

// applicationOf returns the application on the other side of a relation. Names of units begin with
// it.
func (c *Charm) applicationOf(ctx context.Context, id string, units []string) (string, error) {
	if len(units) > 0 {
		if application, _, found := strings.Cut(units[0], "/"); found {
			return application, nil
		}
	}
	return c.Tools.RelationApplication(ctx, id)
}

// readUnits reads the data of units: of each if each is set, else up to the first that can be
// served. If the number of units does not matter, that one is enough.
func (c *Charm) readUnits(ctx context.Context, endpoint, id string, names []string, each bool) ([]state.UnitBag, error) {
	var units []state.UnitBag
	for _, name := range names {
		unit, err := retryOnce(func() (state.Databag, error) { return c.Tools.UnitData(ctx, id, name) })
		if gone(err) {
			absent, err := c.absentOrUndecided(ctx, endpoint, id, name, err)
			if err != nil {
				return nil, unitError{err}
			}
			if absent {
				continue // The unit has left since it was listed. The others have not.
			}
		}
		if err != nil {
			return nil, err
		}
		if err := c.clearDenial(ctx, id+" "+name); err != nil {
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

// unitError is the error of a unit that exists and cannot be read. It says nothing about the
// relation, so readEach must not treat the relation as gone.
type unitError struct{ error }
