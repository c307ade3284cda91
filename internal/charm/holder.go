package charm

import (
	"context"
	"errors"
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// What identifies an application is what Juju says about it. What it has been told is what our side
// of its relation holds. What the application itself writes counts for neither.

// localOrForeign returns whether an application is in our model (local) or in another one
// (foreign). Neither is set if Juju cannot tell. A relation keeps the same other side for as long
// as it lasts, so Juju is asked once. Before Juju 3.6 the charm looks at goal-state: it lists an
// application of our model by its name, and does not list one of another model so.
func (c *Charm) localOrForeign(ctx context.Context, endpoint, id string, number int, application, model string) (local, foreign bool, err error) {
	local, foreign = slices.Contains(c.ledgers.trusted.Ours, number), slices.Contains(c.ledgers.trusted.Theirs, number)
	if !local && !foreign {
		if local, foreign, err = c.askLocalOrForeign(ctx, endpoint, id, application, model); err != nil {
			return false, false, err
		}
	}
	switch written := c.ledgers.written; { // The relation may be read twice.
	case local && !slices.Contains(written.Ours, number):
		written.Ours = append(written.Ours, number)
	case foreign && !slices.Contains(written.Theirs, number):
		written.Theirs = append(written.Theirs, number)
	}
	return local, foreign, nil
}

func (c *Charm) askLocalOrForeign(ctx context.Context, endpoint, id, application, model string) (local, foreign bool, err error) {
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
	if model == "" || model == c.Event.Model || isConsumer(application) {
		return false, false, nil // The name alone is enough.
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
		foreign = foreign || isOfferURL(name)
	}
	return false, foreign, nil
}

// publishedPlace returns the digest of the place that our side of a relation on gateway tells the
// application. It comes from the ledger, if it is there.
func (c *Charm) publishedPlace(ctx context.Context, id string, number int) (string, error) {
	return c.published(ctx, id, number, func(bag state.Databag) (string, error) {
		url, err := ingress.ParseURL(bag)
		if err != nil {
			return "", nil // Not written by us.
		}
		return placeDigest(state.PlaceOfURL(url))
	})
}

// hasPublishedGateway reports whether an application on gateway-route has been told about the
// Gateway.
func (c *Charm) hasPublishedGateway(ctx context.Context, id string, number int) (bool, error) {
	what, err := c.published(ctx, id, number, func(bag state.Databag) (string, error) {
		for _, value := range bag {
			if value != "" {
				return "yes", nil
			}
		}
		return "", nil
	})
	return what != "", err
}

// published returns what the ledger says about our side of a relation. If it says nothing, our side
// is read, and read derives it; publish then need not read it again.
func (c *Charm) published(ctx context.Context, id string, number int, read func(state.Databag) (string, error)) (string, error) {
	what, known := c.ledgers.trusted.Published[number]
	if !known {
		bag, err := c.ownBag(ctx, id)
		if err != nil {
			return "", err
		}
		if what, err = read(bag); err != nil {
			return "", err
		}
	}
	c.ledgers.written.Published[number] = what
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

// placeDigest returns the digest of a place for the ledger. An application chooses its place, so it
// must not be able to find another place with the same digest.
func placeDigest(place string) (string, error) {
	if place == "" {
		return "", nil
	}
	return digest(state.Databag{"place": place})
}

// isOneOf reports whether a published place is one of the places.
func isOneOf(published string, places []string) (bool, error) {
	for _, place := range places {
		digest, err := placeDigest(place)
		if err != nil || digest == published {
			return err == nil, err
		}
	}
	return false, nil
}
