package charm

import (
	"context"
	"fmt"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// setStatus sets the unit's status in every hook, changed or not: reading it first would be a call
// too, and Juju itself changes it at times (around stop). The charm sets no status of the
// application: Juju shows the worst status of its units, a failed hook included. A status that a
// charm once set would stay for ever, even after a refresh to another charm.
func (c *Charm) setStatus(ctx context.Context, status plan.Status) error {
	if err := c.Tools.SetStatus(ctx, jujuStatus(status)); err != nil {
		return fmt.Errorf("cannot set the status: %w", err)
	}
	return nil
}

func jujuStatus(status plan.Status) gocharm.Status {
	kinds := map[plan.Kind]gocharm.StatusKind{
		plan.Active:  gocharm.Active,
		plan.Waiting: gocharm.Waiting,
		plan.Blocked: gocharm.Blocked,
	}
	return gocharm.Status{Kind: kinds[status.Kind], Message: status.Message}
}
