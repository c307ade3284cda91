package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// project is what the packer has to know of a charm before it packs it.
type project struct {
	root      string              // the charm's directory
	name      string              // metadata.yaml: "gateway-api-integrator"
	base      base                // charmcraft.yaml: "ubuntu@24.04"
	platforms map[string]platform // charmcraft.yaml, by name: "ubuntu-24.04-amd64"
}

// base is the distribution a charm runs on.
type base struct {
	name    string // "ubuntu"
	channel string // "24.04"
}

// platform is one entry of charmcraft's platforms; the label is the map's key.
type platform struct {
	BuildOn  []string `yaml:"build-on"`
	BuildFor []string `yaml:"build-for"`
}

// readProject reads charmcraft.yaml and metadata.yaml in root.
func readProject(root string) (project, error) {
	charm := project{root: root}
	var metadata struct {
		Name string `yaml:"name"`
	}
	if err := readYAML(filepath.Join(root, "metadata.yaml"), &metadata); err != nil {
		return project{}, err
	}
	if metadata.Name == "" {
		return project{}, fmt.Errorf("metadata.yaml names no charm")
	}
	charm.name = metadata.Name

	var charmcraft struct {
		Base      string              `yaml:"base"`
		Platforms map[string]platform `yaml:"platforms"`
	}
	if err := readYAML(filepath.Join(root, "charmcraft.yaml"), &charmcraft); err != nil {
		return project{}, err
	}
	name, channel, found := strings.Cut(charmcraft.Base, "@")
	if !found || name == "" || channel == "" {
		return project{}, fmt.Errorf("charmcraft.yaml has base %q, want one like ubuntu@24.04", charmcraft.Base)
	}
	charm.base = base{name: name, channel: channel}
	if len(charmcraft.Platforms) == 0 {
		return project{}, fmt.Errorf("charmcraft.yaml has no platforms")
	}
	charm.platforms = charmcraft.Platforms
	return charm, nil
}

// platformNames returns the names of all platforms, sorted.
func (c project) platformNames() []string {
	return slices.Sorted(maps.Keys(c.platforms))
}

// fileName is the charm's file for a platform, as charmcraft would call it.
func (c project) fileName(platform string) string {
	return c.name + "_" + platform + ".charm"
}

// architecture returns the one architecture that a platform is built for, in
// the words of Juju and Debian ("amd64", "arm64"), which are Go's too.
func (c project) architecture(name string) (string, error) {
	platform, found := c.platforms[name]
	if !found {
		return "", fmt.Errorf("charmcraft.yaml has no platform %q, only %s", name, strings.Join(c.platformNames(), ", "))
	}
	if len(platform.BuildFor) != 1 {
		return "", fmt.Errorf("platform %q is built for %q, want one architecture", name, platform.BuildFor)
	}
	switch arch := platform.BuildFor[0]; arch {
	case "amd64", "arm64", "riscv64", "s390x":
		return arch, nil
	default:
		// Others have another name in Go (ppc64el is ppc64le): nobody asked for them.
		return "", fmt.Errorf("platform %q is built for %q, which the packer does not know", name, arch)
	}
}

func readYAML(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", filepath.Base(path), err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("cannot parse %s: %w", filepath.Base(path), err)
	}
	return nil
}
