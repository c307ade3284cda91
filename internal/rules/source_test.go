package rules

import (
	"fmt"
	"go/ast"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPackagesAreDocumented(t *testing.T) {
	t.Parallel()
	check(t, undocumented)
	checkComplains(
		t, undocumented,
		fstest.MapFS{
			"good/doc.go":       {Data: []byte("// Package good is\n// good at\n// things.\npackage good\n")},
			"good/good.go":      {Data: []byte("package good\n")},
			"good/good_test.go": {Data: []byte("package good_test\n")},
			"silent/a.go":       {Data: []byte("package silent\n")},
			"short/doc.go":      {Data: []byte("// Package short is short.\npackage short\n")},
			"name/doc.go":       {Data: []byte("// Nothing\n// about\n// name.\npackage name\n")},
			"place/place.go":    {Data: []byte("// Package place is\n// in the wrong\n// place.\npackage place\n")},
			"twice/doc.go":      {Data: []byte("// Package twice is\n// said\n// twice.\npackage twice\n")},
			"twice/twice.go":    {Data: []byte("// Package twice is.\npackage twice\n")},
			"tests/a_test.go":   {Data: []byte("// Package tests has\n// tests\n// only.\npackage tests\n")},
			"cmd/run/main.go":   {Data: []byte("// Command run runs\n// and\n// runs.\npackage main\n")},
			"cmd/bad/main.go":   {Data: []byte("// Package main is\n// not a\n// command.\npackage main\n")},
		},
		`silent: no package comment`,
		`short: the package comment has 1 lines, want 3 or more: what it is for, its place in the flow, what it must not do`,
		`name: the package comment begins "Nothing", want "Package name "`,
		`place: the package comment is in place.go, want it in doc.go`,
		`twice: package comments in doc.go and twice.go, want one`,
		`cmd/bad: the package comment begins "Package main is", want "Command bad "`,
	)
}

// undocumented tells which packages do not say what they are for.
func undocumented(t *testing.T, tree fs.FS) []string {
	packages := map[string][]source{}
	for _, source := range goFiles(t, tree) {
		packages[path.Dir(source.name)] = append(packages[path.Dir(source.name)], source)
	}
	var complaints []string
	for _, directory := range slices.Sorted(maps.Keys(packages)) {
		sources := packages[directory]
		var documents []source
		var names []string
		onlyTests := true
		for _, source := range sources {
			onlyTests = onlyTests && source.isTest()
			if source.Doc != nil {
				documents = append(documents, source)
				names = append(names, path.Base(source.name))
			}
		}
		complain := func(format string, args ...any) {
			complaints = append(complaints, directory+": "+fmt.Sprintf(format, args...))
		}
		switch len(documents) {
		case 0:
			complain("no package comment")
			continue
		case 1:
		default:
			complain("package comments in %s, want one", strings.Join(names, " and "))
			continue
		}
		document := documents[0]
		text := strings.TrimSpace(document.Doc.Text())
		begin := "Package " + document.Name.Name + " "
		if document.Name.Name == "main" {
			begin = "Command " + path.Base(directory) + " "
		}
		first, _, _ := strings.Cut(text, "\n")
		switch lines := strings.Count(text, "\n") + 1; {
		case !strings.HasPrefix(text, begin):
			complain("the package comment begins %q, want %q", first, begin)
		case lines < 3:
			complain("the package comment has %d lines, want 3 or more: what it is for, its place in the flow, what it must not do", lines)
		case names[0] != "doc.go" && document.Name.Name != "main" && !onlyTests:
			complain("the package comment is in %s, want it in doc.go", names[0])
		}
	}
	return complaints
}

func TestFilesAreSmall(t *testing.T) {
	t.Parallel()
	check(t, tooLong)
	lines := func(count int) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("package p\n" + strings.Repeat("//\n", count-1))}
	}
	checkComplains(
		t, tooLong,
		fstest.MapFS{"a.go": lines(500), "b.go": lines(501), "c_test.go": lines(600), "d_test.go": lines(601)},
		"b.go has 501 lines, want 500 at most: split it by what it is about",
		"d_test.go has 601 lines, want 600 at most: split it by what it is about",
	)
}

