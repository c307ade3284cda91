package charm

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
)

func TestWaitBudget(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for stored, want := range map[string]time.Duration{
		"":                              maxWaitBudget, // nobody has waited yet
		"2026-11-27T12:00:00Z 1s":       time.Second,
		"2026-11-27T11:59:40Z 1s":       2 * time.Second,
		"2026-11-27T11:59:50Z -300ms":   500 * time.Millisecond, // the last wait took longer than it had
		"2026-11-27T11:00:00Z 0s":       maxWaitBudget,
		"2026-11-27T12:00:01Z 0s":       maxWaitBudget, // the clock was ahead then
		"2026-11-27T12:00:00Z a while":  maxWaitBudget,
		"2026-11-27T12:00:00Z":          maxWaitBudget,
		"2026-11-27T12:00:00Z 1s and 2": maxWaitBudget,
	} {
		if got := waitBudget(stored, now); got != want {
			t.Errorf("%q: %v, want %v", stored, got, want)
		}
	}
}

// A hundred hooks in a row, each of which would wait for half a second, must not take more than a
// tenth longer because of it.
func TestWaitBudgetInABurst(t *testing.T) {
	t.Parallel()
	const hook, wait, hooks = 500 * time.Millisecond, 500 * time.Millisecond, 300
	at, stored, waited := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), "", time.Duration(0)
	for range hooks {
		if left := waitBudget(stored, at); left >= minWait {
			spent := min(wait, left)
			waited += spent
			at = at.Add(spent)
			stored = at.Format(time.RFC3339) + " " + (left - spent).String()
		}
		at = at.Add(hook)
	}
	if most := hooks * hook / 10; waited > most || waited < maxWaitBudget {
		t.Errorf("waited %v in all, want between %v and %v", waited, maxWaitBudget, most)
	}
}

// asked answers is-leader.
type asked struct{ times, leads int }

func (*asked) Close() error { return nil }

func (a *asked) Run(context.Context, gocharm.Call) ([]byte, error) {
	a.times++
	if a.times <= a.leads {
		return []byte("true"), nil
	}
	return []byte("false"), nil
}

// If reading from Juju took long, another unit may lead by now, and have written.
func TestStillLead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		passed time.Duration
		leads  int
		asked  int
		want   error
	}{
		"at once":           {time.Second, 0, 0, nil},
		"not late":          {9999 * time.Millisecond, 0, 0, nil},
		"just late":         {10 * time.Second, 1, 1, nil},
		"late, and leading": {11 * time.Second, 1, 1, nil},
		"late, and not":     {11 * time.Second, 0, 1, gocharm.ErrNotLeader},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cluster, err := kube.NewClient(&rest.Config{Host: "http://nobody.invalid"}, kube.Options{})
				if err != nil {
					t.Fatal(err)
				}
				juju := &asked{leads: test.leads}
				c := Charm{Tools: gocharm.NewTools(juju)}
				before := time.Now()
				time.Sleep(test.passed)
				if err := c.stillLead(t.Context(), &run{cluster: cluster, leaderAsked: before}); !errors.Is(err, test.want) || test.want == nil && err != nil {
					t.Errorf("got %v, want %v", err, test.want)
				}
				if juju.times != test.asked {
					t.Errorf("asked %d times, want %d", juju.times, test.asked)
				}
			})
		})
	}
}
