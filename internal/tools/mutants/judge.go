package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// A verdict is what became of a mutant.
type verdict string

const (
	killed      verdict = "killed"
	timedOut    verdict = "timed out"
	survived    verdict = "survived"
	notReached  verdict = "survived: no test reaches it"
	notCompiled verdict = "did not compile"
)

var (
	buildFailed = regexp.MustCompile(`(?m)^FAIL\t\S+ \[(?:build|setup) failed\]$`)
	tooSlow     = regexp.MustCompile(`(?m)^panic: test timed out after `)
)

// all judges places in their order until as many as are wanted have compiled. Which they are
// does not depend on how fast each worker is: one more is taken only when it will be needed.
func (r *run) all(ctx context.Context, places []place) error {
	var group sync.WaitGroup
	var failed error
	next, open := 0, 0
	changed := sync.NewCond(&r.lock)
	for range r.workers {
		group.Go(func() {
			r.lock.Lock()
			defer r.lock.Unlock()
			for {
				for open > 0 && r.wanted > 0 && r.counted()+open >= r.wanted {
					changed.Wait()
				}
				if failed != nil || next == len(places) || r.wanted > 0 && r.counted() >= r.wanted {
					return
				}
				mine := next
				next, open = next+1, open+1
				r.lock.Unlock()
				result, description, err := r.judge(ctx, places[mine], mine)
				r.lock.Lock()
				open--
				changed.Broadcast()
				if err != nil {
					failed = err
					return
				}
				r.tally[result]++
				if result == survived || result == notReached {
					fmt.Fprintf(r.stdout, "%s\n\t%s\n", description, result)
				}
			}
		})
	}
	group.Wait()
	return failed
}

// counted is how many mutants have compiled.
func (r *run) counted() int {
	return r.tally[killed] + r.tally[timedOut] + r.tally[survived] + r.tally[notReached]
}

// judge makes one mutant and tells what became of it.
func (r *run) judge(ctx context.Context, p place, number int) (result verdict, description string, err error) {
	original := filepath.Join(r.target.Dir, p.file)
	content, err := os.ReadFile(original)
	if err != nil {
		return "", "", err
	}
	changed := filepath.Join(r.scratch, fmt.Sprintf("%d.go", number))
	if err := os.WriteFile(changed, p.apply(content), 0o600); err != nil {
		return "", "", err
	}
	overlay := filepath.Join(r.scratch, fmt.Sprintf("%d.json", number))
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		return "", "", err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return "", "", err
	}
	result = r.runTests(ctx, overlay, reaching(r.tests, p, r.blocks))
	return result, p.describe(content), ctx.Err()
}

// runTests runs tests on the package as an overlay has it.
func (r *run) runTests(ctx context.Context, overlay string, tests []test) verdict {
	if len(tests) == 0 {
		if r.command(ctx, "build", "-overlay="+overlay, r.target.ImportPath).Run() != nil {
			return notCompiled
		}
		return notReached
	}
	limit := 20 * time.Second
	var names []string
	for _, one := range tests {
		limit += 3 * one.took
		names = append(names, one.name)
	}
	// Without symbols it is linked sooner.
	args := []string{
		"test", "-overlay=" + overlay, "-vet=off", "-ldflags=-s -w", "-failfast", "-count=1",
		"-timeout=" + limit.String(), "-run=^(" + strings.Join(names, "|") + ")$",
	}
	for _, tested := range r.tested {
		args = append(args, tested.ImportPath)
	}
	output, err := r.command(ctx, args...).CombinedOutput()
	switch {
	case err == nil:
		return survived
	case buildFailed.Match(output):
		return notCompiled
	case tooSlow.Match(output):
		return timedOut
	}
	return killed
}

// printTally prints one line of a table.
func (r *run) printTally(name string) {
	dead := r.tally[killed] + r.tally[timedOut]
	percentage := 100.0
	if counted := r.counted(); counted > 0 {
		percentage = 100 * float64(dead) / float64(counted)
	}
	fmt.Fprintf(
		r.stdout, "\n| %s | %d mutants | %d killed | %d timed out | %d survived | %d of these reached by no test | %d did not compile | %.1f %% |\n",
		name, r.counted(), r.tally[killed], r.tally[timedOut], r.tally[survived]+r.tally[notReached], r.tally[notReached], r.tally[notCompiled], percentage,
	)
}