// tooLong tells which Go files nobody will read to the end.
func tooLong(t *testing.T, tree fs.FS) []string {
	var complaints []string
	for _, source := range goFiles(t, tree) {
		limit := 500
		if source.isTest() {
			limit = 600
		}
		if source.lines() > limit {
			complaints = append(complaints, fmt.Sprintf("%s has %d lines, want %d at most: split it by what it is about", source.name, source.lines(), limit))
		}
	}
	return complaints
}

func TestNothingRunsUnasked(t *testing.T) {
	t.Parallel()
	check(t, initFunctions)
	checkComplains(
		t, initFunctions,
		fstest.MapFS{"a.go": {Data: []byte("package a\n\nfunc init() {}\n\ntype t struct{}\n\nfunc (t) init() {}\n")}},
		"a.go:3: no init functions: whoever reads main must see what runs",
	)
}

func initFunctions(t *testing.T, tree fs.FS) []string {
	var complaints []string
	for _, source := range goFiles(t, tree) {
		for _, declaration := range source.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				complaints = append(complaints, fmt.Sprintf("%s:%d: no init functions: whoever reads main must see what runs", source.name, source.line(function.Pos())))
			}
		}
	}
	return complaints
}

func TestDecisionsKnowNoClock(t *testing.T) {
	t.Parallel()
	check(t, clocks)
	checkComplains(
		t, clocks,
		fstest.MapFS{
			"internal/plan/a.go":         {Data: []byte("package plan\n\nimport \"time\"\n\nvar a = time.Now()\n")},
			"internal/state/b.go":        {Data: []byte("package state\n\nimport clock \"time\"\n\nvar b = clock.Since\n")},
			"internal/state/c.go":        {Data: []byte("package state\n\nimport . \"time\"\n")},
			"internal/plan/d.go":         {Data: []byte("package plan\n\nimport \"time\"\n\nvar d = time.Hour\n")},
			"internal/plan/e_test.go":    {Data: []byte("package plan\n\nimport \"time\"\n\nvar e = time.Now()\n")},
			"internal/kube/f.go":         {Data: []byte("package kube\n\nimport \"time\"\n\nvar f = time.Now()\n")},
			"internal/kube/rollout/g.go": {Data: []byte("package rollout\n\nimport \"time\"\n\nvar g = time.Now()\n")},
		},
		"internal/plan/a.go:5: no time.Now in decisions: take the time as an argument",
		"internal/kube/rollout/g.go:5: no time.Now in decisions: take the time as an argument",
		"internal/state/b.go:5: no time.Since in decisions: take the time as an argument",
		"internal/state/c.go:3: no time by another name than its own or one that says so",
	)
}

// clocks tells where plan, state or rollout ask what time it is, or wait. That they
// import no other source of surprise is for the import rules to tell.
func clocks(t *testing.T, tree fs.FS) []string {
	reading := []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep"}
	var complaints []string
	for _, source := range goFiles(t, tree) {
		if source.isTest() || !within(source.name, []string{"internal/plan", "internal/state", "internal/kube/rollout"}) {
			continue
		}
		name := ""
		for _, spec := range source.Imports {
			if spec.Path.Value != `"time"` {
				continue
			}
			name = "time"
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if name == "." {
				complaints = append(complaints, fmt.Sprintf("%s:%d: no time by another name than its own or one that says so", source.name, source.line(spec.Pos())))
			}
		}
		if name == "" {
			continue
		}
		for node := range ast.Preorder(source.File) {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			if left, ok := selector.X.(*ast.Ident); ok && left.Name == name && slices.Contains(reading, selector.Sel.Name) {
				complaints = append(complaints, fmt.Sprintf("%s:%d: no time.%s in decisions: take the time as an argument", source.name, source.line(selector.Pos()), selector.Sel.Name))
			}
		}
	}
	return complaints
}

