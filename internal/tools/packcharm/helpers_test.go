package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repository is where the charm is, seen from this directory.
const repository = "../../.."

// copyCharm copies what a charm is packed from into directory, without the
// repository's history, and returns what the packer reads there.
func copyCharm(t *testing.T, directory string) project {
	t.Helper()
	// The tests, and what a developer may have lying about.
	skipped := []string{".git", ".cache", "bin", "tests"}
	err := filepath.WalkDir(repository, func(path string, file fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(repository, path)
		if err != nil {
			return err
		}
		target := filepath.Join(directory, relative)
		switch {
		case slices.Contains(skipped, relative) && file.IsDir():
			return fs.SkipDir
		case slices.Contains(skipped, relative): // .git, in a worktree
			return nil
		case file.IsDir():
			return os.MkdirAll(target, 0o755)
		case strings.HasSuffix(relative, ".charm"):
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	charm, err := readProject(directory)
	if err != nil {
		t.Fatal(err)
	}
	return charm
}

// smallCharm makes a charm in directory that holds the least there may be, and
// builds in no time.
func smallCharm(t *testing.T, directory string) {
	t.Helper()
	writeFiles(t, directory, map[string]string{
		"LICENSE":           "Do as you like.\n",
		"actions.yaml":      "wave: {description: Wave.}\n",
		"config.yaml":       "options: {}\n",
		"metadata.yaml":     "name: small\n",
		"charmcraft.yaml":   "base: ubuntu@24.04\nplatforms:\n  one: {build-on: [amd64], build-for: [arm64]}\n",
		"go.mod":            "module example.com/small\n\ngo 1.26.0\n",
		"cmd/small/main.go": "package main\n\nfunc main() { println(\"small\") }\n",
	})
}

func writeFiles(t *testing.T, directory string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// packed packs a charm and returns the zip's bytes and, by name, its files.
func packed(t *testing.T, charm project, platform string) ([]byte, map[string]packedFile) {
	t.Helper()
	content, err := pack(t.Context(), charm, platform)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]packedFile{}
	for _, file := range reader.File {
		open, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		// The zip reader checks the sum of what it reads to the end.
		content, err := io.ReadAll(open)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := files[file.Name]; twice {
			t.Errorf("%s is in the charm twice", file.Name)
		}
		files[file.Name] = packedFile{mode: file.Mode(), content: content}
	}
	return content, files
}

// packedFile is a file as somebody who unpacks a charm finds it.
type packedFile struct {
	mode    fs.FileMode
	content []byte
}
