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

// A route that does not lead yet to all that it is to lead to goes on in the same hook: the
// next one may be minutes away. What the controller has judged its proxies get a little later:
// Cilium's agents gather changes for 100 ms, and Envoy then asks for the endpoints.
const (
	// readyTime is what proxies have to get ready for what has been judged.
	readyTime = time.Second
	// stagePatience is how long a hook waits at least until such a route is judged. Where that
	// takes longer the next event goes on.
	stagePatience = 2 * time.Second
)

// leastPatience is how long a hook waits at least for a plan to be judged.
func leastPatience(p plan.Plan) time.Duration {
	if len(p.Unready) > 0 {
		return stagePatience
	}
	return 0
}

// goOn writes the routes of a plan that was applied as they go on, now that they are judged,
// and waits until they are judged once more.
func (c *Charm) goOn(ctx context.Context, r *run, applied plan.Plan) error {
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
	case <-time.After(readyTime):
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
