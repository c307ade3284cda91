package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A test is one top-level test, and what of the mutated package it reaches.
type test struct {
	name   string // "TestSame"
	took   time.Duration
	blocks []block
}

// A block is a piece of a file that runs as a whole.
type block struct {
	file                                    string
	startLine, startColumn, endLine, endCol int
}

func (b block) contains(p place) bool {
	after := p.line > b.startLine || p.line == b.startLine && p.column >= b.startColumn
	before := p.line < b.endLine || p.line == b.endLine && p.column < b.endCol
	return b.file == p.file && after && before
}

func (b block) inFunctionOf(p place) bool {
	return b.file == p.file && b.startLine >= p.first && b.endLine <= p.last
}

// reaching returns the tests that reach a place. Conditions of a case stand in no block: for
// these it gives those that reach the function, and outside of functions it gives all.
func reaching(tests []test, p place, all map[block]bool) []test {
	reaches := func(b block) bool { return b.contains(p) }
	if !anyBlock(all, reaches) {
		if p.last == 0 {
			return tests
		}
		reaches = func(b block) bool { return b.inFunctionOf(p) }
	}
	var found []test
	for _, one := range tests {
		for _, b := range one.blocks {
			if reaches(b) {
				found = append(found, one)
				break
			}
		}
	}
	return found
}

func anyBlock(all map[block]bool, is func(block) bool) bool {
	for b := range all {
		if is(b) {
			return true
		}
	}
	return false
}

// reach runs each test by itself, and learns what of the package it reaches. A test that fails
// before anything is changed is an error.
func (r *run) reach(ctx context.Context) error {
	r.blocks = map[block]bool{}
	for i, tested := range r.tested {
		binary := r.binary(i, "cover")
		if output, err := r.command(ctx, "test", "-c", "-vet=off", "-cover", "-coverpkg="+r.target.ImportPath, "-o", binary, tested.ImportPath).CombinedOutput(); err != nil {
			return fmt.Errorf("cannot compile the tests of %s: %w\n%s", tested.ImportPath, err, output)
		}
		list := exec.CommandContext(ctx, binary, "-test.list=^(Test|Fuzz|Example)")
		list.Dir = tested.Dir
		output, err := list.Output()
		if err != nil {
			return fmt.Errorf("cannot list the tests of %s: %w", tested.ImportPath, err)
		}
		tests, err := r.reachEach(ctx, binary, tested.Dir, strings.Fields(string(output)))
		if err != nil {
			return err
		}
		r.tests = append(r.tests, tests)
	}
	return nil
}

func (r *run) reachEach(ctx context.Context, binary, directory string, names []string) (tests []test, failed error) {
	var group sync.WaitGroup
	queue := make(chan string)
	for worker := range r.workers {
		group.Go(func() {
			for name := range queue {
				one, all, err := reachOne(ctx, binary, directory, name, fmt.Sprintf("%s.%d", binary, worker))
				r.lock.Lock()
				tests = append(tests, one)
				for _, b := range all {
					r.blocks[b] = true
				}
				if err != nil {
					failed = err
				}
				r.lock.Unlock()
			}
		})
	}
	for _, name := range names {
		queue <- name
	}
	close(queue)
	group.Wait()
	return tests, failed
}

func reachOne(ctx context.Context, binary, directory, name, profile string) (one test, all []block, err error) {
	command := exec.CommandContext(ctx, binary, "-test.run=^"+name+"$", "-test.coverprofile="+profile)
	command.Dir = directory
	start := time.Now()
	if output, err := command.CombinedOutput(); err != nil {
		return one, nil, fmt.Errorf("%s fails as it is: %w\n%s", name, err, output)
	}
	one = test{name: name, took: time.Since(start)}
	one.blocks, all, err = readProfile(profile)
	return one, all, err
}

// profileLine is "path/file.go:12.3,14.5 2 1": from, to, statements, runs.
var profileLine = regexp.MustCompile(`^.*/([^/]+\.go):(\d+)\.(\d+),(\d+)\.(\d+) \d+ (\d+)$`)

func readProfile(path string) (reached, all []block, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		found := profileLine.FindStringSubmatch(lines.Text())
		if found == nil {
			continue // The line that tells the mode.
		}
		var numbers [4]int
		for i := range numbers {
			numbers[i], _ = strconv.Atoi(found[i+2])
		}
		b := block{found[1], numbers[0], numbers[1], numbers[2], numbers[3]}
		all = append(all, b)
		if found[6] != "0" {
			reached = append(reached, b)
		}
	}
	return reached, all, lines.Err()
}
