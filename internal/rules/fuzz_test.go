package rules

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// decoders are functions that take apart what somebody else may have written.
var decoders = []string{
	"json.Unmarshal", "json.NewDecoder", "yaml.Unmarshal", "yaml.NewDecoder", "pem.Decode",
	"x509.ParseCertificate", "x509.ParseCertificateRequest", "x509.ParsePKCS1PrivateKey", "x509.ParsePKCS8PrivateKey",
}

func TestDecodersAreFuzzed(t *testing.T) {
	t.Parallel()
	check(t, unfuzzed)
	file := func(lines ...string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("package a\n\n" + strings.Join(lines, "\n") + "\n")}
	}
	fuzz := func(call string) *fstest.MapFile {
		return file("func FuzzIt(f *testing.F) { f.Fuzz(func(t *testing.T, s string) { " + call + " }) }")
	}
	checkComplains(
		t, unfuzzed,
		fstest.MapFS{
			"internal/good/a.go":      file("func Parse(s string) { json.Unmarshal(s) }", "func parse() {}", "func (t) Parse() {}"),
			"internal/good/a_test.go": fuzz("good.Parse(s)"),
			"internal/same/a.go":      file("func NormalizeURL(s string) {}"),
			"internal/same/a_test.go": fuzz("NormalizeURL(s)"),
			"internal/half/a.go":      file("func ParseIt(s string) {}", "func ParseOther(s string) {}"),
			"internal/half/a_test.go": fuzz("half.ParseIt(s)"),
			"internal/unit/a.go":      file("func DecodeIt(s string) {}"),
			"internal/unit/a_test.go": file("func TestIt(t *testing.T) { unit.DecodeIt(s) }"),
			"internal/bare/a.go":      file("func read(s []byte) { pem.Decode(s) }"),
			"internal/jujutest/a.go":  file("func Parse(s []byte) { pem.Decode(s) }"),
			"tests/lab/a.go":          file("func Parse(s []byte) { pem.Decode(s) }"),
		},
		"internal/half: no Fuzz function calls ParseOther",
		"internal/unit: no Fuzz function calls DecodeIt",
		"internal/bare: calls pem.Decode, and has no Fuzz function",
	)
}

// unfuzzed tells which packages of the charm read what others write, and have no fuzz target that
// does so: of exported functions it looks for each, of others for any target in the package.
func unfuzzed(t *testing.T, tree fs.FS) []string {
	type found struct{ parsers, decodes, fuzzed []string }
	packages := map[string]*found{}
	var names []string
	for _, source := range goFiles(t, tree) {
		directory := path.Dir(source.name)
		if !within(directory, []string{"internal"}) || within(directory, append([]string{"internal/tools", "internal/rules"}, forTests...)) {
			continue
		}
		if packages[directory] == nil {
			packages[directory], names = &found{}, append(names, directory)
		}
		for _, declaration := range source.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			in, name, calls := packages[directory], function.Name.Name, called(function)
			switch {
			case !source.isTest():
				if function.Recv == nil && hasAnyPrefix(name, "Parse", "Decode", "Normalize") {
					in.parsers = append(in.parsers, name)
				}
				in.decodes = append(in.decodes, slices.DeleteFunc(calls, func(call string) bool { return !slices.Contains(decoders, call) })...)
			case hasAnyPrefix(name, "Fuzz"):
				in.fuzzed = append(in.fuzzed, append(calls, name)...)
			}
		}
	}
	var complaints []string
	for _, name := range names {
		in := packages[name]
		for _, parser := range in.parsers {
			if !slices.ContainsFunc(in.fuzzed, func(call string) bool { return call == parser || strings.HasSuffix(call, "."+parser) }) {
				complaints = append(complaints, fmt.Sprintf("%s: no Fuzz function calls %s", name, parser))
			}
		}
		if len(in.decodes) > 0 && len(in.fuzzed) == 0 {
			complaints = append(complaints, fmt.Sprintf("%s: calls %s, and has no Fuzz function", name, in.decodes[0]))
		}
	}
	return complaints
}

// called returns the functions that are called in a function, such as "pem.Decode" and "read".
func called(function *ast.FuncDecl) []string {
	var calls []string
	for node := range ast.Preorder(function) {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			continue
		}
		switch callee := call.Fun.(type) {
		case *ast.Ident:
			calls = append(calls, callee.Name)
		case *ast.SelectorExpr:
			if left, ok := callee.X.(*ast.Ident); ok {
				calls = append(calls, left.Name+"."+callee.Sel.Name)
			}
		}
	}
	return calls
}

func hasAnyPrefix(name string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
