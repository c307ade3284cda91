package main

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// TestCharm packs this repository's charm and looks at it as Juju would.
func TestCharm(t *testing.T) {
	t.Parallel()
	charm := copyCharm(t, t.TempDir())
	want := map[string]struct {
		arch    string
		machine elf.Machine
	}{
		"ubuntu-24.04-amd64": {"amd64", elf.EM_X86_64},
		"ubuntu-24.04-arm64": {"arm64", elf.EM_AARCH64},
	}
	if len(charm.platforms) != len(want) {
		t.Errorf("charmcraft.yaml has platforms %q, want amd64 and arm64", charm.platformNames())
	}
	for platform, want := range want {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			if got, want := charm.fileName(platform), "gateway-api-integrator_"+platform+".charm"; got != want {
				t.Errorf("the file is called %s, want %s", got, want)
			}
			_, files := packed(t, charm, platform)
			checkNames(t, files)
			checkManifest(t, files["manifest.yaml"].content, want.arch)
			checkProgram(t, files["dispatch"], want.machine)
			checkSupply(t, files)
			for _, name := range []string{"LICENSE", "actions.yaml", "config.yaml", "icon.svg", "metadata.yaml"} {
				source, err := os.ReadFile(filepath.Join(charm.root, name))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(files[name].content, source) {
					t.Errorf("%s in the charm is not the file in the repository", name)
				}
			}
			if !bytes.Contains(files["LICENSE"].content, []byte("Apache License")) {
				t.Error("LICENSE is not the Apache License")
			}
			if got := string(files["version"].content); got != unversioned+"\n" {
				t.Errorf("version of a tree without history is %q", got)
			}
		})
	}
}

// checkNames looks for the files that Juju reads, and for any that nobody meant
// to ship.
func checkNames(t *testing.T, files map[string]packedFile) {
	t.Helper()
	required := []string{
		"LICENSE", "actions.yaml", "config.yaml", "dispatch", "icon.svg", "manifest.yaml", "metadata.yaml", "version",
		"sbom.cdx.json", "third-party-licenses.txt",
	}
	for _, name := range required {
		if _, found := files[name]; !found {
			t.Errorf("the charm has no %s", name)
		}
	}
	for name, file := range files {
		if name != "README.md" && !slices.Contains(required, name) {
			t.Errorf("the charm holds %s, which it has no use for", name)
		}
		want := os.FileMode(0o644)
		if name == "dispatch" {
			// Juju mends a lost exec bit under hooks/, but not here.
			want = 0o755
		}
		if file.mode != want {
			t.Errorf("%s has mode %v, want the regular file %v", name, file.mode, want)
		}
	}
}

// checkManifest looks for the bases that make Juju take it for a charm of today.
func checkManifest(t *testing.T, content []byte, arch string) {
	t.Helper()
	var manifest map[string]any
	if err := yaml.Unmarshal(content, &manifest); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"bases": []any{map[string]any{
		"name":          "ubuntu",
		"channel":       "24.04",
		"architectures": []any{arch},
	}}}
	if diff := cmp.Diff(want, manifest); diff != "" {
		t.Errorf("manifest.yaml (-want +got):\n%s", diff)
	}
}

// checkProgram looks whether a container of this machine can run the program
// whatever else its image holds.
func checkProgram(t *testing.T, file packedFile, machine elf.Machine) {
	t.Helper()
	program, err := elf.NewFile(bytes.NewReader(file.content))
	if err != nil {
		t.Fatalf("dispatch is no executable: %v", err)
	}
	if program.Machine != machine {
		t.Errorf("dispatch is for %v, want %v", program.Machine, machine)
	}
	if program.Type != elf.ET_EXEC {
		t.Errorf("dispatch is of type %v, want %v", program.Type, elf.ET_EXEC)
	}
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Errorf("dispatch is not static: it has %v", part.Type)
		}
	}
	// Juju copies the charm into each unit's pod, and the kernel reads it for
	// each event.
	if limit := 16 << 20; len(file.content) > limit {
		t.Errorf("dispatch has %d bytes, want %d at most", len(file.content), limit)
	}
	t.Logf("dispatch for %v: %d bytes", machine, len(file.content))
}

