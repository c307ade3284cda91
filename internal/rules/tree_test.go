package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// ours is the path that all modules of this repository begin with.
const ours = "github.com/canonical/gateway-api-integrator"

// root is the repository, seen from this directory.
const root = "../.."

// check reports the complaints of one rule about this repository.
func check(t *testing.T, rule func(*testing.T, fs.FS) []string) {
	t.Helper()
	for _, complaint := range rule(t, os.DirFS(root)) {
		t.Error(complaint)
	}
}

// checkComplains shows a rule a tree of its own, and fails unless it complains
// just so.
func checkComplains(t *testing.T, rule func(*testing.T, fs.FS) []string, tree fs.FS, want ...string) {
	t.Helper()
	got := rule(t, tree)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got complaints\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// files returns the names of all files that people write: not those of git, nor
// those that builds leave behind.
func files(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(tree, ".", func(name string, file fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file.IsDir() && slices.Contains([]string{".git", ".cache", "bin"}, name):
			return fs.SkipDir
		case name == ".git":
			// In a linked worktree it is a file, which names a directory of this machine.
		case file.Type().IsRegular() && path.Ext(name) != ".charm":
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// source is one parsed Go file.
type source struct {
	name string // "internal/plan/plan.go"
	set  *token.FileSet
	*ast.File
}

// lines is how many lines the file has.
func (s source) lines() int {
	return s.set.File(s.FileStart).LineCount()
}

// line is where in the file a position is.
func (s source) line(position token.Pos) int {
	return s.set.Position(position).Line
}

// isTest reports whether only `go test` compiles the file.
func (s source) isTest() bool {
	return strings.HasSuffix(s.name, "_test.go")
}

// goFiles parses all Go files, but for those in testdata, which may be wrong on
// purpose.
func goFiles(t *testing.T, tree fs.FS) []source {
	t.Helper()
	var sources []source
	for _, name := range files(t, tree) {
		if path.Ext(name) != ".go" || slices.Contains(strings.Split(name, "/"), "testdata") {
			continue
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, content, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source{name, set, file})
	}
	return sources
}

// within reports whether a path is one of prefixes, or lies below one.
func within(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	})
}
