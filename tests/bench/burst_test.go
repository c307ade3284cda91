package bench_test

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// burst is how many applications BenchmarkBurst deploys at once.
const burst = 100

// BenchmarkBurst measures what it costs in all that a hook waits for the controller to judge what it
// has written: many applications are deployed at once, and their hooks come one after the other. The
// controller judges no route meanwhile, so that a hook that waits does so for as long as it may.
//
//	$ make bench BENCHFLAGS='-bench=Burst -benchtime=1x -count=3'
func BenchmarkBurst(b *testing.B) {
	for _, waits := range []bool{true, false} {
		b.Run(fmt.Sprintf("waits=%t", waits), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				w, err := newBurst(b.Context(), fmt.Sprintf("burst%d-%t", i, waits), waits)
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
	script := fmt.Sprintf("#!/bin/sh\nstate-set \"%s=$(date -u +%%FT%%TZ) 0s\" && exec \"$0.charm\" \"$@\"\n", key)
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
