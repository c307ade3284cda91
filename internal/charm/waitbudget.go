package charm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/kube"
)

// How long a hook waits for the Gateway's controller to judge what was written. Usually that takes
// less than a second, and the status can then tell the result. Without the wait it would say
// Waiting until the next event, minutes later. But hooks run one after the other: if a hundred
// applications are deployed at once, each hook would wait. So the time comes from a budget that
// refills slowly and is kept in the unit's stored state.
const (
	// maxWaitBudget is the full budget, and thus the longest wait of one hook, except for a route
	// that has another stage (stages.go).
	maxWaitBudget = 3 * time.Second
	// waitBudgetRefill is how long it takes for the budget to grow by a second.
	waitBudgetRefill = 20 * time.Second
	// minWait is the shortest wait that is of use. minWaited is the shortest wait that is worth a
	// write to the stored state.
	minWait   = 500 * time.Millisecond
	minWaited = 50 * time.Millisecond
)

// keyWaitBudget is the key in the unit's stored state for what is left of the budget, as "TIME
// LEFT", such as "2026-11-27T12:00:00Z 1.5s".
const keyWaitBudget = "patience"

// await waits until the controller has judged what was written. The limit is the budget or, if that
// is longer, least.
func (c *Charm) await(ctx context.Context, r *run, changes []kube.Change, least time.Duration) error {
	written := slices.ContainsFunc(changes, func(change kube.Change) bool { return change.Action != kube.Deleted })
	stored, err := c.storedState(ctx)
	if err != nil || !written {
		return err
	}
	left := waitBudget(stored[keyWaitBudget], c.Now)
	limit := max(left, least)
	if limit < minWait {
		return nil
	}
	began := time.Now()
	r.cluster.Await(ctx, r.snapshot, changes, limit)
	spent := time.Since(began)
	if spent < minWaited {
		return nil
	}
	entry := fmt.Sprintf("%s %s", c.Now.Add(spent).UTC().Format(time.RFC3339), (left - spent).Round(time.Millisecond))
	if err := c.Tools.SetState(ctx, map[string]string{keyWaitBudget: entry}); err != nil {
		return fmt.Errorf("cannot store how long was waited: %w", err)
	}
	return nil
}

// waitBudget returns how long this hook may wait, from what the last hook that waited has left.
// What cannot be parsed counts as a full budget.
func waitBudget(stored string, now time.Time) time.Duration {
	written, text, _ := strings.Cut(stored, " ")
	at, timeErr := time.Parse(time.RFC3339, written)
	left, err := time.ParseDuration(text)
	if timeErr != nil || err != nil || at.After(now) {
		return maxWaitBudget
	}
	return min(maxWaitBudget, max(0, left)+now.Sub(at)/time.Duration(waitBudgetRefill/time.Second))
}
