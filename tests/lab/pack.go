package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// charmVariable names the packed charm to test. When it is not set, Main packs
// the tree.
const charmVariable = "GATEWAY_CHARM"

// Main runs run with everything that a Lab needs: the packed charm, and a private network for the
// cluster with its data planes (see cluster.Main). It returns the exit code. The program also is
// the hook tools on PATH of the charm's processes.
func Main(run func() int, planes ...cluster.DataPlane) int {
	jujutest.RunToolIfInvoked()
	if os.Getenv(charmVariable) == "" {
		// Outside of the private network, because modules may have to be fetched.
		path, err := pack()
		if err == nil {
			err = os.Setenv(charmVariable, path)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "error: cannot pack the charm: %v\n", err)
			return 1
		}
	}
	return cluster.Main(run, planes...)
}

// CharmFile returns the packed charm that Main has made or was given.
func CharmFile() string { return os.Getenv(charmVariable) }

// pack packs the tree for this machine into bin/lab and gives the file's path.
func pack() (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	out := filepath.Join(root, "bin", "lab")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", err
	}
	platform := "ubuntu-24.04-" + runtime.GOARCH
	command := exec.Command("go", "run", "./packcharm", "-root", root, "-out", out, platform)
	command.Dir = filepath.Join(root, "internal", "tools")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output.Bytes())
	}
	return filepath.Join(out, "gateway-api-integrator_"+platform+".charm"), nil
}

// repository is the directory above the working one that holds charmcraft.yaml.
func repository() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "charmcraft.yaml")); err == nil {
			return directory, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("the working directory is not in the repository")
		}
		directory = parent
	}
}
