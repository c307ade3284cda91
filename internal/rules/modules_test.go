package rules

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"testing"
	"testing/fstest"
)

// TestModulesAskForOneGo holds the modules to one Go. Where one module asks for another
// than its neighbours, the same command runs another Go in it, and whoever raises the patch
// level forgets one.
func TestModulesAskForOneGo(t *testing.T) {
	t.Parallel()
	check(t, toolchains)
	checkComplains(
		t, toolchains,
		fstest.MapFS{
			"go.mod":        {Data: []byte("module a\n\ngo 1.26.0\n\ntoolchain go1.26.2\n")},
			"good/go.mod":   {Data: []byte("module b\n\ngo 1.26.1\n\ntoolchain go1.26.2\n")},
			"other/go.mod":  {Data: []byte("module c\n\ngo 1.26.0\n\ntoolchain go1.26.1\n")},
			"none/go.mod":   {Data: []byte("module d\n\ngo 1.26.0\n\nrequire toolchain v1.0.0\n")},
			"none/notgo.md": {Data: []byte("module e\n")},
		},
		`other/go.mod asks for "go1.26.1", and the charm's for "go1.26.2"`,
		`none/go.mod asks for "", and the charm's for "go1.26.2"`,
	)
	checkComplains(
		t, toolchains, fstest.MapFS{"go.mod": {Data: []byte("module a\n\ngo 1.26.0\n")}},
		"go.mod asks for no patch level of Go",
	)
}

var toolchainLine = regexp.MustCompile(`(?m)^toolchain (go\S+)$`)

func toolchains(t *testing.T, tree fs.FS) []string {
	asked := func(name string) string {
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		if line := toolchainLine.FindSubmatch(content); line != nil {
			return string(line[1])
		}
		return ""
	}
	charm := asked("go.mod")
	if charm == "" {
		return []string{"go.mod asks for no patch level of Go"}
	}
	var complaints []string
	for _, name := range files(t, tree) {
		if path.Base(name) == "go.mod" && asked(name) != charm {
			complaints = append(complaints, fmt.Sprintf("%s asks for %q, and the charm's for %q", name, asked(name), charm))
		}
	}
	return complaints
}
