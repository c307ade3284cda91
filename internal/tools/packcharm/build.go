package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildFlags are those of `go build` for the charm's program; charmcraft.yaml
// repeats them. They leave out what depends on the machine: file paths, the
// state of the repository, the build id. -s and -w leave out the symbol table
// and debug information, which nobody can use in a charm's container and which
// are a third of the file; stack traces keep their names and lines.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}

// build compiles the program in root and returns it: a static Linux executable
// for arch.
func build(ctx context.Context, root, program, arch string) ([]byte, error) {
	directory, err := os.MkdirTemp("", "packcharm-")
	if err != nil {
		return nil, fmt.Errorf("cannot build %s: %w", program, err)
	}
	defer os.RemoveAll(directory)

	path := filepath.Join(directory, "dispatch")
	args := append([]string{"build"}, buildFlags...)
	command := exec.CommandContext(ctx, "go", append(args, "-o", path, program)...)
	command.Dir = root
	// What a builder has set for other programs must not change this one.
	command.Env = append(
		os.Environ(),
		"GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0",
		"GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off", "GOAMD64=v1", "GOARM64=v8.0",
	)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build %s: %w\n%s", program, err, output)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot build %s: %w", program, err)
	}
	return content, nil
}

// unversioned is the version of a charm that was packed from a bare copy of the
// tree.
const unversioned = "unversioned"

// describe names the commit that root is at, as `git describe` does: a tag, the
// commits since, and "-dirty" if files differ. It looks at root's own
// repository only, not at one that root happens to lie in.
func describe(ctx context.Context, root string) (string, error) {
	if _, err := os.Stat(filepath.Join(root, ".git")); errors.Is(err, fs.ErrNotExist) {
		return unversioned, nil
	}
	// Git's own choice of length depends on how many objects a clone holds.
	command := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12")
	command.Dir = root
	// Looking must not refresh the index, which a developer's git may be using.
	command.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0")
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("cannot name version: git describe: %w\n%s", err, stderr.String())
	}
	described := strings.TrimSpace(string(output))
	if described == "" || strings.ContainsAny(described, "\r\n") {
		return "", fmt.Errorf("cannot name version: git describe says %q, want one line", output)
	}
	return described, nil
}
