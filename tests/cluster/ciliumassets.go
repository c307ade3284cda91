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
	"strings"
)

// A ciliumRelease is a release of Cilium that is a data plane.
type ciliumRelease struct {
	version string // of its Go module
	module  string // the nested module that builds its operator, below tests/cluster
	program string // what that is called in bin/cluster
	bundle  string // the Gateway API release that it is made for
	asset   func(*Assets) *string
}

// ciliumReleases are what Canonical Kubernetes 1.36 has, with the bundle that it installs: a
// newer one that serves no TLSRoute v1alpha2 ends this operator; and the newest.
var ciliumReleases = map[DataPlane]ciliumRelease{
	Cilium: {
		"v1.19.4", "cilium", "cilium-operator-generic", "1.4.1",
		func(a *Assets) *string { return &a.CiliumOperator },
	},
	Cilium120: {
		"v1.20.2", "cilium120", "cilium-operator-generic-1.20", DefaultBundle,
		func(a *Assets) *string { return &a.Cilium120Operator },
	},
}

const ciliumPath = "github.com/cilium/cilium"

// operator is how its operator is built: with the tag of the image cilium-operator-generic,
// which is not for one cloud.
func (r ciliumRelease) operator(plane DataPlane) program {
	return program{
		name: r.program, module: r.module, pkg: ciliumPath + "/operator", ldflags: "-s -w",
		static: true, tags: "ipam_provider_operator", plane: plane, asset: r.asset,
	}
}

// crds is where Cilium's definitions are kept, beside the bundles of the Gateway API. The
// operator would make them itself, a second for each, and looks for some before that.
func (r ciliumRelease) crds() string { return "cilium-" + r.version }

// missingCiliumCRDs are the releases of these data planes whose definitions are not there.
func missingCiliumCRDs(directory string, planes []DataPlane) []ciliumRelease {
	var missing []ciliumRelease
	for _, plane := range planes {
		release, known := ciliumReleases[plane]
		if _, err := os.Stat(filepath.Join(directory, release.crds())); known && err != nil {
			missing = append(missing, release)
		}
	}
	return missing
}

// downloadCRDs copies Cilium's definitions out of its module, which the nested one requires
// below modules.
func (r ciliumRelease) downloadCRDs(ctx context.Context, directory, modules string, progress io.Writer) error {
	target := filepath.Join(directory, r.crds())
	if _, err := os.Stat(target); err == nil {
		return nil // Another process was faster.
	}
	source := filepath.Join(modules, r.module)
	fmt.Fprintf(progress, "Fetching the CRDs of Cilium %s.\n", r.version)
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", ciliumPath)
	command.Dir = source
	command.Env = append(os.Environ(), "GOWORK=off")
	complaints := &bytes.Buffer{}
	command.Stderr = complaints
	output, err := command.Output()
	answer := struct{ Dir, Version, Error string }{}
	if decodeErr := json.Unmarshal(output, &answer); err != nil || decodeErr != nil || answer.Error != "" {
		return fmt.Errorf("cannot fetch Cilium: go mod download: %s%s", answer.Error, strings.TrimSpace(complaints.String()))
	}
	if answer.Version != r.version {
		return fmt.Errorf("the module %s builds Cilium %s, not %s", source, answer.Version, r.version)
	}
	files, err := filepath.Glob(filepath.Join(answer.Dir, "pkg", "k8s", "apis", "cilium.io", "client", "crds", "v*", "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("cannot find CRDs in Cilium %s", r.version)
	}
	return keepCRDs(target, files)
}
