package charm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// Juju may list a relation and deny reading it. There are two cases. The relation may exist, and
// the denial is temporary: to treat it as gone would withdraw what it serves. Or it is a ghost: it
// was removed by force from a controller that tells no agent so, and the unit agent lists it for as
// long as the agent lives.
//
// So the charm reads what is denied a second time, and then asks the controller what exists
// (goal-state). If the controller has the relation, it exists: the hook fails, and Juju retries it.
// If the controller does not have it, it is a ghost. If the controller cannot tell, the hook
// changes nothing and stores the denial. What is denied again later, at least minDenied after, is a
// ghost.

// errUndecided means that nobody can tell whether something exists.
var errUndecided = errors.New("neither the unit agent nor the controller can tell whether it is there")

const (
	// keyDenied is the key in the unit's stored state for undecided denials: what was denied, and
	// since when.
	keyDenied = "denied"
	// minDenied is the minimum duration of a denial that is not temporary.
	minDenied = time.Minute
)

// gone reports whether an error says that a relation, or something in it, does not exist or is not
// ours to see. That alone does not mean that it is gone, if Juju lists it: see absent.
func gone(err error) bool {
	if errors.Is(err, gocharm.ErrNotLeader) {
		return false // Juju may report that as "permission denied" too.
	}
	return errors.Is(err, gocharm.ErrNotFound) || errors.Is(err, gocharm.ErrRelationGone) || errors.Is(err, gocharm.ErrPermissionDenied)
}

// retryOnce reads a second time if Juju says that something which it lists does not exist.
func retryOnce[T any](read func() (T, error)) (T, error) {
	value, err := read()
	if gone(err) {
		value, err = read()
	}
	return value, err
}

// absent reports whether what was denied does not exist: a relation of the endpoint if unit is
// empty, else that unit of its other side. The error is the denial if it exists, and errUndecided
// if nobody can tell.
func (c *Charm) absent(ctx context.Context, endpoint, id, unit string, denied error) (bool, error) {
	listed, err := c.listed(ctx, endpoint, id)
	if err != nil || !listed {
		return !listed, err
	}
	goals, err := c.goals(ctx)
	if err != nil {
		return false, errors.Join(denied, err)
	}
	application, err := c.Tools.RelationApplication(ctx, id)
	if err != nil && !gone(err) {
		return false, err
	}
	has := goals.Relations[endpoint]
	_, hasApplication := has[application]
	_, hasUnit := has[unit]
	again := false
	if hasApplication && unit == "" {
		if again, err = c.sharesApplication(ctx, endpoint, id, application); err != nil {
			return false, err
		}
	}
	switch {
	case hasUnit, unit == "" && hasApplication && !again:
		return false, fmt.Errorf("%w, though the controller has it", denied)
	case unit != "" && hasApplication:
		return true, nil // The controller lists all units of an application of our model.
	case unit == "" && application != "" && !hasApplication && !isConsumer(application):
		unnamed, offers, err := c.countOffers(ctx, endpoint, has)
		switch {
		case err != nil:
			return false, err
		case offers == 0:
			return true, nil
		case unnamed <= offers:
			return false, fmt.Errorf("%w, though the controller has it", denied)
		}
	}
	return c.deniedForLong(ctx, strings.TrimSpace(id+" "+unit), denied)
}

// absentOrUndecided is absent for a hook that must find everything undecided in one pass, so that
// ghosts are not decided one after the other. What is undecided counts as absent for now, and the
// hook then changes nothing.
func (c *Charm) absentOrUndecided(ctx context.Context, endpoint, id, unit string, denied error) (bool, error) {
	absent, err := c.absent(ctx, endpoint, id, unit, denied)
	if c.noteUndecided(err) {
		return true, nil
	}
	return absent, err
}

// noteUndecided reports whether an error is errUndecided, and stores the first one.
func (c *Charm) noteUndecided(err error) bool {
	if !errors.Is(err, errUndecided) {
		return false
	}
	if c.learned.firstUndecided == nil {
		c.learned.firstUndecided = err
	}
	return true
}

// sharesApplication reports whether another relation of the endpoint has the same application. The
// controller's answer does not tell which of them it has.
func (c *Charm) sharesApplication(ctx context.Context, endpoint, id, application string) (bool, error) {
	ids, err := c.relationsWithBreaking(ctx, endpoint)
	if err != nil {
		return false, err
	}
	for _, other := range ids {
		if other == id {
			continue
		}
		name, err := c.Tools.RelationApplication(ctx, other)
		switch {
		case name == application:
			return err == nil, err
		case gone(err) && c.breaking(other):
			return true, nil // It may have the same application.
		case err != nil && !gone(err):
			return false, err
		}
	}
	return false, nil
}

// relationsWithBreaking lists an endpoint's relations, with the one that is breaking: the
// controller has it until every unit has left it.
func (c *Charm) relationsWithBreaking(ctx context.Context, endpoint string) ([]string, error) {
	ids, err := c.relations(ctx, endpoint)
	if err == nil && c.Event.Relation != nil && c.Event.Relation.Endpoint == endpoint && c.breaking(c.Event.Relation.ID) {
		ids = append(ids, c.Event.Relation.ID)
	}
	return ids, err
}

// breaking reports whether the event is relation-broken of that relation.
func (c *Charm) breaking(id string) bool {
	return c.Event.Kind == gocharm.RelationBroken && c.Event.Relation.ID == id
}

// isConsumer reports whether Juju made up an application's name, for a consumer of our offer. The
// controller's answer does not list those.
func isConsumer(application string) bool { return strings.HasPrefix(application, "remote-") }

