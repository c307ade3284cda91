package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// importRule says what packages of the charm's module may import. Paths of ours
// are written without the module's, and each path stands for what is below it
// too.
type importRule struct {
	packages string   // the packages it is about
	ours     []string // packages of ours that they may import
	others   []string // what they may import that is neither ours nor Go's
	never    []string // what of Go's own library they must not import
	reach    []string // what they must not reach, even through others
}

// impure is what makes a function's result depend on more than its arguments.
// The types of the Kubernetes API import some of these themselves, so it is what
// our own files import that counts.
var impure = []string{"os", "net/http", "log", "math/rand", "syscall"}

// importRules is the table of ARCHITECTURE.md. A package that no row is about
// may not exist: whoever adds one decides here what it may know.
var importRules = []importRule{
	{
		packages: "cmd",
		ours:     []string{"internal/charm", "internal/gocharm", "internal/kube"},
	},
	{
		packages: "internal/charm",
		ours:     []string{"internal/gocharm", "internal/relation", "internal/controller", "internal/state", "internal/plan", "internal/kube"},
		others:   []string{"sigs.k8s.io/gateway-api"},
	},
	{
		packages: "internal/gocharm",
		reach:    []string{"k8s.io", "sigs.k8s.io"},
	},
	{
		packages: "internal/relation",
		// What the wire formats share: how their peers write JSON, and certificates.
		ours:  []string{"internal/relation/pyjson", "internal/relation/pki"},
		never: impure,
	},
	{
		packages: "internal/address",
		never:    impure,
	},
	{
		packages: "internal/controller",
		others:   []string{"sigs.k8s.io/gateway-api"},
		never:    impure,
		reach:    []string{"k8s.io/client-go"},
	},
	{
		packages: "internal/state",
		ours:     []string{"internal/relation", "internal/address"},
		others:   []string{"sigs.k8s.io/gateway-api", "golang.org/x/net"},
		never:    impure,
		reach:    []string{"k8s.io/client-go"},
	},
	{
		packages: "internal/plan",
		ours:     []string{"internal/relation", "internal/address", "internal/controller", "internal/state"},
		others:   []string{"k8s.io/apimachinery", "sigs.k8s.io/gateway-api"},
		never:    impure,
		reach:    []string{"k8s.io/client-go"},
	},
	{
		packages: "internal/kube/kubetest",
	},
	{
		packages: "internal/kube/rollout",
		ours:     []string{"internal/controller"},
		others:   []string{"k8s.io/apimachinery", "sigs.k8s.io/gateway-api"},
		never:    impure,
		reach:    []string{"k8s.io/client-go"},
	},
	{
		packages: "internal/kube",
		ours:     []string{"internal/kube/rollout"},
		others:   []string{"k8s.io", "sigs.k8s.io"},
	},
	{
		packages: "internal/golden",
		ours:     []string{"internal/state"},
		others:   []string{"gopkg.in/yaml.v3"},
	},
	{
		packages: "internal/jujutest",
		others:   []string{"gopkg.in/yaml.v3"},
	},
	{
		packages: "internal/pkitest",
	},
	{
		packages: "internal/recorded",
	},
	{
		packages: "internal/rules",
	},
}

// forTests are the packages of ours that are there for tests.
var forTests = []string{"internal/golden", "internal/jujutest", "internal/kube/kubetest", "internal/pkitest", "internal/recorded"}

// testOnly are packages that may not get into the charm's program.
var testOnly = []string{ours + "/internal/golden", ours + "/internal/jujutest", ours + "/internal/kube/kubetest", ours + "/internal/pkitest", ours + "/internal/recorded", "testing", "net/http/httptest", "github.com/google/go-cmp"}

// listed is what `go list` tells of a package.
type listed struct {
	ImportPath string
	Name       string
	Imports    []string // by files that are not tests
	Deps       []string // all that Imports lead to
}

// TestImports keeps the packages apart that must not know each other.
func TestImports(t *testing.T) {
	t.Parallel()
	for _, complaint := range importComplaints(list(t)) {
		t.Error(complaint)
	}
}

