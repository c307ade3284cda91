package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// ErrUnavailable is why an environment cannot be had on this machine: no Python, or
// no package index. It is no fault of the tree.
var ErrUnavailable = errors.New("not to be had here")

// requiredVariable makes what is unavailable a failure: `make interop` sets it.
const requiredVariable = "INTEROP_REQUIRED"

// Required reports whether a test has to fail, rather than be left out, when its
// environment is unavailable.
func Required() bool { return os.Getenv(requiredVariable) != "" }

// leftOutVariable names a file to which that line is appended, for `make test` to show:
// go test shows nothing of what a package that passes has printed.
const leftOutVariable = "INTEROP_LEFT_OUT"

// LeaveOut says in one line which tests do not run, and why.
func LeaveOut(tests string, why error) error {
	line := fmt.Sprintf("LEFT OUT: %s: %s\n", tests, strings.ReplaceAll(why.Error(), "\n", " "))
	path := os.Getenv(leftOutVariable)
	if path == "" {
		fmt.Print(line)
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line)
	return errors.Join(err, file.Close())
}

// interpreters are looked for on PATH, in this order. Each may be there and not work:
// version managers put programs on PATH that only say which versions they have.
var interpreters = []string{"python3", "python3.13", "python3.12", "python3.11", "python3.10"}

// oldest is the first version that the real libraries run on.
const oldest = "(3, 10)"

// find returns the path of the first interpreter that is new enough and can make
// environments, and its version, such as "3.12.3".
func find(ctx context.Context) (path, version string, err error) {
	const probe = "import sys, venv, ensurepip; assert sys.version_info >= " + oldest + `; print("%d.%d.%d" % sys.version_info[:3], sys.executable)`
	for _, name := range interpreters {
		found, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		answer, err := exec.CommandContext(ctx, found, "-c", probe).Output()
		if version, path, ok := strings.Cut(strings.TrimSpace(string(answer)), " "); err == nil && ok {
			return path, version, nil
		}
	}
	return "", "", fmt.Errorf("%w: no Python %s or newer with venv on PATH", ErrUnavailable, "3.10")
}

// ourFault matches what pip says of requirements that are wrong, or not met by what it was
// given.
var ourFault = regexp.MustCompile(`(?i)hashes|invalid requirement`)

// install makes the environment and fills it.
func install(ctx context.Context, interpreter, directory, requirements string, progress io.Writer) error {
	fmt.Fprintf(progress, "Installing %s into %s, once.\n", requirements, directory)
	if output, err := exec.CommandContext(ctx, interpreter, "-m", "venv", directory).CombinedOutput(); err != nil {
		return fmt.Errorf("cannot make a virtual environment: %w\n%s", err, output)
	}
	output, err := exec.CommandContext(ctx, interpreterOf(directory), "-m", "pip", "install", "--quiet", "--no-input",
		"--disable-pip-version-check", "--retries", "2", "--require-hashes", "--only-binary", ":all:", "-r", requirements).CombinedOutput()
	if err == nil {
		return nil
	}
	if text := string(output); !ourFault.MatchString(text) {
		return fmt.Errorf("%w: the package index does not give what %s lists (%w): %s", ErrUnavailable, requirements, err, lastLine(text))
	}
	// Not what was pinned: never a reason to go on.
	return fmt.Errorf("cannot install %s: %w\n%s", requirements, err, output)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
