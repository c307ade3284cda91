package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// found lists the places of one source.
func found(t *testing.T, source string) []place {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	var f finder
	if err := f.file(path, "p.go"); err != nil {
		t.Fatal(err)
	}
	return f.found
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"if a == b { f() }":             {"if a != b { f() }", "if a == b {  }"},
		"if x && !y || z(1) { return }": {"if x && !y && z(1) { return }", "if x || !y || z(1) { return }", "if x && !y || z(2) { return }", "if x && !y || z(0) { return }", "if x && !y || z(1) {  }"},
		"if !x { }":                     {"if x { }"},
		"if x = f(); x { }":             {"if x = f(); !x { }"},
		"for ok() { break }":            {"for !ok() { break }", "for ok() {  }"},
		"for ; i < 3; i++ { }":          {"for ; i >= 3; i++ { }", "for ; i <= 3; i++ { }", "for ; i < 4; i++ { }", "for ; i < 2; i++ { }"},
		"switch { case x: i++ }":        {"switch { case !x: i++ }", "switch { case x:  }"},
		"switch a { case b: }":          nil,
		"switch a.(type) { }":           nil,
		"select { case a = <-c: }":      nil,
		"defer f()":                     {""},
		`panic("never")`:                nil,
		"s = f(a)":                      {""},
		"s += a":                        {""},
		"x, s = true, nil":              {"", "x, s = false, nil"},
		"_ = f(a)":                      nil,
		"c := f(a)":                     nil,
		"var c [2]int":                  nil,
		"const c = 2":                   nil,
		`return "a", 0, false`:          {`return "a", 0, true`},
		"return 0, true, err":           nil,
		`return "a", 7, nil`:            {`return "", 7, nil`, `return "a", 8, nil`, `return "a", 6, nil`},
		"return false, true":            {"return true, true", "return false, false"},
		"return 0":                      {"return 1"},
		`s := "a"`:                      nil,
	} {
		source := "package p\n\nfunc f() {\n\t" + line + "\n}\n"
		var got []string
		for _, p := range found(t, source) {
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

func TestDraw(t *testing.T) {
	t.Parallel()
	all := make([]place, 100)
	for i := range all {
		all[i].number = i + 1
	}
	numbers := func(places []place) (numbers []int) {
		for _, p := range places {
			numbers = append(numbers, p.number)
		}
		return numbers
	}
	first := numbers(draw(all, 10, 1))
	if len(first) != 10 || !slices.Equal(first, numbers(draw(all, 10, 1))) || slices.Equal(first, numbers(draw(all, 10, 2))) {
		t.Error("the sample does not hang on the seed, and on nothing else")
	}
	whole := numbers(draw(all, 0, 1))
	slices.Sort(whole)
	if !slices.Equal(whole, numbers(all)) {
		t.Errorf("all are %v", whole)
	}
}
