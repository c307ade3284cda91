package python_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/interop/python"
)

// fakePython answers what Prepare asks of an interpreter; its pip says what the file
// "pip" beside it says, and fails unless that is nothing.
const fakePython = `#!/bin/sh
here=$(dirname "$0")
case "$1 $2" in
"-c "*) echo "3.12.3 $here/python3" ;;
"-m venv") mkdir -p "$3/bin" && cp "$here/python3" "$3/bin/python" && cp "$here/pip" "$3/bin/pip" ;;
"-m pip") echo installed >>"$here/../installed"; cat "$here/pip" >&2; test ! -s "$here/pip" ;;
esac
`

// prepare runs Prepare with a Python whose pip says words; none at all for "none".
func prepare(t *testing.T, words string) (*python.Environment, error) {
	t.Helper()
	programs, requirements := t.TempDir(), filepath.Join(t.TempDir(), "requirements.txt")
	files := map[string]string{filepath.Join(programs, "python3"): fakePython, filepath.Join(programs, "pip"): words, requirements: "ops==1 --hash=sha256:00\n"}
	if words == "none" {
		files = map[string]string{requirements: ""}
	}
	for path, content := range files {
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := programs
	if words != "none" {
		path += ":/usr/bin:/bin"
	}
	t.Setenv("PATH", path)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	environment, err := python.Prepare(t.Context(), requirements, io.Discard)
	if err != nil {
		return nil, err
	}
	again, err := python.Prepare(t.Context(), requirements, io.Discard)
	if err != nil || *again != *environment {
		t.Errorf("prepared again: %+v, %v, not %+v", again, err, environment)
	}
	installed, err := os.ReadFile(filepath.Join(filepath.Dir(environment.Interpreter), "..", "installed"))
	if err != nil || strings.Count(string(installed), "installed") != 1 {
		t.Errorf("installed %q, %v, not once", installed, err)
	}
	return environment, nil
}

// TestPrepare tells what this machine lacks, which leaves tests out, from what is not
// what was pinned, which never does. The test sets its environment, so it is not
// parallel.
func TestPrepare(t *testing.T) {
	for name, test := range map[string]struct {
		pip                string
		ready, unavailable bool
	}{
		"installed":    {pip: "", ready: true},
		"no Python":    {pip: "none", unavailable: true},
		"no index":     {pip: "ERROR: No matching distribution found for ops==1", unavailable: true},
		"no package":   {pip: "ERROR: Invalid requirement: 'ops=3.9.0': Expected end or semicolon (after name and no valid version specifier)"},
		"other hashes": {pip: "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."},
	} {
		t.Run(name, func(t *testing.T) {
			environment, err := prepare(t, test.pip)
			if (err == nil) != test.ready || errors.Is(err, python.ErrUnavailable) != test.unavailable {
				t.Fatalf("%+v, %v", environment, err)
			}
			if test.ready && environment.Version != "3.12.3" {
				t.Errorf("version is %s", environment.Version)
			}
			if !test.unavailable {
				return
			}
			lines := filepath.Join(t.TempDir(), "lines")
			t.Setenv("INTEROP_LEFT_OUT", lines)
			if err := python.LeaveOut("the tests", err); err != nil {
				t.Fatal(err)
			}
			if line, err := os.ReadFile(lines); err != nil || !strings.HasPrefix(string(line), "LEFT OUT: the tests: not to be had here: ") || strings.Count(string(line), "\n") != 1 {
				t.Errorf("the line is %q, %v", line, err)
			}
		})
	}
}
