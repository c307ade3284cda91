package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := mutate(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		}
		stop()
		os.Exit(1)
	}
}

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath, Dir, Name string
	GoFiles               []string
}

// run is one run of the program: what it is asked, and what it has found so far.
type run struct {
	root    string // the directory of the module
	target  pkg    // the package that is broken
	tested  []pkg  // the packages whose tests are run
	workers int
	scratch string

	lock   sync.Mutex
	tests  [][]test       // those of each tested package
	blocks map[block]bool // all blocks of the target
	tally  map[verdict]int
	stdout io.Writer
}

// mutate breaks the package that args name, and prints the mutants that survive and one line
// that counts all. When it is interrupted it counts those that it has come to.
func mutate(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	root := flags.String("root", "../..", "the directory of the module")
	wanted := flags.Int("n", 300, "how `many` mutants; 0 for all there are")
	seed := flags.Uint64("seed", 1, "what the sample is drawn by")
	workers := flags.Int("workers", 2, "how many mutants are run at the same time")
	tests := flags.String("tests", "", "the `packages` whose tests are run, with spaces between them (those of the package itself when empty);\na package that its callers test needs theirs too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("got %d packages to break, want one, such as ./internal/state", flags.NArg())
	}
	if *tests == "" {
		*tests = flags.Arg(0)
	}
	r := &run{root: *root, workers: *workers, tally: map[verdict]int{}, stdout: stdout}
	scratch, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	r.scratch = scratch
	if err := r.list(ctx, flags.Arg(0), strings.Fields(*tests)); err != nil {
		return err
	}
	places, err := r.places()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %d places; learning which tests reach them\n", flags.Arg(0), len(places))
	if err := r.reach(ctx); err != nil {
		return err
	}
	left, err := r.compile(ctx, places)
	if err != nil {
		return err
	}
	err = r.all(ctx, draw(left, *wanted, *seed))
	r.printTally(flags.Arg(0), len(places)-len(left))
	return err
}

// list finds the package to break and those whose tests are run.
func (r *run) list(ctx context.Context, target string, tested []string) error {
	find := func(patterns ...string) (found []pkg, err error) {
		command := r.command(ctx, append([]string{"list", "-json=ImportPath,Dir,Name,GoFiles"}, patterns...)...)
		var stderr strings.Builder
		command.Stderr = &stderr
		output, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w\n%s", strings.Join(patterns, " "), err, stderr.String())
		}
		for decoder := json.NewDecoder(strings.NewReader(string(output))); decoder.More(); {
			var one pkg
			if err := decoder.Decode(&one); err != nil {
				return nil, err
			}
			found = append(found, one)
		}
		return found, nil
	}
	targets, err := find(target)
	if err != nil {
		return err
	}
	if len(targets) != 1 {
		return fmt.Errorf("%s stands for %d packages, want one", target, len(targets))
	}
	r.target = targets[0]
	r.tested, err = find(tested...)
	return err
}

// places lists all places of the target.
func (r *run) places() ([]place, error) {
	var f finder
	for _, name := range r.target.GoFiles {
		if err := f.file(filepath.Join(r.target.Dir, name), name); err != nil {
			return nil, err
		}
	}
	return f.found, nil
}

// draw takes a sample that depends on the seed only; all, for 0.
func draw(places []place, wanted int, seed uint64) []place {
	drawn := slices.Clone(places)
	random := rand.New(rand.NewPCG(seed, 0))
	random.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	if wanted > 0 && wanted < len(drawn) {
		drawn = drawn[:wanted]
	}
	return drawn
}

// command is go, run in the module's directory.
func (r *run) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = r.root
	return command
}