// isOfferURL reports whether a name in the controller's answer is the URL of an offer. Any
// application of another model may be behind it: in our model it has a name that our operator
// chose.
func isOfferURL(name string) bool { return strings.Contains(name, ".") }

// countOffers counts the offers in the controller's answer for an endpoint, and the listed
// relations whose application the answer does not name. An offer may stand for any of those.
func (c *Charm) countOffers(ctx context.Context, endpoint string, has map[string]string) (unnamed, offers int, err error) {
	for name := range has {
		if isOfferURL(name) {
			offers++
		}
	}
	if offers == 0 {
		return 0, 0, nil
	}
	ids, err := c.relationsWithBreaking(ctx, endpoint)
	if err != nil {
		return 0, 0, err
	}
	for _, id := range ids {
		application, err := c.Tools.RelationApplication(ctx, id)
		if err != nil && !gone(err) {
			return 0, 0, err
		}
		if _, named := has[application]; !named {
			unnamed++
		}
	}
	return unnamed, offers, nil
}

// listed reports whether Juju lists a relation that is not breaking.
func (c *Charm) listed(ctx context.Context, endpoint, id string) (bool, error) {
	ids, err := c.relations(ctx, endpoint)
	return slices.Contains(ids, id), err
}

// unlessUnlisted returns the error of an operation on our side of a relation, unless the relation
// has gone meanwhile: then there is nothing left to do.
func (c *Charm) unlessUnlisted(ctx context.Context, endpoint, id string, err error) error {
	if !gone(err) {
		return err
	}
	listed, listErr := c.listed(ctx, endpoint, id)
	if listErr != nil || !listed {
		return listErr
	}
	return fmt.Errorf("%w, though the relation is listed", err)
}

// goals asks the controller what exists (goal-state), once in a hook.
func (c *Charm) goals(ctx context.Context) (gocharm.GoalState, error) {
	if c.learned.goals != nil {
		return *c.learned.goals, nil
	}
	goals, err := c.Tools.GoalState(ctx)
	if err == nil {
		c.learned.goals = &goals
	}
	return goals, err
}

// isSuspended reports whether a relation of the endpoint is suspended: Juju no longer lists it, but
// it exists.
func (c *Charm) isSuspended(ctx context.Context, endpoint string) (bool, error) {
	goals, err := c.goals(ctx)
	for _, status := range goals.Relations[endpoint] {
		if status == gocharm.Suspended {
			return true, err
		}
	}
	return false, err
}

// deniedForLong reports whether what is denied now was first denied in an earlier hook, at least
// minDenied ago.
func (c *Charm) deniedForLong(ctx context.Context, what string, denied error) (bool, error) {
	since, err := c.deniedSince(ctx)
	if err != nil {
		return false, err
	}
	first, known := since[what]
	if !known {
		c.learned.undecided = append(c.learned.undecided, what)
		return false, fmt.Errorf("%s: %w: %w", what, errUndecided, denied)
	}
	if c.Now.Sub(first) < minDenied {
		return false, fmt.Errorf("%s: %w: %w", what, errUndecided, denied)
	}
	return true, nil
}

// deniedSince returns what earlier hooks were denied and could not decide, each with the time of
// the first denial.
func (c *Charm) deniedSince(ctx context.Context) (map[string]time.Time, error) {
	stored, err := c.storedState(ctx)
	if err != nil {
		return nil, err
	}
	since := map[string]time.Time{}
	if text := stored[keyDenied]; text != "" && json.Unmarshal([]byte(text), &since) != nil {
		return map[string]time.Time{}, nil // Unreadable: it is written again.
	}
	return since, nil
}

// clearDenial removes the stored denial of something that can be read. A later denial counts from
// its own time.
func (c *Charm) clearDenial(ctx context.Context, what string) error {
	since, err := c.deniedSince(ctx)
	if err != nil || len(since) == 0 {
		return err
	}
	if _, was := since[what]; !was {
		return nil
	}
	delete(since, what)
	return c.storeDenied(ctx, since)
}

func (c *Charm) storeDenied(ctx context.Context, since map[string]time.Time) error {
	text, err := json.Marshal(since)
	if err != nil {
		return err
	}
	c.ledgers.stored[keyDenied] = string(text)
	return c.Tools.SetState(ctx, map[string]string{keyDenied: string(text)})
}

// endUndecided ends a hook that could not be decided. What is served stays as it is, and the next
// hook tries again.
func (c *Charm) endUndecided(ctx context.Context, undecided error) error {
	since, err := c.deniedSince(ctx)
	if err != nil {
		return err
	}
	for _, what := range c.learned.undecided {
		since[what] = c.Now.UTC().Truncate(time.Second)
	}
	if len(c.learned.undecided) > 0 {
		if err := c.storeDenied(ctx, since); err != nil {
			return err
		}
	}
	if c.ledgers.stored[keyLedger] != "" {
		// The events that do not trust the ledger do not come again. So no later hook may trust it
		// either.
		if err := c.Tools.DeleteState(ctx, keyLedger); err != nil {
			return err
		}
	}
	if c.brokenCertificates() {
		// The event does not come again: the next leader removes the secrets.
		if err := c.Tools.SetState(ctx, map[string]string{keyRemoveSecrets: "true"}); err != nil {
			return err
		}
	}
	if err := c.Tools.Log(ctx, gocharm.LevelWarning, "Nothing is changed: "+commandless(undecided)); err != nil {
		return fmt.Errorf("cannot log: %w", err)
	}
	return c.setStatus(ctx, plan.Undecided())
}

// brokenCertificates reports whether the event is relation-broken of a certificates relation.
func (c *Charm) brokenCertificates() bool {
	return c.Event.Kind == gocharm.RelationBroken && c.Event.Relation.Endpoint == endpointCertificates
}
