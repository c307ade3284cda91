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

// A relation that Juju lists and does not let us read is one of two things. It may be
// there, and the denial passes: to take it for gone would withdraw what it serves. Or it
// is a ghost: removed by force, from a controller that tells no agent so, and the unit
// agent lists it for as long as it lives. So what is denied is asked for twice, and then
// the controller is asked what there is. What it has is there: the hook fails, and Juju
// repeats it. What it has not is a ghost. Where it cannot say, the hook changes nothing
// and remembers; who is denied again a while later is a ghost.

// errUndecided says that nobody can tell whether something is there.
var errUndecided = errors.New("neither the unit agent nor the controller can tell whether it is there")

const (
	// keyDenied is where the unit's stored state has what is undecided: since when, by
	// what was denied.
	keyDenied = "denied"
	// minDenied is how long a denial lasts at least that is no passing one.
	minDenied = time.Minute
)

// gone reports whether a relation, or something of it, is not there any more, or not ours to
// see. What Juju lists is not gone because of that: see absent.
func gone(err error) bool {
	if errors.Is(err, gocharm.ErrNotLeader) {
		return false // Juju may call that a denied permission too.
	}
	return errors.Is(err, gocharm.ErrNotFound) || errors.Is(err, gocharm.ErrRelationGone) || errors.Is(err, gocharm.ErrPermissionDenied)
}

// twice reads once more where Juju says that what it lists is not there.
func twice[T any](read func() (T, error)) (T, error) {
	value, err := read()
	if gone(err) {
		value, err = read()
	}
	return value, err
}

// absent reports whether what was denied is not there: an endpoint's relation if unit is
// empty, else that unit of its other side. Its error is the denial where it is there, and
// errUndecided where nobody can tell.
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
		if again, err = c.relatedAgain(ctx, endpoint, id, application); err != nil {
			return false, err
		}
	}
	switch {
	case hasUnit, unit == "" && hasApplication && !again:
		return false, fmt.Errorf("%w, though the controller has it", denied)
	case unit != "" && hasApplication:
		return true, nil // Of an application of our model the units are told.
	case unit == "" && application != "" && !hasApplication && !isUser(application):
		unnamed, offers, err := c.ofOffers(ctx, endpoint, has)
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

// absentOrDoubted is absent for a hook that is to find everything that is undecided, not to begin to
// doubt the next ghost when it has done with the first: it counts that as absent for now, and
// remembers that the hook must change nothing.
func (c *Charm) absentOrDoubted(ctx context.Context, endpoint, id, unit string, denied error) (bool, error) {
	absent, err := c.absent(ctx, endpoint, id, unit, denied)
	if c.doubted(err) {
		return true, nil
	}
	return absent, err
}

// doubted reports whether an error says that nobody can tell whether something is there, and remembers
// the first.
func (c *Charm) doubted(err error) bool {
	if !errors.Is(err, errUndecided) {
		return false
	}
	if c.learned.doubt == nil {
		c.learned.doubt = err
	}
	return true
}

// relatedAgain says that there is another relation of the endpoint with the same application:
// which of them the controller has, its answer does not tell.
func (c *Charm) relatedAgain(ctx context.Context, endpoint, id, application string) (bool, error) {
	ids, err := c.withBreaking(ctx, endpoint)
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
			return true, nil // It may be the same.
		case err != nil && !gone(err):
			return false, err
		}
	}
	return false, nil
}

// withBreaking lists an endpoint's relations, and the one that is breaking: the controller
// has it until every unit has left it.
func (c *Charm) withBreaking(ctx context.Context, endpoint string) ([]string, error) {
	ids, err := c.relations(ctx, endpoint)
	if err == nil && c.Event.Relation != nil && c.Event.Relation.Endpoint == endpoint && c.breaking(c.Event.Relation.ID) {
		ids = append(ids, c.Event.Relation.ID)
	}
	return ids, err
}

// breaking reports whether the event is the end of a relation.
func (c *Charm) breaking(id string) bool {
	return c.Event.Kind == gocharm.RelationBroken && c.Event.Relation.ID == id
}

// isUser reports whether an application's name is Juju's for a user of an offer of ours, of
// which the controller's answer does not tell.
func isUser(application string) bool { return strings.HasPrefix(application, "remote-") }

// isOffer reports whether a name in the controller's answer is the URL of an offer, behind
// which any application of another model may be: here it goes by a name of our choosing.
func isOffer(name string) bool { return strings.Contains(name, ".") }

// ofOffers counts the offers in the controller's answer for an endpoint, and the relations
// listed of which it does not name the application: those that an offer may stand for.
func (c *Charm) ofOffers(ctx context.Context, endpoint string, has map[string]string) (unnamed, offers int, err error) {
	for name := range has {
		if isOffer(name) {
			offers++
		}
	}
	if offers == 0 {
		return 0, 0, nil
	}
	ids, err := c.withBreaking(ctx, endpoint)
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

// listed says that Juju lists a relation which is not breaking.
func (c *Charm) listed(ctx context.Context, endpoint, id string) (bool, error) {
	ids, err := c.relations(ctx, endpoint)
	return slices.Contains(ids, id), err
}

// unlessUnlisted returns the error of what we did with our side of a relation, unless the
// relation has gone meanwhile, which took the matter with it.
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

// goals asks what the controller has, once in a hook.
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

// isSuspended says that a relation of the endpoint is suspended, so that Juju lists it no
// more, and is still there.
func (c *Charm) isSuspended(ctx context.Context, endpoint string) (bool, error) {
	goals, err := c.goals(ctx)
	for _, status := range goals.Relations[endpoint] {
		if status == gocharm.Suspended {
			return true, err
		}
	}
	return false, err
}

// deniedForLong reports whether what is denied now was denied a while ago already, in
// another hook.
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

// deniedSince is what earlier hooks were denied and could not decide about.
func (c *Charm) deniedSince(ctx context.Context) (map[string]time.Time, error) {
	stored, err := c.storedState(ctx)
	if err != nil {
		return nil, err
	}
	since := map[string]time.Time{}
	if text := stored[keyDenied]; text != "" && json.Unmarshal([]byte(text), &since) != nil {
		return map[string]time.Time{}, nil // Not ours: it is written anew.
	}
	return since, nil
}

// readAgain forgets denials of what can be read. The next one counts from its own time.
func (c *Charm) readAgain(ctx context.Context, what string) error {
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

// hold ends a hook that could not be decided. What is served stays as it is, and the next
// hook looks again.
func (c *Charm) hold(ctx context.Context, undecided error) error {
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
	if c.ledgers.stored[ledgerKey] != "" {
		// Nor does one after which the ledger is not to be trusted.
		if err := c.Tools.DeleteState(ctx, ledgerKey); err != nil {
			return err
		}
	}
	if c.brokenCertificates() {
		// The event does not come again: whoever leads next removes the secrets.
		if err := c.Tools.SetState(ctx, map[string]string{keyForget: "true"}); err != nil {
			return err
		}
	}
	if err := c.Tools.Log(ctx, gocharm.LevelWarning, "Nothing is changed: "+commandless(undecided)); err != nil {
		return fmt.Errorf("cannot log: %w", err)
	}
	return c.setStatus(ctx, plan.Undecided())
}

// brokenCertificates reports whether the event is the end of a certificates relation.
func (c *Charm) brokenCertificates() bool {
	return c.Event.Kind == gocharm.RelationBroken && c.Event.Relation.Endpoint == endpointCertificates
}
