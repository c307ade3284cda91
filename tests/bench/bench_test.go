package bench_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

// sizes are those of the benchmarks. With a thousand applications a hook is three
// thousand processes, where it calls the tools so.
func sizes() []size {
	return []size{
		{1, bySocket},
		{10, bySocket},
		{100, bySocket},
		{1000, bySocket},
		{1, byProcesses},
		{10, byProcesses},
		{100, byProcesses},
		{1000, byProcesses},
	}
}

func BenchmarkNoChange(b *testing.B)       { bench(b, noChange) }
func BenchmarkOneChange(b *testing.B)      { bench(b, oneChange) }
func BenchmarkFirstReconcile(b *testing.B) { bench(b, firstReconcile) }

func bench(b *testing.B, s scenario) {
	for _, size := range sizes() {
		b.Run(size.String(), func(b *testing.B) {
			w, err := shared.world(b.Context(), size)
			if err != nil {
				b.Fatal(err)
			}
			m := measurement{scenario: s.name, size: size}
			// The first hook warms up what is not the charm's, and is not counted.
			if m.bytes, err = traffic(b.Context(), s, w); err != nil {
				b.Fatal(err)
			}
			if _, err := w.memory.take(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				c, err := s.run(b.Context(), w)
				if err != nil {
					b.Fatal(err)
				}
				m.add(c)
			}
			if m.peak, err = w.memory.take(); err != nil {
				b.Fatal(err)
			}
			if m.start, err = medianStart(w); err != nil {
				b.Fatal(err)
			}
			m.report(b)
			shared.add(m)
		})
	}
}

// traffic runs the scenario once and counts the bytes between charm and API server.
func traffic(ctx context.Context, s scenario, w *world) (int64, error) {
	if err := w.traffic.on(); err != nil {
		return 0, err
	}
	if _, err := s.run(ctx, w); err != nil {
		return 0, err
	}
	return w.traffic.off()
}

// medianStart is the middle one of some starts.
func medianStart(w *world) (time.Duration, error) {
	const starts = 11
	var all []time.Duration
	for range starts {
		took, err := startTime(w.dispatch(), w.runs[0].Env)
		if err != nil {
			return 0, fmt.Errorf("cannot measure the start: %w", err)
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return all[starts/2], nil
}
