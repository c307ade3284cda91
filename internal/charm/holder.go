package charm

import (
	"context"
	"errors"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Who an application is, by what Juju says, and what it has been told, by what stands in
// our side of its relation. What it writes itself counts for neither.

// whose says where an application is: in our model, in another, or neither where Juju
// cannot tell. A relation has the same other side as long as it lasts, so it is asked
// once. Before Juju 3.6 its goal state has an application of our model by its name, and
// one of another model not.
func (c *Charm) whose(ctx context.Context, endpoint, id string, number int, application, model string) (local, foreign bool, err error) {
	local, foreign = slices.Contains(c.ledgers.trusted.Ours, number), slices.Contains(c.ledgers.trusted.Theirs, number)
	if !local && !foreign {
		if local, foreign, err = c.askWhose(ctx, endpoint, id, application, model); err != nil {
			return false, false, err
		}
	}
	switch written := c.ledgers.written; { // It may be read twice.
	case local && !slices.Contains(written.Ours, number):
		written.Ours = append(written.Ours, number)
	case foreign && !slices.Contains(written.Theirs, number):
		written.Theirs = append(written.Theirs, number)
	}
	return local, foreign, nil
}

func (c *Charm) askWhose(ctx context.Context, endpoint, id, application, model string) (local, foreign bool, err error) {
	if !c.learned.modelsUnknown {
		uuid, err := c.Tools.RelationModelUUID(ctx, id)
		switch {
		case err == nil:
			c.learned.noteModel(id, uuid)
			return uuid != "" && uuid == c.Event.ModelUUID, uuid != "" && uuid != c.Event.ModelUUID, nil
		case !errors.Is(err, gocharm.ErrUnsupported):
			return false, false, err
		}
		c.learned.modelsUnknown = true
	}
	if model == "" || model == c.Event.Model || isUser(application) {
		return false, false, nil // The name alone settles it.
	}
	goals, err := c.goals(ctx)
	if err != nil {
		return false, false, err
	}
	has := goals.Relations[endpoint]
	if _, local = has[application]; local {
		return true, false, nil
	}
	for name := range has {
		foreign = foreign || isOffer(name)
	}
	return false, foreign, nil
}

// toldPlace returns the place that an application on gateway has been told, as the ledger
// has it.
func (c *Charm) toldPlace(ctx context.Context, id string, number int) (string, error) {
	return c.told(ctx, id, number, func(bag state.Databag) (string, error) {
		url, err := ingress.ParseURL(bag)
		if err != nil {
			return "", nil // Not ours, and no promise of ours.
		}
		return placeSum(state.PlaceOfURL(url))
	})
}

// toldOfGateway says that an application on gateway-route has been told of the Gateway.
func (c *Charm) toldOfGateway(ctx context.Context, id string, number int) (bool, error) {
	what, err := c.told(ctx, id, number, func(bag state.Databag) (string, error) {
		for _, value := range bag {
			if value != "" {
				return "yes", nil
			}
		}
		return "", nil
	})
	return what != "", err
}

// told returns what the ledger has of what a relation has been told. If it has nothing, our
// side is read and made into that; publish then needs not read it again.
func (c *Charm) told(ctx context.Context, id string, number int, read func(state.Databag) (string, error)) (string, error) {
	what, known := c.ledgers.trusted.Told[number]
	if !known {
		bag, err := c.ownBag(ctx, id)
		if err != nil {
			return "", err
		}
		if what, err = read(bag); err != nil {
			return "", err
		}
	}
	c.ledgers.written.Told[number] = what
	return what, nil
}

// ownBag reads our side of a relation, once in a hook.
func (c *Charm) ownBag(ctx context.Context, id string) (state.Databag, error) {
	if bag, ok := c.ledgers.bags[id]; ok {
		return bag, nil
	}
	bag, err := c.ownData(ctx, id)
	if err == nil {
		c.ledgers.bags[id] = bag
	}
	return bag, err
}

// placeSum stands for a place in the ledger. An application chooses its place: it must not
// be able to find another of the same sum.
func placeSum(place string) (string, error) {
	if place == "" {
		return "", nil
	}
	return digest(state.Databag{"place": place})
}

// holdsOne says that what was told is one of the places.
func holdsOne(told string, places []string) (bool, error) {
	for _, place := range places {
		sum, err := placeSum(place)
		if err != nil || sum == told {
			return err == nil, err
		}
	}
	return false, nil
}
