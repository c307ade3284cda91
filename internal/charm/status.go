package charm

import (
	"context"
	"fmt"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// setStatus sets the unit's status, in every hook, changed or not: to read it first is a
// call as well, and Juju itself changes it now and then (around stop). The application has
// no status of its own: Juju shows the gravest of its units', a failed hook's among them,
// and would go on showing what a charm once set for ever, whoever comes after.
func (c *Charm) setStatus(ctx context.Context, status plan.Status) error {
	if err := c.Tools.SetStatus(ctx, asJujuHasIt(status)); err != nil {
		return fmt.Errorf("cannot set the status: %w", err)
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
