package bench_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
)

const (
	// burst is how many applications BenchmarkBurst deploys at once.
	burst = 100
	// ofAgent is what Juju's agent takes for each hook after the charm has ended, in seconds: it reads
	// two logs to their end, for 0.1 s each.
	ofAgent = 0.2
)

// bursts counts the models that were made for a burst.
var bursts atomic.Int32

// BenchmarkBurst measures what it costs in all that a hook waits for the controller to judge what it
// has written: many applications are deployed at once, and their hooks come one after the other. The
// controller judges no route meanwhile, so that a hook that waits does so for as long as it may.
//
//	$ make bench BENCHFLAGS='-bench=Burst -benchtime=1x -count=3'
func BenchmarkBurst(b *testing.B) {
	for _, waits := range []bool{true, false} {
		b.Run(fmt.Sprintf("waits=%t", waits), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w, err := newBurst(b.Context(), fmt.Sprintf("burst%d", bursts.Add(1)), waits)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				err = w.Settle(b.Context())
				b.StopTimer()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(w.runs)), "hooks/op")
				if err := w.close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// newBurst makes a world whose hooks have not run yet.
func newBurst(ctx context.Context, model string, waits bool) (*world, error) {
	w, err := newWorldIn(ctx, shared.cluster, size{0, bySocket}, model)
	if err != nil {
		return nil, err
	}
	key := "patience"
	if waits {
		key = "another" // The same work, and no consequence.
	}
	script := fmt.Sprintf("#!/bin/sh\nstate-set \"%s=$(date -u +%%FT%%TZ) 0s\" && \"$0.charm\" \"$@\" && sleep %v\n", key, ofAgent)
	if err := os.Rename(w.dispatch(), w.dispatch()+".charm"); err != nil {
		return nil, err
	}
	if err := os.WriteFile(w.dispatch(), []byte(script), 0o755); err != nil {
		return nil, err
	}
	for i := range burst {
		if err := w.addRequirer(ctx, i); err != nil {
			return nil, err
		}
	}
	w.runs = nil
	return w, nil
}
