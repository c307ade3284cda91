package cluster

import (
	"context"
	"fmt"
	"time"
)

// Timeouts are all deadlines of the package. They are generous: on a slow machine tests should be
// slow, not fail.
type Timeouts struct {
	Start     time.Duration // one program, from its start to its readiness
	Establish time.Duration // CRDs, from their creation until they are served
	Delete    time.Duration // CRDs, until they are gone
	Request   time.Duration // one request of Client
	Stop      time.Duration // one program, asked to end, before it is killed
	Poll      time.Duration // pause between two looks
}

// DefaultTimeouts are used where Options give none.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Start:     2 * time.Minute,
		Establish: time.Minute,
		Delete:    time.Minute,
		Request:   10 * time.Second,
		Stop:      5 * time.Second,
		Poll:      25 * time.Millisecond,
	}
}

// Eventually calls check until it returns nil. If ctx ends or the timeout passes first, it returns
// check's last error. Between two calls it waits 25 ms.
func Eventually(ctx context.Context, timeout time.Duration, check func(context.Context) error) error {
	return poll(ctx, timeout, DefaultTimeouts().Poll, check)
}

func poll(ctx context.Context, timeout, pause time.Duration, check func(context.Context) error) error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		// An error that only says "time is up" hides what was wrong before.
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", time.Since(started).Round(time.Millisecond), last)
		case <-time.After(pause):
		}
	}
}
