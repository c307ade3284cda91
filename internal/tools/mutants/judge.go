package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A verdict is what became of a mutant.
type verdict string

const (
	killed     verdict = "killed"
	timedOut   verdict = "timed out"
	survived   verdict = "survived"
	notReached verdict = "survived: no test reaches it"
)

var (
	complaint = regexp.MustCompile(`^(?:.*/)?([^/:\s]+\.go):(\d+):\d+: `)
	tooSlow   = regexp.MustCompile(`(?m)^panic: test timed out after `)
)

// compile makes test programs with all mutants in them, and gives those mutants that the compiler
// takes.
func (r *run) compile(ctx context.Context, places []place) ([]place, error) {
	overlay, err := r.overlay(places)
	if err != nil {
		return nil, err
	}
	for i, tested := range r.tested {
		output, err := r.command(
			ctx, "test", "-c", "-vet=off", "-gcflags="+r.target.ImportPath+"=-e", "-overlay="+overlay, "-o", r.binary(i, "mutants"), tested.ImportPath,
		).CombinedOutput()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			left, err := withoutRefused(places, string(output))
			if err != nil {
				return nil, err
			}
			return r.compile(ctx, left)
		}
	}
	return places, nil
}

// overlay writes the files that Go is to see in the place of the package's own.
func (r *run) overlay(places []place) (string, error) {
	replace := map[string]string{}
	write := func(name string, content []byte) error {
		changed := filepath.Join(r.scratch, name)
		replace[filepath.Join(r.target.Dir, name)] = changed
		return os.WriteFile(changed, content, 0o600)
	}
	for _, name := range r.target.GoFiles {
		content, err := os.ReadFile(filepath.Join(r.target.Dir, name))
		if err != nil {
			return "", err
		}
		own := slices.DeleteFunc(slices.Clone(places), func(p place) bool { return p.file != name })
		if err := write(name, weave(content, own)); err != nil {
			return "", err
		}
	}
	if err := write("mutants_helpers.go", fmt.Appendf(nil, helpers, r.target.Name)); err != nil {
		return "", err
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(r.scratch, "overlay.json")
	return path, os.WriteFile(path, content, 0o600)
}

// binary is where the test program of a tested package is.
func (r *run) binary(tested int, kind string) string {
	return filepath.Join(r.scratch, fmt.Sprintf("%d.%s", tested, kind))
}

// all judges mutants, and prints those that survive as they are found.
func (r *run) all(ctx context.Context, places []place) error {
	var group sync.WaitGroup
	var failed error
	queue := make(chan place)
	for range r.workers {
		group.Go(func() {
			for p := range queue {
				result := r.judge(ctx, p)
				content, err := os.ReadFile(filepath.Join(r.target.Dir, p.file))
				r.lock.Lock()
				switch {
				case ctx.Err() != nil:
					failed = ctx.Err()
				case err != nil:
					failed = err
				default:
					r.tally[result]++
					if result == survived || result == notReached {
						fmt.Fprintf(r.stdout, "%s\n\t%s\n", p.describe(content), result)
					}
				}
				r.lock.Unlock()
			}
		})
	}
	for _, p := range places {
		queue <- p
	}
	close(queue)
	group.Wait()
	return failed
}

// batch is how many tests are run at once: tests that run in parallel are not stopped by the first
// that fails.
const batch = 8

// judge tells what becomes of a mutant in the tests that reach it, the fastest first.
func (r *run) judge(ctx context.Context, p place) verdict {
	result := notReached
	for i := range r.tested {
		tests := slices.Clone(reaching(r.tests[i], p, r.blocks))
		slices.SortFunc(tests, func(a, b test) int { return cmp.Compare(a.took, b.took) })
		for some := range slices.Chunk(tests, batch) {
			if result = r.runTests(ctx, i, some, p.number); result != survived {
				return result
			}
		}
	}
	return result
}

// runTests runs some tests of a tested package on a mutant.
func (r *run) runTests(ctx context.Context, tested int, tests []test, number int) verdict {
	limit := 20 * time.Second
	var names []string
	for _, one := range tests {
		limit += 3 * one.took
		names = append(names, one.name)
	}
	command := exec.CommandContext(ctx, r.binary(tested, "mutants"), "-test.failfast", "-test.timeout="+limit.String(), "-test.run=^("+strings.Join(names, "|")+")$")
	command.Dir = r.tested[tested].Dir
	command.Env = append(os.Environ(), fmt.Sprintf("MUTANT=%d", number))
	output, err := command.CombinedOutput()
	switch {
	case err == nil:
		return survived
	case tooSlow.Match(output):
		return timedOut
	}
	return killed
}

// printTally prints one line of a table.
func (r *run) printTally(name string, refused int) {
	dead, alive := r.tally[killed]+r.tally[timedOut], r.tally[survived]+r.tally[notReached]
	fmt.Fprintf(
		r.stdout, "\n| %s | %d mutants | %d killed | %d timed out | %d survived | %d of these reached by no test | %d did not compile | %.1f %% |\n",
		name, dead+alive, r.tally[killed], r.tally[timedOut], alive, r.tally[notReached], refused, 100*float64(dead)/max(1, float64(dead+alive)),
	)
}
