package charm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// greedy has an application on gateway-route name so many hosts, which have never been named.
func (w *world) greedy(hook, count int) {
	var names []string
	for i := range count {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("h%d-%d.example.net", hook, i)))
	}
	w.bags["gateway-route:3"]["routes"] = map[string]string{
		"hostname": names[0], "additional_hostnames": "[" + strings.Join(names[1:], ",") + "]",
	}
	w.run(updateStatus())
}

// asked counts the requests that stand in our databag, and remembers those it has not seen.
func (w *world) asked(seen map[string]bool) (now int) {
	text := w.bags["certificates:2"][own]["certificate_signing_requests"]
	for part := range strings.SplitSeq(text, "-----BEGIN CERTIFICATE REQUEST-----") {
		if csr, _, found := strings.Cut(part, "-----END"); found {
			seen[csr] = true
			now++
		}
	}
	return now
}

// greedyWorld is one with an authority that issues nothing, and an application with routes of its own.
func greedyWorld(t *testing.T) *world {
	t.Helper()
	w := serving(t)
	w.withRoutes()
	w.withAuthority()
	w.run(updateStatus())
	return w
}

// TestHooksCountRequests: the count of requests outlasts the hook, for an hour and no longer. It
// costs no call if nothing changes.
func TestHooksCountRequests(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	seen := map[string]bool{}
	w.asked(seen)
	before := len(seen)
	for hook := range 5 {
		w.greedy(hook, 30)
		w.asked(seen)
	}
	if got := len(seen) - before; got != 16 {
		t.Errorf("%d requests are made in five hooks", got)
	}
	w.quiet()
	w.run(updateStatus())
	if slices.Contains(w.calls, "state-set") {
		t.Errorf("a hook that changes nothing stores something: %q", w.calls)
	}
	w.later += 59 * time.Minute
	w.greedy(5, 30)
	if w.asked(seen); len(seen)-before != 16 {
		t.Errorf("%d requests are made within an hour", len(seen)-before)
	}
	w.later += 2 * time.Minute
	w.run(updateStatus())
	if w.asked(seen); len(seen)-before != 16+8 {
		t.Errorf("%d requests are made when the hour is over", len(seen)-before)
	}
}

// TestAnotherLeaderCountsAnew: for a unit that takes over leadership, existing requests are not
// new, and the limit applies to the next names.
func TestAnotherLeaderCountsAnew(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	seen := map[string]bool{}
	for hook := range 5 {
		w.greedy(hook, 30)
		w.asked(seen)
	}
	before := len(seen)
	clear(w.state)
	w.run(gocharm.Event{Kind: gocharm.LeaderElected})
	w.asked(seen)
	for hook := range 5 {
		w.greedy(10+hook, 30)
		w.asked(seen)
	}
	// Its eight hosts of now had no request, and are taken for known ones.
	if got := len(seen) - before; got != 8+16 {
		t.Errorf("%d requests are made under another leader", got)
	}
}

// TestAHookThatFailsDoesNotCountTwice: Juju repeats the hook, with the state that was stored before
// it or, if Juju 4.0 has failed between state and relations, after it.
func TestAHookThatFailsDoesNotCountTwice(t *testing.T) {
	t.Parallel()
	for name, storedFirst := range map[string]bool{"nothing is stored": false, "the state is stored": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greedyWorld(t)
			for hook := range 4 {
				// Stored by a hook whose requests were not written.
				stored := map[string]string{}
				bags := w.bags["certificates:2"][own]
				before := map[string]string{}
				for key, value := range w.state {
					before[key] = value
				}
				w.greedy(hook, 4)
				for key, value := range w.state {
					stored[key] = value
				}
				if w.bags["certificates:2"][own] = bags; storedFirst {
					w.state = stored
				} else {
					w.state = before
				}
				w.run(updateStatus())
			}
			seen := map[string]bool{}
			if got := w.asked(seen); got != 1+4 {
				t.Errorf("%d requests stand there for shop's host and four others, the last of 16", got)
			}
		})
	}
}
