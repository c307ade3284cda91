package rules

import (
	"fmt"
	"go/ast"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// TestVerbs keeps doc comments of functions to Go's own verbs (Go Doc Comments, section
// Funcs): a function "returns", and one that gives a bool "reports whether".
func TestVerbs(t *testing.T) {
	t.Parallel()
	check(t, otherVerbs)
	checkComplains(
		t, otherVerbs,
		fstest.MapFS{
			"a.go": {Data: []byte("package a\n\n// one gives 1.\nfunc one() int { return 1 }\n\n// is says that it is.\nfunc is() bool { return true }\n\n" +
				"// was tells whether it was.\nfunc was() (bool, error) { return true, nil }\n")},
			"fine.go": {Data: []byte("package a\n\n// two returns 2.\nfunc two() int { return 2 }\n\n// reason says that it is not.\nfunc reason() string { return \"\" }\n")},
		},
		`a.go:4: one "gives"; in Go a function "returns"`,
		`a.go:7: is "says that"; in Go a function "reports whether"`,
		`a.go:10: was "tells whether"; in Go a function "reports whether"`,
	)
}

func otherVerbs(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var complaints []string
	for _, source := range goFiles(t, tree) {
		for _, declaration := range source.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if verb, better := otherVerb(function); verb != "" {
				complaints = append(complaints, fmt.Sprintf("%s:%d: %s %q; in Go a function %q", source.name, source.line(function.Pos()), function.Name.Name, verb, better))
			}
		}
	}
	return complaints
}

// otherVerb finds a verb in a function's doc comment that Go has another for.
func otherVerb(function *ast.FuncDecl) (verb, better string) {
	begins := func(verb string) bool {
		return strings.HasPrefix(function.Doc.Text(), function.Name.Name+" "+verb+" ")
	}
	switch {
	case begins("gives"):
		return "gives", "returns"
	case begins("tells whether"):
		return "tells whether", "reports whether"
	case begins("says that") && returnsBool(function):
		return "says that", "reports whether"
	default:
		return "", ""
	}
}

func returnsBool(function *ast.FuncDecl) bool {
	results := function.Type.Results
	if results == nil || len(results.List) != 1 {
		return false
	}
	identifier, ok := results.List[0].Type.(*ast.Ident)
	return ok && identifier.Name == "bool"
}
