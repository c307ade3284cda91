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

// CiliumVersion is the release whose operator is built, and ciliumBundle that of the
// Gateway API which Canonical Kubernetes 1.36 installs with it. A newer bundle that
// serves no TLSRoute v1alpha2 ends this operator.
const (
	CiliumVersion = "v1.19.4"
	ciliumBundle  = "1.4.1"
)

const (
	ciliumPath   = "github.com/cilium/cilium"
	ciliumModule = "cilium" // its nested module, below tests/cluster
)

// ciliumCRDDirectory is where Cilium's definitions are kept, beside the bundles of the Gateway
// API. The operator would make them itself, a second for each, and looks for some before that.
const ciliumCRDDirectory = "cilium-" + CiliumVersion

func hasCiliumCRDs(directory string) bool {
	_, err := os.Stat(filepath.Join(directory, ciliumCRDDirectory))
	return err == nil
}

// downloadCiliumCRDs copies Cilium's definitions out of its module, which the nested one
// in source requires.
func downloadCiliumCRDs(ctx context.Context, directory, source string, progress io.Writer) error {
	if hasCiliumCRDs(directory) {
		return nil // Another process was faster.
	}
	fmt.Fprintf(progress, "Fetching the CRDs of Cilium %s.\n", CiliumVersion)
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
	if answer.Version != CiliumVersion {
		return fmt.Errorf("the module %s builds Cilium %s, not %s", source, answer.Version, CiliumVersion)
	}
	files, err := filepath.Glob(filepath.Join(answer.Dir, "pkg", "k8s", "apis", "cilium.io", "client", "crds", "v*", "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("cannot find CRDs in Cilium %s", CiliumVersion)
	}
	return keepCRDs(filepath.Join(directory, ciliumCRDDirectory), files)
}
