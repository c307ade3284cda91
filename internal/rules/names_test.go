package rules

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// securityPage names a test behind each of its statements.
const securityPage = "docs/explanation/security.md"

var (
	testNamed    = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	testDeclared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
)

func TestSecurityPageNamesTests(t *testing.T) {
	t.Parallel()
	check(t, testsThatAreNotThere)
	checkComplains(
		t, testsThatAreNotThere,
		fstest.MapFS{
			securityPage: {Data: []byte("One holds (`TestOne`),\nanother not (`TestGone`, `FuzzTwo`).\n")},
			"a_test.go":  {Data: []byte("package a\n\nfunc TestOne(t *testing.T) {}\n\nfunc FuzzTwo(f *testing.F) {}\n")},
			"b.go":       {Data: []byte("package a\n\nfunc TestGone() {}\n")},
		},
		securityPage+":2: there is no TestGone",
	)
}

// testsThatAreNotThere tells which tests the page names that nobody has written.
func testsThatAreNotThere(t *testing.T, tree fs.FS) []string {
	declared := map[string]bool{}
	for _, name := range files(t, tree) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range testDeclared.FindAllSubmatch(source, -1) {
			declared[string(match[1])] = true
		}
	}
	page, err := fs.ReadFile(tree, securityPage)
	if err != nil {
		t.Fatal(err)
	}
	var complaints []string
	number := 0
	for line := range strings.Lines(string(page)) {
		number++
		for _, match := range testNamed.FindAllStringSubmatch(line, -1) {
			if !declared[match[1]] {
				complaints = append(complaints, fmt.Sprintf("%s:%d: there is no %s", securityPage, number, match[1]))
			}
		}
	}
	return complaints
}