// TestSameTreeSameBytes packs two copies of the charm that lie at different
// paths.
func TestSameTreeSameBytes(t *testing.T) {
	t.Parallel()
	near := filepath.Join(t.TempDir(), "near")
	far := filepath.Join(t.TempDir(), "a", "directory", "of", "another", "length")
	first := copyCharm(t, near)
	// Copied from the copy: somebody may be editing the repository.
	if err := os.CopyFS(far, os.DirFS(near)); err != nil {
		t.Fatal(err)
	}
	second, err := readProject(far)
	if err != nil {
		t.Fatal(err)
	}
	const platform = "ubuntu-24.04-amd64"
	one, _ := packed(t, first, platform)
	other, files := packed(t, second, platform)
	if !bytes.Equal(one, other) {
		t.Errorf("the same tree gave %d bytes and %d other bytes", len(one), len(other))
	}
	for _, path := range []string{near, far} {
		if bytes.Contains(files["dispatch"].content, []byte(path)) {
			t.Errorf("dispatch tells where it was built: %s", path)
		}
	}
}

// TestCharmcraftPacksTheSame runs the script in charmcraft.yaml as charmcraft
// would, and compares what it installs with what the packer packs.
func TestCharmcraftPacksTheSame(t *testing.T) {
	t.Parallel()
	charm := copyCharm(t, t.TempDir())
	writeFiles(t, charm.root, map[string]string{"README.md": "# A charm\n"})
	_, files := packed(t, charm, "ubuntu-24.04-amd64")

	var charmcraft struct {
		Type  string
		Parts map[string]struct {
			Plugin        string
			Source        string
			OverrideBuild string `yaml:"override-build"`
		}
	}
	if err := readYAML(filepath.Join(charm.root, "charmcraft.yaml"), &charmcraft); err != nil {
		t.Fatal(err)
	}
	part := charmcraft.Parts["charm"]
	if charmcraft.Type != "charm" || len(charmcraft.Parts) != 1 || part.Plugin != "nil" || part.Source != "." {
		t.Fatalf("charmcraft.yaml is not of one part that is built here by its own script: %+v", charmcraft)
	}

	// The script asks git for the version, which here is a commit of this test.
	commit(t, charm.root, "v1")
	installed := t.TempDir()
	script := exec.Command("bash", "-euo", "pipefail", "-c", part.OverrideBuild)
	script.Dir = charm.root
	script.Env = append(os.Environ(), "CRAFT_ARCH_BUILD_FOR=amd64", "CRAFT_PROJECT_DIR="+charm.root, "CRAFT_PART_INSTALL="+installed)
	if output, err := script.CombinedOutput(); err != nil {
		t.Fatalf("override-build: %v\n%s", err, output)
	}
	for _, name := range []string{"dispatch", "LICENSE", "README.md", "icon.svg", "third-party-licenses.txt"} {
		content, err := os.ReadFile(filepath.Join(installed, name))
		if err != nil {
			t.Errorf("charmcraft would ship no %s: %v", name, err)
			continue
		}
		if !bytes.Equal(content, files[name].content) {
			t.Errorf("charmcraft would ship another %s (%d bytes) than the packer (%d bytes)", name, len(content), len(files[name].content))
		}
		info, err := os.Stat(filepath.Join(installed, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != files[name].mode {
			t.Errorf("charmcraft would ship %s with mode %v, the packer with %v", name, info.Mode(), files[name].mode)
		}
	}
	bom, err := os.ReadFile(filepath.Join(installed, "sbom.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	if want := bytes.Replace(files["sbom.cdx.json"].content, []byte(unversioned), []byte("v1"), 1); !bytes.Equal(bom, want) {
		t.Errorf("charmcraft would ship another bill of materials:\n%s", cmp.Diff(string(want), string(bom)))
	}
	version, err := os.ReadFile(filepath.Join(installed, "version"))
	if err != nil {
		t.Fatal(err)
	}
	packer, err := describe(t.Context(), charm.root)
	if err != nil {
		t.Fatal(err)
	}
	if string(version) != packer+"\n" {
		t.Errorf("charmcraft would ship version %q, the packer %q", version, packer)
	}
}

// TestKeysStandInOneFile guards against keys of charmcraft.yaml that charmcraft
// refuses, or leaves out of the charm without a word, because Juju's own files
// are there.
func TestKeysStandInOneFile(t *testing.T) {
	t.Parallel()
	var charmcraft, metadata map[string]any
	if err := readYAML(filepath.Join(repository, "charmcraft.yaml"), &charmcraft); err != nil {
		t.Fatal(err)
	}
	if err := readYAML(filepath.Join(repository, "metadata.yaml"), &metadata); err != nil {
		t.Fatal(err)
	}
	for key := range charmcraft {
		if _, twice := metadata[key]; twice {
			t.Errorf("%q stands in charmcraft.yaml and in metadata.yaml", key)
		}
		if !slices.Contains([]string{"type", "base", "platforms", "parts"}, key) {
			t.Errorf("%q in charmcraft.yaml would not reach the charm: metadata.yaml, config.yaml and actions.yaml are copied as they are", key)
		}
	}
}

// TestMetadata looks at what the charm tells Juju of itself.
func TestMetadata(t *testing.T) {
	t.Parallel()
	type endpoint struct {
		Interface, Description string
		Limit                  int
		Optional               bool
	}
	var metadata struct {
		Name        string
		DisplayName string `yaml:"display-name"`
		Summary     string
		Description string
		Assumes     []string
		Provides    map[string]endpoint
		Requires    map[string]endpoint
	}
	content, err := os.ReadFile(filepath.Join(repository, "metadata.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// Strict: no container, resource, storage or peer may slip in, since the
	// charm does nothing with them.
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&metadata); err != nil {
		t.Fatal(err)
	}
	if metadata.Name != "gateway-api-integrator" {
		t.Errorf("the charm is called %q", metadata.Name)
	}
	if metadata.Summary == "" || strings.ContainsAny(metadata.Summary, "\n") || metadata.Description == "" {
		t.Error("the charm has no one-line summary or no description")
	}
	if diff := cmp.Diff([]string{"k8s-api", "juju >= 3.3"}, metadata.Assumes); diff != "" {
		t.Errorf("assumes (-want +got):\n%s", diff)
	}
	got := map[string]endpoint{}
	for side, endpoints := range map[string]map[string]endpoint{"provides": metadata.Provides, "requires": metadata.Requires} {
		for name, endpoint := range endpoints {
			if endpoint.Description == "" {
				t.Errorf("%s is not described", name)
			}
			endpoint.Description = ""
			got[side+" "+name] = endpoint
		}
	}
	want := map[string]endpoint{
		"provides gateway":         {Interface: "ingress"},
		"provides gateway-route":   {Interface: "gateway-route"},
		"requires certificates":    {Interface: "tls-certificates", Limit: 1},
		"requires dns-record":      {Interface: "dns_record", Optional: true},
		"requires receive-ca-cert": {Interface: "certificate_transfer", Optional: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
}

// TestConfig looks at the options an operator can set: those that the Python charm has too are
// of its types and defaults.
func TestConfig(t *testing.T) {
	t.Parallel()
	type option struct {
		Type, Description string
		Default           any
	}
	var config struct{ Options map[string]option }
	if err := readYAML(filepath.Join(repository, "config.yaml"), &config); err != nil {
		t.Fatal(err)
	}
	pythons := map[string]option{
		"enforce-https":     {Type: "boolean", Default: true},
		"external-hostname": {Type: "string"},
		"gateway-class":     {Type: "string"},
	}
	for name, option := range config.Options {
		if option.Description == "" {
			t.Errorf("%s is not described", name)
		}
		option.Description = ""
		if want, ok := pythons[name]; ok && option != want {
			t.Errorf("%s is %+v, and was %+v", name, option, want)
		}
	}
	for name := range pythons {
		if config.Options[name].Type == "" {
			t.Errorf("there is no option %s any more", name)
		}
	}
}

// TestActions looks at the actions an operator can run: those that the Python charm has too are
// there.
func TestActions(t *testing.T) {
	t.Parallel()
	type action struct {
		Description          string
		Params               map[string]struct{ Type, Description string }
		Required             []string
		AdditionalProperties *bool `yaml:"additionalProperties"`
	}
	var actions map[string]action
	if err := readYAML(filepath.Join(repository, "actions.yaml"), &actions); err != nil {
		t.Fatal(err)
	}
	if pythons := actions["get-certificate"]; pythons.Params["hostname"].Type != "string" {
		t.Errorf("get-certificate takes %v, want a string hostname", pythons.Params)
	}
	for name, action := range actions {
		if action.Description == "" || len(action.Required) != 0 {
			t.Errorf("%s is not described, or requires %q: %q", name, action.Required, action.Description)
		}
		if action.AdditionalProperties == nil || *action.AdditionalProperties {
			t.Errorf("%s takes any parameter, so that a mistyped one goes unnoticed", name)
		}
		for param, is := range action.Params {
			if is.Type == "" || is.Description == "" {
				t.Errorf("%s: %s is %+v", name, param, is)
			}
		}
	}
}
