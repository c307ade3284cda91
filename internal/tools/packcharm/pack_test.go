package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRunWritesCharms(t *testing.T) {
	t.Parallel()
	root, out := t.TempDir(), t.TempDir()
	smallCharm(t, root)
	var stdout bytes.Buffer
	if err := run(t.Context(), []string{"-root", root, "-out", out}, &stdout); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(out, "small_one.charm"))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("small_one.charm  %d bytes  sha256:%x\n", len(content), sha256.Sum256(content))
	if stdout.String() != want {
		t.Errorf("got %q, want %q", stdout.String(), want)
	}
	files, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Errorf("got files %v, want the charm only", files)
	}
	_, unpacked := packed(t, project{
		root: root, name: "small", base: base{"ubuntu", "24.04"},
		platforms: map[string]platform{"one": {BuildFor: []string{"arm64"}}},
	}, "one")
	if _, found := unpacked["README.md"]; found {
		t.Error("the charm holds a README.md that its directory has not")
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files map[string]string // written over the small charm; "" removes
		args  []string
		want  string
	}{
		"unknown platform":         {args: []string{"ubuntu-24.04-z80"}, want: `charmcraft.yaml has no platform "ubuntu-24.04-z80", only one`},
		"unknown flag":             {args: []string{"-x"}, want: "flag provided but not defined"},
		"no metadata":              {files: map[string]string{"metadata.yaml": ""}, want: "cannot read metadata.yaml"},
		"no charmcraft.yaml":       {files: map[string]string{"charmcraft.yaml": ""}, want: "cannot read charmcraft.yaml"},
		"no licence":               {files: map[string]string{"LICENSE": ""}, want: "cannot read LICENSE"},
		"no config":                {files: map[string]string{"config.yaml": ""}, want: "cannot read config.yaml"},
		"no actions":               {files: map[string]string{"actions.yaml": ""}, want: "cannot read actions.yaml"},
		"no name":                  {files: map[string]string{"metadata.yaml": "summary: x\n"}, want: "metadata.yaml names no charm"},
		"broken metadata":          {files: map[string]string{"metadata.yaml": "name: {\n"}, want: "cannot parse metadata.yaml"},
		"key given twice":          {files: map[string]string{"metadata.yaml": "name: a\nname: b\n"}, want: "cannot parse metadata.yaml"},
		"no base":                  {files: map[string]string{"charmcraft.yaml": "platforms: {one: {build-for: [amd64]}}\n"}, want: "has base \"\""},
		"no platforms":             {files: map[string]string{"charmcraft.yaml": "base: ubuntu@24.04\n"}, want: "has no platforms"},
		"two architectures":        {files: map[string]string{"charmcraft.yaml": "base: ubuntu@24.04\nplatforms: {one: {build-for: [amd64, arm64]}}\n"}, want: "want one architecture"},
		"unknown architecture":     {files: map[string]string{"charmcraft.yaml": "base: ubuntu@24.04\nplatforms: {one: {build-for: [ppc64el]}}\n"}, want: "does not know"},
		"program does not compile": {files: map[string]string{"cmd/small/main.go": "package main\n"}, want: "cannot build ./cmd/small"},
		"history cannot be read":   {files: map[string]string{".git": "no repository\n"}, want: "cannot name version"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, out := t.TempDir(), t.TempDir()
			smallCharm(t, root)
			for file, content := range test.files {
				if content != "" {
					writeFiles(t, root, map[string]string{file: content})
				} else if err := os.Remove(filepath.Join(root, file)); err != nil {
					t.Fatal(err)
				}
			}
			err := run(t.Context(), append([]string{"-root", root, "-out", out}, test.args...), &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that says %q", err, test.want)
			}
			files, err := os.ReadDir(out)
			if err != nil {
				t.Fatal(err)
			}
			if len(files) != 0 {
				t.Errorf("a failed run left %v", files)
			}
		})
	}
}

func TestArchiveIsSorted(t *testing.T) {
	t.Parallel()
	entries := []entry{{"b", 0o644, []byte("2")}, {"a", 0o755, []byte("1")}, {"c", 0o644, nil}}
	one, err := archive(slices.Clone(entries))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(entries)
	other, err := archive(entries)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, other) {
		t.Error("the order of files changes the archive")
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	writeFiles(t, root, map[string]string{"file": "one\n", "nested/file": "x\n"})
	commit(t, root, "v1.2.3")
	check := func(directory, want string) {
		t.Helper()
		got, err := describe(t.Context(), directory)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("version of %s is %q, want %q", filepath.Base(directory), got, want)
		}
	}
	check(root, "v1.2.3")
	// A copy that lies in somebody else's repository has not got its version.
	check(filepath.Join(root, "nested"), unversioned)
	writeFiles(t, root, map[string]string{"file": "two\n"})
	check(root, "v1.2.3-dirty")
}

// commit makes a repository of directory, with everything in it committed and
// tagged.
func commit(t *testing.T, directory, tag string) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "-q"},
		{"add", "--all"},
		{"commit", "-q", "-m", "test"},
		{"tag", "-a", "-m", "test", tag},
	} {
		command := exec.Command("git", args...)
		command.Dir = directory
		// Nothing of the developer's own settings, such as signing.
		command.Env = append(
			os.Environ(),
			"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com",
			"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.com",
		)
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
}
