package charm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
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
	if parseErr != nil {
		return state.NewRequirer(number, application, request, nil), nil // whatever its units say
	}
	foreign, err := c.isForeign(ctx, id, number, app.Model)
	if err != nil {
		return state.Requirer{}, err
	}
	// Kubernetes itself finds the pods of an application of our model.
	each := foreign || app.Model != c.Event.Model || app.Scheme == ingress.HTTPS
	units, err := c.readUnits(ctx, endpointGateway, id, names, each)
	if err != nil {
		return state.Requirer{}, err
	}
	requirer := state.NewRequirer(number, application, request, units)
	requirer.Foreign = foreign
	return requirer, nil
}

// applicationOf gives the application on the other side of a relation, which Juju's
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
			absent, err := c.absent(ctx, endpoint, id, name, err)
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

// isForeign says that an application which calls its model by the name of ours is of
// another model of that name. Who else it may be cannot be told by its name: where its
// endpoint was offered to us, that is of our model's choosing. Juju before 3.6 does not
// say: such an application then counts as one of ours, and is not served if it has
// another name here than there.
func (c *Charm) isForeign(ctx context.Context, id string, number int, model string) (bool, error) {
	if model != c.Event.Model || c.desk.modelsUnknown {
		return false, nil
	}
	if !slices.Contains(c.desk.trusted.Ours, number) {
		uuid, err := c.Tools.RelationModelUUID(ctx, id)
		switch {
		case errors.Is(err, gocharm.ErrUnsupported):
			c.desk.modelsUnknown = true
			return false, nil
		case err != nil:
			return false, err
		case uuid != c.Event.ModelUUID:
			return uuid != "", nil
		}
	}
	if !slices.Contains(c.desk.written.Ours, number) { // It may be read twice.
		c.desk.written.Ours = append(c.desk.written.Ours, number)
	}
	return false, nil
}

// unitError is a unit that is there and cannot be read, which says nothing about its
// relation: it is not for readEach to judge that by it.
type unitError struct{ error }

// Is has it told apart from others only in that nobody can tell whether the unit is there.
func (e unitError) Is(target error) bool { return target == errUndecided && errors.Is(e.error, target) }
