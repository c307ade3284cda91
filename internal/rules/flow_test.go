package rules

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// flowing are the packages whose doc.go lists their files in an order, so that the way through
// them can be read: a file refers to files above it in the list, and to no others.
var flowing = []string{"internal/plan"}

func TestFilesReferUpwards(t *testing.T) {
	for _, dir := range flowing {
		for _, complaint := range flowComplaints(t, filepath.Join(root, dir)) {
			t.Errorf("%s: %s", dir, complaint)
		}
	}
}

// A flowListing begins with these words in a doc.go.
const flowListing = "A file refers to files above it in this list"

// flowComplaints holds the references of a package's files against the list in its doc.go.
func flowComplaints(t *testing.T, dir string) []string {
	t.Helper()
	fset := token.NewFileSet()
	parsed := map[string]*ast.File{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".go")
		if strings.HasSuffix(name, "_test") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed[name] = file
	}
	if parsed["doc"] == nil {
		return []string{"there is no doc.go"}
	}
	order := flowOrder(parsed["doc"])
	var complaints []string
	for name := range parsed {
		if name != "doc" && !slices.Contains(order, name) {
			complaints = append(complaints, "doc.go does not list "+name+".go")
		}
	}
	for _, name := range order {
		if parsed[name] == nil {
			complaints = append(complaints, "doc.go lists "+name+".go, which is not there")
		}
	}
	complaints = append(complaints, backReferences(t, dir, fset, parsed, order)...)
	slices.Sort(complaints)
	return slices.Compact(complaints)
}

// flowOrder reads the list: the indented lines after the words, up to the next that are not.
func flowOrder(doc *ast.File) []string {
	_, listing, _ := strings.Cut(doc.Doc.Text(), flowListing)
	var order []string
	for _, line := range strings.Split(listing, "\n")[1:] {
		switch {
		case strings.HasPrefix(line, "\t"):
			order = append(order, strings.Fields(line)...)
		case line != "" && len(order) > 0:
			return order
		}
	}
	return order
}

// backReferences names what files refer to further down in the order.
func backReferences(t *testing.T, dir string, fset *token.FileSet, parsed map[string]*ast.File, order []string) []string {
	t.Helper()
	var files []*ast.File
	for _, file := range parsed {
		files = append(files, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", exportData(t, dir))}
	checked, err := config.Check("p", fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	fileOf := func(pos token.Pos) string {
		return strings.TrimSuffix(filepath.Base(fset.Position(pos).Filename), ".go")
	}
	var complaints []string
	for use, object := range info.Uses {
		function, _ := object.(*types.Func)
		method := function != nil && function.Signature().Recv() != nil
		if object.Pkg() != checked || !method && checked.Scope().Lookup(object.Name()) != object {
			continue
		}
		from, to := fileOf(use.Pos()), fileOf(object.Pos())
		if slices.Index(order, to) > slices.Index(order, from) {
			complaints = append(complaints, fmt.Sprintf("%s.go refers to %s, which is further down, in %s.go", from, object.Name(), to))
		}
	}
	return complaints
}

// exportData returns the compiled form of what a package imports, from the cache of the go command.
func exportData(t *testing.T, dir string) importer.Lookup {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".")
	list.Dir = dir
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if importPath, path, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			paths[importPath] = path
		}
	}
	return func(importPath string) (io.ReadCloser, error) { return os.Open(paths[importPath]) }
}

func TestFlowSeesABadTree(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":      "module p\n\ngo 1.26\n",
		"doc.go":      "// Package p flows.\n//\n// " + flowListing + ", and to no others.\n//\n//\tfirst second\n//\tgone\n//\n// More.\npackage p\n",
		"first.go":    "package p\n\nfunc first() { t{}.last() }\n",
		"second.go":   "package p\n\nimport \"strings\"\n\ntype t struct{}\n\nfunc (t) last() { first(); strings.Clone(\"\") }\n",
		"unlisted.go": "package p\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, want := flowComplaints(t, dir), []string{
		"doc.go does not list unlisted.go",
		"doc.go lists gone.go, which is not there",
		"first.go refers to last, which is further down, in second.go",
		"first.go refers to t, which is further down, in second.go",
	}
	if !slices.Equal(got, want) {
		t.Errorf("complaints:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
