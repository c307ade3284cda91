package charm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/kube"
	"github.com/canonical/gateway-api-integrator/internal/plan"
)

// A change of a route's backends may take several stages (see plan's object_stages.go). A route
// that does not lead to all its Services yet is written again in the same hook, because the next
// hook may be minutes away. The proxies get a change a little later than the controller judges it:
// Cilium's agents gather changes for 100 ms, and Envoy then asks for the endpoints.
const (
	// proxyDelay is how long proxies have to apply what the controller has judged.
	proxyDelay = time.Second
	// stageWait is the minimum time for which a hook waits until such a route is judged. If that
	// takes longer, the next event writes the next stage.
	stageWait = 2 * time.Second
)

// leastWait returns the minimum time for which a hook waits until a plan is judged.
func leastWait(p plan.Plan) time.Duration {
	if len(p.Unready) > 0 {
		return stageWait
	}
	return 0
}

// writeNextStage writes the next stage of the routes of an applied plan, now that they are judged,
// and waits until they are judged again.
func (c *Charm) writeNextStage(ctx context.Context, r *run, applied plan.Plan) error {
	next := plan.Make(r.state)
	routes := slices.DeleteFunc(objectsOf(next), func(object kube.Object) bool {
		name := object.GetName()
		return object.GetObjectKind().GroupVersionKind().Kind != "HTTPRoute" || !slices.Contains(applied.Unready, name) || slices.Contains(next.Unready, name)
	})
	if len(routes) == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("cannot go on: %w", ctx.Err())
	case <-time.After(proxyDelay):
	}
	if err := c.stillLead(ctx, r); err != nil {
		return err
	}
	changes, err := r.cluster.Rewrite(ctx, r.snapshot, routes)
	r.changes = append(r.changes, changes...)
	refused, err := kube.Refusals(err)
	if err != nil {
		return fmt.Errorf("cannot apply: %w", err)
	}
	if err := errors.Join(c.logRefusals(ctx, refused), c.logObjects(ctx, changes, nil)); err != nil {
		return err
	}
	return c.await(ctx, r, changes, 0)
}
