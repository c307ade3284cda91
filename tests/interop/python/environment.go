package python

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// An Environment is a virtual environment that is ready.
type Environment struct {
	// Interpreter is the path of its Python.
	Interpreter string
	// Version is that Python's, such as "3.12.3".
	Version string
}

// Prepare returns the environment with exactly the packages that the file of
// requirements lists, each with its version and hashes. It makes the environment when
// it is not there yet, and says so; several processes may do that at a time. An error
// is an ErrUnavailable when this machine lacks what it takes.
func Prepare(ctx context.Context, requirements string, progress io.Writer) (_ *Environment, err error) {
	pinned, err := os.ReadFile(requirements)
	if err != nil {
		return nil, fmt.Errorf("cannot read requirements: %w", err)
	}
	interpreter, version, err := find(ctx)
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("%w: no directory to keep packages in: %w", ErrUnavailable, err)
	}
	sum := sha256.Sum256(append([]byte(version+" "+interpreter+"\n"), pinned...))
	directory := filepath.Join(cache, "gateway-api-integrator", fmt.Sprintf("python-%x", sum[:8]))
	if err := os.MkdirAll(filepath.Dir(directory), 0o755); err != nil {
		return nil, fmt.Errorf("%w: no directory to keep packages in: %w", ErrUnavailable, err)
	}
	unlock, err := lock(directory + ".lock")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	// Written last, so that an installation that was interrupted counts for nothing.
	stamp := directory + ".stamp"
	environment := &Environment{Interpreter: interpreterOf(directory), Version: version}
	if _, err := os.Stat(stamp); err == nil {
		if _, err := os.Stat(environment.Interpreter); err == nil {
			return environment, nil
		}
	}
	if err := errors.Join(os.RemoveAll(stamp), os.RemoveAll(directory)); err != nil {
		return nil, fmt.Errorf("cannot clear an old environment: %w", err)
	}
	if err := install(ctx, interpreter, directory, requirements, progress); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	return environment, os.WriteFile(stamp, []byte(version+"\n"), 0o644)
}

func interpreterOf(directory string) string { return filepath.Join(directory, "bin", "python") }

// lock waits until this process alone holds the file.
func lock(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot lock: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot lock %s: %w", path, err), file.Close())
	}
	return file.Close, nil // which unlocks
}
