package charm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/kube"
)

// How long a hook waits for the Gateway's controller to judge what it has written. Mostly
// that takes less than a second, and the status then tells what came of it; without the
// wait it would say Waiting until the next event, minutes later. But hooks come one after
// the other: where a hundred applications are deployed at once, each would wait. So the
// time is taken from an allowance, which fills up slowly, and is kept in the unit's stored
// state.
const (
	// maxPatience is what the allowance holds, and thus how long one hook waits at most, save for
	// a route that goes on in it (stages.go).
	maxPatience = 3 * time.Second
	// patienceGrows is how long it takes for the allowance to grow by a second.
	patienceGrows = 20 * time.Second
	// minPatience is what a wait needs to be of use, and minSpent what is worth a write
	// to the stored state.
	minPatience = 500 * time.Millisecond
	minSpent    = 50 * time.Millisecond
)

// patienceKey is where the allowance stands in the unit's stored state, as "TIME LEFT",
// such as "2026-11-27T12:00:00Z 1.5s".
const patienceKey = "patience"

// patience returns how long this hook may wait, by what the last one that waited has left.
// What cannot be read counts as a full allowance.
func patience(stored string, now time.Time) time.Duration {
	written, text, _ := strings.Cut(stored, " ")
	at, timeErr := time.Parse(time.RFC3339, written)
	left, err := time.ParseDuration(text)
	if timeErr != nil || err != nil || at.After(now) {
		return maxPatience
	}
	return min(maxPatience, max(0, left)+now.Sub(at)/time.Duration(patienceGrows/time.Second))
}

// await waits until what was written is judged, as far as the allowance goes, or for as long
// as it takes at least.
func (c *Charm) await(ctx context.Context, r *run, changes []kube.Change, least time.Duration) error {
	written := slices.ContainsFunc(changes, func(change kube.Change) bool { return change.Action != kube.Deleted })
	stored, err := c.storedState(ctx)
	if err != nil || !written {
		return err
	}
	left := patience(stored[patienceKey], c.Now)
	limit := max(left, least)
	if limit < minPatience {
		return nil
	}
	began := time.Now()
	r.cluster.Await(ctx, r.snapshot, changes, limit)
	spent := time.Since(began)
	if spent < minSpent {
		return nil
	}
	entry := fmt.Sprintf("%s %s", c.Now.Add(spent).UTC().Format(time.RFC3339), (left - spent).Round(time.Millisecond))
	if err := c.Tools.SetState(ctx, map[string]string{patienceKey: entry}); err != nil {
		return fmt.Errorf("cannot store how long was waited: %w", err)
	}
	return nil
}
