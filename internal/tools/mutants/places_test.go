package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"if a == b { f() }":             {"if a != b { f() }", "if a == b {  }"},
		"if x && !y || z(1) { return }": {"if x || !y || z(1) { return }", "if x && !y && z(1) { return }", "if x && !y || z(2) { return }", "if x && !y || z(0) { return }", "if x && !y || z(1) {  }"},
		"if !x { }":                     {"if x { }"},
		"for ok() { break }":            {"for !(ok()) { break }", "for ok() {  }"},
		"for ; i < 3; i++ { }":          {"for ; i <= 3; i++ { }", "for ; i >= 3; i++ { }", "for ; i < 4; i++ { }", "for ; i < 2; i++ { }"},
		"switch { case x: i++ }":        {"switch { case !(x): i++ }", "switch { case x:  }"},
		"switch a { case b: }":          nil,
		"defer f()":                     {""},
		"s = f(a)":                      {"_ = f(a)"},
		"s, a = f(a)":                   {"_, _ = f(a)"},
		"s += a":                        {"_ = a"},
		"x, s = true, nil":              {"", "x, s = false, nil"},
		"_ = f(a)":                      nil,
		"c := f(a)":                     nil,
		`return "a", 0, false`:          {`return "", 0, false`, `return "a", 0, true`},
		"return 0":                      {"return 1"},
		`s := "a"; const e = ""`:        nil,
	} {
		source := "package p\n\nfunc f() {\n\t" + line + "\n}\n"
		path := filepath.Join(t.TempDir(), "p.go")
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := placesIn(path, "p.go")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range found {
			changed := strings.TrimSuffix(strings.TrimPrefix(string(p.apply([]byte(source))), "package p\n\nfunc f() {\n\t"), "\n}\n")
			got = append(got, changed)
			if p.line != 4 || p.first != 3 || p.last != 5 {
				t.Errorf("%s: line %d, function %d to %d", line, p.line, p.first, p.last)
			}
			if want := "p.go:4\n\t- " + line + "\n\t+ " + changed; p.describe([]byte(source)) != want {
				t.Errorf("got\n%s\nwant\n%s", p.describe([]byte(source)), want)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n\t%s\nwant\n\t%s", line, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
}