// TestImportRulesAreUsed finds rows that guard nothing, such as one about a package that has
// been renamed, and what a row allows that nobody imports.
func TestImportRulesAreUsed(t *testing.T) {
	t.Parallel()
	packages := list(t)
	for _, rule := range importRules {
		if !slices.ContainsFunc(packages, func(pkg listed) bool {
			return within(pkg.ImportPath, []string{ours + "/" + rule.packages})
		}) {
			t.Errorf("the row for %s is about no package", rule.packages)
		}
		for _, complaint := range unusedCells(rule, packages) {
			t.Error(complaint)
		}
	}
}

// unusedCells names what a row allows, and none of its packages imports.
func unusedCells(rule importRule, packages []listed) []string {
	var complaints []string
	allowed := slices.Clone(rule.others)
	for _, pkg := range rule.ours {
		allowed = append(allowed, ours+"/"+pkg)
	}
	for _, cell := range allowed {
		if !slices.ContainsFunc(packages, func(pkg listed) bool {
			imports := func(path string) bool { return within(path, []string{cell}) }
			return within(pkg.ImportPath, []string{ours + "/" + rule.packages}) && slices.ContainsFunc(pkg.Imports, imports)
		}) {
			complaints = append(complaints, rule.packages+" may import "+cell+", and does not")
		}
	}
	return complaints
}

// TestUnusedCells shows a row that allows too much.
func TestUnusedCells(t *testing.T) {
	t.Parallel()
	rule := importRule{packages: "internal/plan", ours: []string{"internal/state", "internal/kube"}, others: []string{"k8s.io/api", "k8s.io/apimachinery"}}
	packages := []listed{
		{ImportPath: ours + "/internal/plan", Imports: []string{ours + "/internal/state", "k8s.io/apimachinery/pkg/types"}},
		{ImportPath: ours + "/internal/charm", Imports: []string{ours + "/internal/kube", "k8s.io/api/core/v1"}},
	}
	want := []string{"internal/plan may import k8s.io/api, and does not", "internal/plan may import " + ours + "/internal/kube, and does not"}
	if got := unusedCells(rule, packages); !slices.Equal(got, want) {
		t.Errorf("complaints %q, want %q", got, want)
	}
}

// TestImportRulesComplain shows the rules one violation after the other.
func TestImportRulesComplain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path    string
		imports string // the package's imports; those that begin with ~ it only reaches
		want    string // the complaint, without the package's name; "" for none
	}{
		{"internal/plan", "fmt ~os ~net/http k8s.io/apimachinery/pkg/types OURS/internal/state", ""},
		{"internal/plan", "os", "must not import os: its results would depend on more than its arguments"},
		{"internal/plan", "os/exec", "must not import os/exec: its results would depend on more than its arguments"},
		{"internal/plan", "math/rand/v2", "must not import math/rand/v2: its results would depend on more than its arguments"},
		{"internal/plan", "OURS/internal/kube", "may not import " + ours + "/internal/kube"},
		{"internal/plan", "k8s.io/klog/v2", "may not import k8s.io/klog/v2"},
		{"internal/plan", "k8s.io/client-go/rest", "may not import k8s.io/client-go/rest"},
		{"internal/plan", "~k8s.io/client-go/rest", "must not reach k8s.io/client-go/rest through what it imports"},
		{"internal/state", "log/slog", "must not import log/slog: its results would depend on more than its arguments"},
		{"internal/state", "net/http", "must not import net/http: its results would depend on more than its arguments"},
		{"internal/state", "net/netip", ""},
		{"internal/state", "OURS/internal/plan", "may not import " + ours + "/internal/plan"},
		{"internal/relation/ingress", "crypto/x509 encoding/json", ""},
		{"internal/relation/ingress", "gopkg.in/yaml.v3", "may not import gopkg.in/yaml.v3"},
		{"internal/relation/ingress", "OURS/internal/relation/dnsrecord", "may not import " + ours + "/internal/relation/dnsrecord"},
		{"internal/gocharm", "os net/rpc", ""},
		{"internal/gocharm", "gopkg.in/yaml.v3", "may not import gopkg.in/yaml.v3"},
		{"internal/gocharm", "OURS/internal/state", "may not import " + ours + "/internal/state"},
		{"internal/kube", "OURS/internal/plan", "may not import " + ours + "/internal/plan"},
		{"internal/kube", "k8s.io/client-go/dynamic", ""},
		{"internal/kube/rollout", "OURS/internal/kube", "may not import " + ours + "/internal/kube"},
		{"internal/kube/rollout", "k8s.io/client-go/dynamic", "may not import k8s.io/client-go/dynamic"},
		{"internal/kube/rollout", "log/slog", "must not import log/slog: its results would depend on more than its arguments"},
		{"internal/kube", "OURS/internal/kube/kubetest", "may not import " + ours + "/internal/kube/kubetest"},
		{"internal/charm", "OURS/internal/kube OURS/internal/relation/ingress", ""},
		{"internal/charm", "OURS/internal/jujutest", "may not import " + ours + "/internal/jujutest"},
		{"internal/charm", "testing", "must not import testing: it belongs to tests"},
		{"internal/jujutest", "testing", ""},
		{"internal/jujutest", "OURS/internal/gocharm", "may not import " + ours + "/internal/gocharm"},
		{"cmd/gateway-api-integrator", "OURS/internal/charm os", ""},
		{"cmd/gateway-api-integrator", "OURS/internal/plan", "may not import " + ours + "/internal/plan"},
		{"internal/utils", "fmt", "has no row in the table of import rules"},
	}
	for _, test := range tests {
		pkg := listed{ImportPath: ours + "/" + test.path}
		for word := range strings.FieldsSeq(strings.ReplaceAll(test.imports, "OURS", ours)) {
			imported, indirect := strings.CutPrefix(word, "~")
			if !indirect {
				pkg.Imports = append(pkg.Imports, imported)
			}
			pkg.Deps = append(pkg.Deps, imported)
		}
		var want []string
		if test.want != "" {
			want = []string{test.path + " " + test.want}
		}
		if got := importComplaints([]listed{pkg}); !slices.Equal(got, want) {
			t.Errorf("%s importing %s: got complaints %q, want %q", test.path, test.imports, got, want)
		}
	}
}

