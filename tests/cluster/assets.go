package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Assets says where the programs of the cluster and the CRDs are. They are
// found, or made, outside the private network, since that may need downloads.
type Assets struct {
	Etcd              string // path of the executable
	APIServer         string
	ControllerManager string
	Traefik           string
	Traefik37         string // empty unless asked for
	Envoy             string // the same
	EnvoyGateway      string // the same
	CiliumOperator    string // the same
	Cilium120Operator string // the same
	CRDs              string // directory with one directory of YAML files per bundle
}

// modulePath is the module at the root of the repository.
const modulePath = "github.com/canonical/gateway-api-integrator"

// Prepare finds every program and every CRD bundle of the cluster, and builds and downloads what is
// missing into bin/cluster of the repository. If that takes time, it says on progress what it does.
// If everything is there it takes some tens of milliseconds and says nothing. Only one process at a
// time builds; others wait for it.
//
// What only one data plane needs is left out unless that data plane is named; Traefik is always
// there. If a named one needs a program that is never built, and the program is not available, the
// error is [ErrNoWheel].
//
// The working directory must be inside the repository.
func Prepare(ctx context.Context, progress io.Writer, planes ...DataPlane) (Assets, error) {
	root, err := repositoryRoot()
	if err != nil {
		return Assets{}, err
	}
	directory, err := Directory()
	if err != nil {
		return Assets{}, err
	}
	version, err := goVersion(ctx)
	if err != nil {
		return Assets{}, err
	}
	assets := Assets{CRDs: filepath.Join(directory, "crds")}
	missing := []program{}
	for _, wanted := range programs() {
		if wanted.plane != "" && !slices.Contains(planes, wanted.plane) {
			continue
		}
		path := wanted.ofUser()
		if path == "" {
			path = filepath.Join(directory, wanted.name)
			wanted.output = path
			wanted.source = filepath.Join(root, "tests", "cluster", wanted.module)
			if wanted.stamp, err = wanted.makeStamp(version); err != nil {
				return Assets{}, err
			}
			if !wanted.isThere() {
				missing = append(missing, wanted)
			}
		}
		*wanted.asset(&assets) = path
	}
	withEnvoy := slices.ContainsFunc(planes, func(plane DataPlane) bool { return plane.isCilium() || plane == Envoy })
	if withEnvoy {
		assets.Envoy = findEnvoy(ctx, directory, progress)
	}
	bundles := missingBundles(assets.CRDs)
	ciliums := missingCiliumCRDs(assets.CRDs, planes)
	if len(missing) == 0 && len(bundles) == 0 && len(ciliums) == 0 && (assets.Envoy != "" || !withEnvoy) {
		return assets, nil
	}
	unlock, err := lock(ctx, directory, progress)
	if err != nil {
		return Assets{}, err
	}
	defer unlock()
	if withEnvoy && assets.Envoy == "" {
		if assets.Envoy = findEnvoy(ctx, directory, io.Discard); assets.Envoy == "" { // Another process may have been faster.
			if assets.Envoy, err = fetchEnvoy(ctx, directory, progress); err != nil {
				return Assets{}, err
			}
		}
	}
	for _, bundle := range bundles {
		if err := downloadBundle(ctx, assets.CRDs, bundle, progress); err != nil {
			return Assets{}, err
		}
	}
	for _, release := range ciliums {
		if err := release.downloadCRDs(ctx, assets.CRDs, filepath.Join(root, "tests", "cluster"), progress); err != nil {
			return Assets{}, err
		}
	}
	return assets, buildAll(ctx, missing, progress)
}

// Directory returns the directory where Prepare keeps what it makes: bin/cluster of the repository.
func Directory() (string, error) {
	root, err := repositoryRoot()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "bin", "cluster"), nil
}

func (a Assets) encode() (string, error) {
	encoded, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("cannot encode the assets: %w", err)
	}
	return string(encoded), nil
}

// preparedAssets returns what Main prepared, as told by the environment.
func preparedAssets() (Assets, error) {
	encoded := os.Getenv(assetsVariable)
	if encoded == "" || !inside() {
		return Assets{}, errors.New("not in the private network: call cluster.Main from TestMain")
	}
	var assets Assets
	if err := json.Unmarshal([]byte(encoded), &assets); err != nil {
		return Assets{}, fmt.Errorf("cannot read %s: %w", assetsVariable, err)
	}
	return assets, nil
}

// repositoryRoot is the nearest directory, from the working directory up, that
// holds the charm's go.mod.
func repositoryRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cannot find the repository: %w", err)
	}
	for directory := start; ; directory = filepath.Dir(directory) {
		content, err := os.ReadFile(filepath.Join(directory, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module "+modulePath+"\n") {
			return directory, nil
		}
		if directory == filepath.Dir(directory) {
			return "", fmt.Errorf("cannot find the repository: no go.mod of %s in %s or above", modulePath, start)
		}
	}
}

// ofUser returns the path of a program that the user has, or "".
func (p program) ofUser() string {
	directory := os.Getenv("KUBEBUILDER_ASSETS")
	if directory == "" {
		return ""
	}
	path, err := filepath.Abs(filepath.Join(directory, p.name))
	if err != nil {
		return ""
	}
	if _, err := exec.LookPath(path); err != nil {
		return ""
	}
	return path
}

// tooOld says that what a program tells of its version, of which pattern finds major and
// minor, is not the least that is wanted or newer. Empty means nothing.
func tooOld(pattern *regexp.Regexp, output []byte, leastMajor, leastMinor int) string {
	found := pattern.FindSubmatch(output)
	if found == nil {
		return "it does not tell its version"
	}
	major, _ := strconv.Atoi(string(found[1]))
	minor, _ := strconv.Atoi(string(found[2]))
	if major < leastMajor || (major == leastMajor && minor < leastMinor) {
		return fmt.Sprintf("it is version %d.%d, older than %d.%d", major, minor, leastMajor, leastMinor)
	}
	return ""
}
