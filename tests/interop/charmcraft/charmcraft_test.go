package charmcraft_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/canonical/gateway-api-integrator/tests/interop/python"
)

// interpreter is the Python that has charmcraft.
var interpreter string

func TestMain(m *testing.M) {
	environment, err := python.Prepare(context.Background(), "requirements.txt", os.Stderr)
	if errors.Is(err, python.ErrUnavailable) && !python.Required() {
		if err = python.LeaveOut("charmcraft (tests/interop/charmcraft)", err); err == nil {
			return
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
	interpreter = environment.Interpreter
	os.Exit(m.Run())
}

const repository = "../../.."

// run runs a program in a directory, and gives what it writes to stdout.
func run(t *testing.T, directory string, argv ...string) []byte {
	t.Helper()
	output, err := try(t, directory, argv...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func try(t *testing.T, directory string, argv ...string) ([]byte, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	command.Dir = directory
	var stderr bytes.Buffer
	command.Stderr = &stderr
	state := t.TempDir()
	command.Env = append(os.Environ(), "XDG_STATE_HOME="+state, "XDG_DATA_HOME="+state, "XDG_CONFIG_HOME="+state, "XDG_RUNTIME_DIR="+state)
	output, err := command.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", strings.Join(argv, " "), err, output, stderr.Bytes())
	}
	return output, err
}

// project makes a repository of this tree's files, as they stand, with one commit.
func project(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	for name := range strings.SplitSeq(string(run(t, repository, "git", "ls-files", "-z")), "\x00") {
		content, err := os.ReadFile(filepath.Join(repository, name))
		if name == "" || errors.Is(err, fs.ErrNotExist) {
			continue // Removed, and not committed yet.
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(directory, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	run(t, directory, "git", "init", "--quiet")
	run(t, directory, "git", "add", "--all")
	run(t, directory, "git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "test: a tree")
	return directory
}

// packed packs the charm of a project by our own packer and gives its path.
func packed(t *testing.T, project, platform string) string {
	t.Helper()
	out := t.TempDir()
	run(t, filepath.Join(project, "internal", "tools"), "go", "run", "./packcharm", "-root", project, "-out", out, platform)
	return filepath.Join(out, "gateway-api-integrator_"+platform+".charm")
}

const platform = "ubuntu-24.04-" + runtime.GOARCH

// TestPack has charmcraft pack the charm. It holds the files that our packer packs,
// byte by byte, but for manifest.yaml, in which charmcraft tells of itself. Its linters
// look at ours.
func TestPack(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("pack.py")
	if err != nil {
		t.Fatal(err)
	}
	tree := project(t)
	made := packed(t, tree, platform)
	ours := contents(t, made)
	run(t, tree, interpreter, "-W", "ignore", script, "pack", "--destructive-mode", "--platform", platform)
	theirs := contents(t, filepath.Join(tree, "gateway-api-integrator_"+platform+".charm"))

	const manifest = "manifest.yaml"
	bases := func(files map[string]file) any {
		var read map[string]any
		if err := yaml.Unmarshal(files[manifest].content, &read); err != nil {
			t.Fatal(err)
		}
		return read["bases"]
	}
	if diff := cmp.Diff(bases(theirs), bases(ours)); diff != "" {
		t.Errorf("bases (-charmcraft +make charm):\n%s", diff)
	}
	for name, their := range theirs {
		our, packed := ours[name]
		switch {
		case !packed:
			t.Errorf("make charm does not pack %s", name)
		case name != manifest && !bytes.Equal(our.content, their.content):
			t.Errorf("%s differs: %d bytes by charmcraft, %d by make charm", name, len(their.content), len(our.content))
		case our.executable != their.executable:
			t.Errorf("%s is executable: %v by charmcraft, %v by make charm", name, their.executable, our.executable)
		}
	}
	for name := range ours {
		if _, packed := theirs[name]; !packed {
			t.Errorf("charmcraft does not pack %s", name)
		}
	}
	lint(t, made)
}

// file is one of a charm's.
type file struct {
	content    []byte
	executable bool
}

func contents(t *testing.T, charm string) map[string]file {
	t.Helper()
	archive, err := zip.OpenReader(charm)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]file{}
	for _, entry := range archive.File {
		reader, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err := errors.Join(err, reader.Close()); err != nil {
			t.Fatal(err)
		}
		files[entry.Name] = file{content, entry.Mode()&0o111 != 0}
	}
	return files
}

// lint has charmcraft's linters look at a charm.
func lint(t *testing.T, charm string) {
	t.Helper()
	var results []struct{ Name, Result string }
	report := run(t, t.TempDir(), interpreter, "-W", "ignore", "-m", "charmcraft", "analyse", "--format", "json", charm)
	if err := json.Unmarshal(report, &results); err != nil {
		t.Fatalf("%v\n%s", err, report)
	}
	got := map[string]string{}
	for _, result := range results {
		got[result.Name] = result.Result
	}
	// What there is of Python in a charm does not apply to a program.
	want := map[string]string{
		"language": "unknown", "framework": "unknown",
		"juju-actions": "ok", "juju-config": "ok", "metadata": "ok", "naming-conventions": "ok",
		"entrypoint": "nonapplicable", "ops-main-call": "nonapplicable", "additional-files": "nonapplicable",
		"pip-check": "nonapplicable", "pydeps": "nonapplicable",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("linters of charmcraft (-want +got):\n%s", diff)
	}
}

// TestProject has charmcraft read and validate the project: it finds the options and
// the actions in our files, and refuses them in two places.
func TestProject(t *testing.T) {
	t.Parallel()
	tree := project(t)
	expand := []string{interpreter, "-W", "ignore", "-m", "charmcraft", "expand-extensions"}
	var read struct {
		Name, Type, Base string
		Platforms        map[string]any
		Config           struct{ Options map[string]any }
		Actions          map[string]any
	}
	expanded := run(t, tree, expand...)
	if err := yaml.Unmarshal(expanded, &read); err != nil {
		t.Fatalf("%v\n%s", err, expanded)
	}
	if read.Name != "gateway-api-integrator" || read.Type != "charm" || read.Base != "ubuntu@24.04" || len(read.Platforms) != 2 {
		t.Errorf("charmcraft reads\n%s", expanded)
	}
	for name, got := range map[string]any{"config.yaml": map[string]any{"options": read.Config.Options}, "actions.yaml": read.Actions} {
		content, err := os.ReadFile(filepath.Join(tree, name))
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		if err := yaml.Unmarshal(content, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Errorf("%s (-ours +charmcraft's):\n%s", name, diff)
		}
	}

	path := filepath.Join(tree, "charmcraft.yaml")
	for name, more := range map[string]string{
		"actions in two places": "actions: {refresh: {description: twice}}\n",
		"a name in two places":  "name: other\n",
		"an unknown key":        "contact: nobody\n",
	} {
		content, err := os.ReadFile(filepath.Join(repository, "charmcraft.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(content, more...), 0o644); err != nil {
			t.Fatal(err)
		}
		if output, err := try(t, tree, expand...); err == nil {
			t.Errorf("charmcraft takes %s:\n%s", name, output)
		}
	}
}