func TestNoTestIsSkipped(t *testing.T) {
	t.Parallel()
	check(t, skips)
	call := func(name string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("package a\n\nimport \"testing\"\n\nfunc f(tb testing.TB) { tb." + name + "() }\n")}
	}
	checkComplains(
		t, skips,
		fstest.MapFS{
			"a_test.go":    call("Skip"),
			"b.go":         call("Skipf"),
			"c_test.go":    call("SkipNow"),
			"d_test.go":    {Data: []byte("package a\n\nimport \"testing\"\n\nvar short = testing.Short()\n")},
			"e_test.go":    call("Fatal"),
			"f/decoder.go": {Data: []byte("package f\n\nfunc f(d decoder) { d.Skip() }\n")},
		},
		"a_test.go:5: no Skip: a test that did not run says nothing",
		"b.go:5: no Skipf: a test that did not run says nothing",
		"c_test.go:5: no SkipNow: a test that did not run says nothing",
		"d_test.go:5: no Short: a test that did not run says nothing",
	)
}

// skips tells where a test gives itself up without failing. Files that do not
// import testing may have something else to skip.
func skips(t *testing.T, tree fs.FS) []string {
	var complaints []string
	for _, source := range goFiles(t, tree) {
		if !slices.ContainsFunc(source.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"testing"` }) {
			continue
		}
		for node := range ast.Preorder(source.File) {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				continue
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow", "Short"}, selector.Sel.Name) {
				complaints = append(complaints, fmt.Sprintf("%s:%d: no %s: a test that did not run says nothing", source.name, source.line(call.Pos()), selector.Sel.Name))
			}
		}
	}
	return complaints
}

func TestImportsStandInGroups(t *testing.T) {
	t.Parallel()
	check(t, importGroups)
	imports := func(lines ...string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("package a\n\nimport (\n" + strings.Join(lines, "\n") + "\n)\n")}
	}
	own := `"` + ours + `/internal/plan"`
	checkComplains(
		t, importGroups,
		fstest.MapFS{
			"a.go": imports(`"fmt"`, `"os"`, ``, `"k8s.io/api"`, ``, own),
			"b.go": imports(`"fmt"`, ``, own, ``, `"k8s.io/api"`),
			"c.go": imports(`"fmt"`, ``, `"k8s.io/api"`, own),
			"d.go": imports(`"fmt"`, ``, `"os"`),
			"e.go": imports(`"github.com/stretchr/testify/assert"`),
		},
		"b.go:8: imports in three groups: Go's, others', ours; k8s.io/api comes too late",
		"c.go:7: imports in three groups: Go's, others', ours; an empty line before "+ours+"/internal/plan",
		"d.go:6: imports in three groups: Go's, others', ours; no empty line before os",
		"e.go:4: github.com/stretchr/testify/assert: tests are written with testing and go-cmp alone",
	)
}

// importGroups tells which files do not show at a glance what they build on.
func importGroups(t *testing.T, tree fs.FS) []string {
	frameworks := []string{"github.com/stretchr/testify", "github.com/onsi", "github.com/golang/mock", "go.uber.org/mock"}
	var complaints []string
	for _, source := range goFiles(t, tree) {
		last, lastLine := -1, 0
		for _, spec := range source.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			line := source.line(spec.Pos())
			complain := func(message string) {
				complaints = append(complaints, fmt.Sprintf("%s:%d: %s", source.name, line, message))
			}
			if within(imported, frameworks) {
				complain(imported + ": tests are written with testing and go-cmp alone")
			}
			group := 1
			switch {
			case within(imported, []string{ours}):
				group = 2
			case isStandard(imported):
				group = 0
			}
			const rule = "imports in three groups: Go's, others', ours; "
			gap := line > lastLine+1
			switch {
			case group < last:
				complain(rule + imported + " comes too late")
			case last >= 0 && group > last && !gap:
				complain(rule + "an empty line before " + imported)
			case group == last && gap && spec.Doc == nil:
				complain(rule + "no empty line before " + imported)
			}
			last, lastLine = group, source.line(spec.End())
		}
	}
	return complaints
}
