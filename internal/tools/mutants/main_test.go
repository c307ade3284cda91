package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A module whose tests hold some of it to something, and whose second package tests more of
// the first.
var module = map[string]string{
	"go.mod": "module example.com/small\n\ngo 1.26\n",
	"a/a.go": `package a

// Sign has cases, which no block of coverage holds.
func Sign(n int) string {
	switch {
	case n < 0:
		return "-"
	}
	return "+"
}

// Idle is held to nothing, though it runs.
func Idle(n int) bool {
	return n > 7
}

// Half is not even run, and has no number that the compiler would take another for.
func Half() float32 { return 2 / 4 }

// Unused is not run either.
func Unused() bool { return true }
`,
	"a/a_test.go": `package a

import "testing"

func TestSign(t *testing.T) {
	for n, want := range map[int]string{-1: "-", 0: "+", 1: "+"} {
		if got := Sign(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestIdle(t *testing.T) { Idle(8) }
`,
	"b/b.go": "package b\n",
	"b/b_test.go": `package b

import (
	"testing"

	"example.com/small/a"
)

func TestIdle(t *testing.T) {
	for n := range 10 {
		if a.Idle(n) != (n > 7) {
			t.Error(n)
		}
	}
}
`,
}

func TestMutate(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	writeFiles(t, root, module)
	var all, some strings.Builder
	if err := mutate(t.Context(), []string{"-root", root, "-n", "0", "./a"}, &all); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"a.go:14\n\t- return n > 7\n\t+ return n >= 7\n\tsurvived\n",
		"a.go:21\n\t- func Unused() bool { return true }\n\t+ func Unused() bool { return false }\n\tsurvived: no test reaches it\n",
		"\n| ./a | 10 mutants | 5 killed | 0 timed out | 5 survived | 1 of these reached by no test | 4 did not compile | 50.0 % |\n",
	} {
		if !strings.Contains(all.String(), part) {
			t.Errorf("nothing is said of\n%s\nin\n%s", part, &all)
		}
	}
	// With the tests of the caller nothing survives but what nobody reaches, wherever the seed leads.
	if err := mutate(t.Context(), []string{"-root", root, "-n", "5", "-seed", "2", "-tests", "./a ./b", "./a"}, &some); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(some.String(), "| ./a | 5 mutants |") || strings.Contains(some.String(), "survived\n") {
		t.Errorf("of a sample: %s", &some)
	}
}

// writeFiles writes files, by their paths with slashes.
func writeFiles(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMutateRefuses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	writeFiles(t, root, map[string]string{
		"go.mod":    "module example.com/bad\n\ngo 1.26\n",
		"a.go":      "package a\n",
		"a_test.go": "package a\n\nimport \"testing\"\n\nfunc TestIt(t *testing.T) { t.Error(\"wrong as it is\") }\n",
	})
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	for _, c := range []struct {
		ctx  context.Context
		args []string
		want string
	}{
		{t.Context(), nil, "got 0 packages to break, want one"},
		{t.Context(), []string{"./a", "./b"}, "got 2 packages to break, want one"},
		{t.Context(), []string{"./none"}, "cannot list ./none"},
		{t.Context(), []string{"."}, "TestIt fails as it is"},
		{interrupted, []string{"."}, "context canceled"},
	} {
		err := mutate(c.ctx, append([]string{"-root", root}, c.args...), &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.args, err, c.want)
		}
	}
}
