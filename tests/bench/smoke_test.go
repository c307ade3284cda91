package bench_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestScenarios runs what the benchmarks run, small, so that it stays fit to be run. It
// looks at counts alone.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, s := range []size{{1, bySocket}, {10, bySocket}, {1, byProcesses}} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			w, err := shared.world(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			n := s.requirers
			checkCost(t, w, noChange, 0, map[string]int{})
			checkCost(t, w, oneChange, 0, map[string]int{"patch services": 1, "patch httproutes": 1})
			checkCost(t, w, firstReconcile, n, map[string]int{
				"patch secrets": 1, "patch gateways": 1, "patch services": n, "patch httproutes": n + 1,
			})
			checkCost(t, w, noChange, 0, map[string]int{})
			checkMeters(t, w)
		})
	}
}

// checkCost runs a scenario that is to call so many tools that write, and to make these
// requests that write.
func checkCost(t *testing.T, w *world, s scenario, sets int, writes map[string]int) {
	t.Helper()
	got, err := s.run(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(writes, got.writes); diff != "" {
		t.Errorf("%s: API writes (-want +got):\n%s", s.name, diff)
	}
	if got.sets != sets {
		t.Errorf("%s: %d calls of hook tools that write, want %d", s.name, got.sets, sets)
	}
	// One for each kind of object, the classes and the StatefulSet; a Gateway that was
	// just made is watched as well.
	most := 7
	if writes["patch gateways"] > 0 {
		most++
	}
	if got.reads == 0 || got.reads > most {
		t.Errorf("%s: %d API requests that read, want %d at most: %v", s.name, got.reads, most, got.verbs)
	}
	if got.calls < 4*w.requirers {
		t.Errorf("%s: %d calls of hook tools cannot have read %d relations", s.name, got.calls, w.requirers)
	}
}

// checkMeters checks that the meters measure something.
func checkMeters(t *testing.T, w *world) {
	t.Helper()
	if peak, err := w.memory.take(); err != nil || peak < 1e6 {
		t.Errorf("peak memory = %d, %v", peak, err)
	}
	if start, err := medianStart(w); err != nil || start <= 0 {
		t.Errorf("start = %v, %v", start, err)
	}
	if bytes, err := traffic(t.Context(), noChange, w); err != nil || bytes < 1000 {
		t.Errorf("%d bytes between charm and API server, %v", bytes, err)
	}
	if _, err := noChange.run(t.Context(), w); err != nil {
		t.Errorf("after the meter was taken away: %v", err)
	}
}
