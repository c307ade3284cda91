package charm

import (
	"context"
	"errors"
	"fmt"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// showStatus sets the status of the leader's unit and of the application. Both are set
// in every hook, changed or not: to read one first is a call as well, and Juju itself
// changes them now and then (around stop), and keeps what a former leader has set.
func (c *Charm) showStatus(ctx context.Context, status plan.Status) error {
	if err := c.setStatus(ctx, status); err != nil {
		return err
	}
	if err := c.Tools.SetApplicationStatus(ctx, asJujuHasIt(status)); err != nil {
		return fmt.Errorf("cannot set the application's status: %w", err)
	}
	return nil
}

// setStatus sets the unit's status.
func (c *Charm) setStatus(ctx context.Context, status plan.Status) error {
	if err := c.Tools.SetStatus(ctx, asJujuHasIt(status)); err != nil {
		return fmt.Errorf("cannot set the status: %w", err)
	}
	return nil
}

// showFailure takes back what the application shows when the leader's hook fails. Of
// the unit Juju says by itself that it is in error; of an application that once had a
// status of its own it goes on showing that. What is set here is set at once, and is
// not undone by the failure. Units that do not lead have no say in it, nor has one
// that leads no longer: the next leader has an event of its own.
func (c *Charm) showFailure(ctx context.Context, failure error) error {
	leader, err := c.Tools.IsLeader(ctx)
	if err != nil || !leader {
		return nil // Why the hook fails is told already.
	}
	err = c.Tools.SetApplicationStatus(ctx, asJujuHasIt(plan.Failed(failure)))
	if err != nil && !errors.Is(err, gocharm.ErrNotLeader) {
		return fmt.Errorf("cannot set the application's status: %w", err)
	}
	return nil
}

func asJujuHasIt(status plan.Status) gocharm.Status {
	kinds := map[plan.Kind]gocharm.StatusKind{
		plan.Active:  gocharm.Active,
		plan.Waiting: gocharm.Waiting,
		plan.Blocked: gocharm.Blocked,
	}
	return gocharm.Status{Kind: kinds[status.Kind], Message: status.Message}
}