// TestOneProgram guards charmcraft's and everybody's notion of what the charm
// is: what the module installs.
func TestOneProgram(t *testing.T) {
	t.Parallel()
	var programs []string
	for _, pkg := range list(t) {
		if pkg.Name == "main" {
			programs = append(programs, pkg.ImportPath)
		}
	}
	if want := []string{ours + "/cmd/gateway-api-integrator"}; !slices.Equal(programs, want) {
		t.Errorf("the charm's module has the programs %q, want %q: others belong to tests/ or internal/tools", programs, want)
	}
}

// importComplaints tells which imports break the rules.
func importComplaints(packages []listed) []string {
	var complaints []string
	for _, pkg := range packages {
		name := strings.TrimPrefix(pkg.ImportPath, ours+"/")
		complain := func(format string, args ...any) {
			complaints = append(complaints, name+" "+fmt.Sprintf(format, args...))
		}
		index := slices.IndexFunc(importRules, func(rule importRule) bool { return within(name, []string{rule.packages}) })
		if index < 0 {
			complain("has no row in the table of import rules")
			continue
		}
		rule := importRules[index]
		for _, imported := range pkg.Imports {
			switch own, isOwn := strings.CutPrefix(imported, ours+"/"); {
			case isOwn && !within(own, rule.ours):
				complain("may not import %s", imported)
			case isOwn:
			case !isStandard(imported) && !within(imported, rule.others):
				complain("may not import %s", imported)
			case within(imported, rule.never):
				complain("must not import %s: its results would depend on more than its arguments", imported)
			case within(imported, testOnly) && !within(rule.packages, forTests):
				complain("must not import %s: it belongs to tests", imported)
			}
		}
		for _, reached := range pkg.Deps {
			if within(reached, rule.reach) && !slices.Contains(pkg.Imports, reached) {
				complain("must not reach %s through what it imports", reached)
			}
		}
	}
	return complaints
}

// isStandard reports whether a package is of Go's own library: those have no dot
// in the first part of their path, where others have a host.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// list returns the packages of the charm's module.
func list(t *testing.T) []listed {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Imports,Deps", "./...")
	command.Dir = root
	// What is checked is the charm as Juju gets it.
	command.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0", "GOWORK=off")
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var pkg listed
		err := decoder.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, pkg)
	}
}
