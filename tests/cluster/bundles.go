package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultBundle is the Gateway API release whose CRDs are installed unless
// Options say otherwise, or the data plane is made for another (Traits.Bundle).
const DefaultBundle = "1.6.3"

// companionBundle has the BackendTLSPolicy that Traefik 3.6 waits for when the
// bundle proper has none; see the package documentation.
const companionBundle = "1.4.1"

const gatewayAPIModule = "sigs.k8s.io/gateway-api"

// bundleSums are the releases that can be asked for, with the checksums of
// their modules as the Go checksum database has them.
var bundleSums = map[string]string{
	"1.2.0": "h1:LrToiFwtqKTKZcZtoQPTuo3FxhrrhTgzQG0Te+YGSo8=",
	"1.4.1": "h1:NPxFutNkKNa8UfLd2CMlEuhIPMQgDQ6DXNKG9sHbJU8=",
	"1.5.1": "h1:RqVRIlkhLhUO8wOHKTLnTJA6o/1un4po4/6M1nRzdd0=",
	"1.6.3": "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
}

// Bundles returns the Gateway API releases that can be asked for, oldest first.
func Bundles() []string {
	names := []string{}
	for name := range bundleSums {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// FetchBundle returns the directory of the CRDs of a release of [Bundles], one YAML file for
// each; it downloads them if they are not there yet.
func FetchBundle(ctx context.Context, bundle string, progress io.Writer) (string, error) {
	directory, err := Directory()
	if err != nil {
		return "", err
	}
	target := filepath.Join(directory, "crds", bundle)
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	unlock, err := lock(ctx, directory, progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	return target, downloadBundle(ctx, filepath.Dir(target), bundle, progress)
}

func missingBundles(directory string) []string {
	missing := []string{}
	for _, bundle := range Bundles() {
		if _, err := os.Stat(filepath.Join(directory, bundle)); err != nil {
			missing = append(missing, bundle)
		}
	}
	return missing
}

// downloadBundle copies the standard channel's CRDs of one release from its Go
// module to directory/<release>.
func downloadBundle(ctx context.Context, directory, bundle string, progress io.Writer) error {
	target := filepath.Join(directory, bundle)
	if _, err := os.Stat(target); err == nil {
		return nil // Another process was faster.
	}
	fmt.Fprintf(progress, "Fetching the CRDs of Gateway API %s.\n", bundle)
	source, err := downloadModule(ctx, directory, bundle)
	if err != nil {
		return fmt.Errorf("cannot fetch the CRDs of Gateway API %s: %w", bundle, err)
	}
	files, err := filepath.Glob(filepath.Join(source, "config", "crd", "standard", "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("cannot find CRDs in Gateway API %s", bundle)
	}
	return keepCRDs(target, files)
}

// keepCRDs copies files to a directory, which is there with all of them or not at all.
func keepCRDs(target string, files []string) error {
	temporary := target + ".new"
	_ = os.RemoveAll(temporary)
	if err := os.MkdirAll(temporary, 0o755); err != nil {
		return fmt.Errorf("cannot make %s: %w", temporary, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("cannot read a CRD: %w", err)
		}
		if err := os.WriteFile(filepath.Join(temporary, filepath.Base(file)), content, 0o644); err != nil {
			return fmt.Errorf("cannot keep a CRD: %w", err)
		}
	}
	if err := os.Rename(temporary, target); err != nil {
		return fmt.Errorf("cannot put the CRDs in place: %w", err)
	}
	return nil
}

// downloadModule returns the directory of the module in the module cache. The
// checksum is compared here, so no checksum database need be reached.
func downloadModule(ctx context.Context, directory, bundle string) (string, error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return "", fmt.Errorf("cannot make %s: %w", directory, err)
	}
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", gatewayAPIModule+"@v"+bundle)
	command.Dir = os.TempDir() // Outside any module: the version asked for is not the one required.
	command.Env = append(os.Environ(), "GOWORK=off", "GONOSUMDB="+gatewayAPIModule)
	complaints := &bytes.Buffer{}
	command.Stderr = complaints
	output, err := command.Output()
	answer := struct{ Dir, Sum, Error string }{}
	if decodeErr := json.Unmarshal(output, &answer); err != nil || decodeErr != nil || answer.Error != "" {
		return "", fmt.Errorf("go mod download: %s%s", answer.Error, strings.TrimSpace(complaints.String()))
	}
	if answer.Sum != bundleSums[bundle] {
		return "", fmt.Errorf("the module's checksum is %s, not %s", answer.Sum, bundleSums[bundle])
	}
	return answer.Dir, nil
}
