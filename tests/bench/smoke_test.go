package bench_test

import (
	"testing"
	"time"

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
			// It tells each of the applications, and stores what it told.
			checkCost(t, w, firstReconcile, n+1, map[string]int{
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
	// What the budget allows for reading; a Gateway that was just made is watched as well.
	most := 8
	if writes["patch gateways"] > 0 {
		most++
	}
	if sets > 0 {
		most += 5 // What is to be made is looked for: few names one by one, many by a list.
	}
	if got.reads == 0 || got.reads > most {
		t.Errorf("%s: %d API requests that read, want %d at most: %v", s.name, got.reads, most, got.verbs)
	}
	// Of each application its units are listed, and it and one unit are read. Where
	// nothing is trusted, Juju is asked for its model, and what it was told is read and
	// written. Only the applications' data and ours are the controller's to tell.
	each, asked := 3, 1
	if sets > 0 {
		each, asked = 6, 2
	}
	const others = 22 // calls that are not about a single application
	if n := got.calls - each*w.requirers; n < 0 || n > others {
		t.Errorf("%s: %d calls of hook tools, want %d for each of %d applications and up to %d more", s.name, got.calls, each, w.requirers, others)
	}
	if n := got.asked - asked*w.requirers; n < 0 || n > others {
		t.Errorf("%s: %d calls for Juju's controller, want %d for each of %d applications and up to %d more", s.name, got.asked, asked, w.requirers, others)
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

// A measurement that is within its budgets, and one that is not.
func TestReport(t *testing.T) {
	t.Parallel()
	g := newGround(nil)
	if text := g.report(); text != "" {
		t.Errorf("nothing was measured, but there is\n%s", text)
	}
	costs := []cost{{took: 40 * time.Millisecond, calls: 60, asked: 20, reads: 7}, {took: 60 * time.Millisecond, calls: 62, asked: 22, reads: 7}}
	g.add(measurement{
		scenario: "NoChange", size: size{10, bySocket}, bytes: 57500, peak: 19e6, start: 4 * time.Millisecond, costs: costs,
	})
	g.add(measurement{scenario: "NoChange", size: size{10, byProcesses}, start: time.Second, costs: []cost{{took: time.Second}}})
	g.add(measurement{
		scenario: "NoChange", size: size{1000, bySocket}, peak: 150e6,
		costs: []cost{{took: 1500 * time.Millisecond, writes: map[string]int{"patch services": 3}}},
	})
	want := `
| hook | requirers | tools | time | hook tools | of the controller | with a controller | API reads | writes | KB | peak MB | start ms |
|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| NoChange | 10 | socket | 50 ms | 61 | 21 | 92 ms to 155 ms | 7 | 0 | 58 | 19.0 | 4.0 |
| NoChange | 10 | processes | 1.0 s | 0 | 0 | 1.0 s to 1.0 s | 0 | 0 | 0 | 0.0 | 1000.0 |
| NoChange | 1000 | socket | 1.5 s | 0 | 0 | 1.5 s to 1.5 s | 0 | 3 | 0 | 150.0 | 0.0 |

| budget | at most | measured | |
|---|--:|--:|---|
| start to the first hook tool call | 15 ms | 4.0 ms | met |
| no change, 10 requirers | 60 ms | 50.0 ms | met |
| no change, 10 requirers: API | 8 requests | 7.0 requests | met |
| no change, 10 requirers: API | 0 writes | 0.0 writes | met |
| no change, 1,000 requirers | 1000 ms | 1500.0 ms | missed |
| peak memory, 10 requirers | 40 MB | 19.0 MB | met |
| peak memory, 1,000 requirers | 120 MB | 150.0 MB | missed |
`
	if diff := cmp.Diff(want, g.report()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
