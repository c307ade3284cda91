package rules

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

// unwanted are words that must not stand in any file, with the reason. They are
// put together from pieces here, or this file would hold them.
var unwanted = []struct {
	pattern *regexp.Regexp
	reason  string
}{
	{
		regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME|XX` + `X)\b`),
		"do it, or open an issue",
	},
	{
		regexp.MustCompile(`(?:^|[\s"'=:(` + "`" + `])/(?:tm` + `p|wor` + `k|roo` + `t)/`),
		"a path that other machines do not have",
	},
	{
		regexp.MustCompile(`\.\./sha` + `red\b`),
		"a path outside this repository",
	},
	{
		regexp.MustCompile(`\b(?:[a-z-]+\.m` + `d|design) §`),
		"a paragraph of a document that is not here",
	},
	{
		regexp.MustCompile(`^(?:<{7}|>{7}) `),
		"an unfinished merge",
	},
}

func TestUnwantedWords(t *testing.T) {
	t.Parallel()
	check(t, unwantedWords)
	checkComplains(
		t, unwantedWords,
		fstest.MapFS{
			"a.go":        {Data: []byte("package a\n\n// TO" + "DO: all of it\n")},
			"b.md":        {Data: []byte("See `/tm" + "p/x` for more.\n")},
			"c.yaml":      {Data: []byte("a: ../sha" + "red/design\n")},
			"d.txt":       {Data: []byte("as juju.m" + "d §3 says, and des" + "ign §4\n")},
			"e.bin":       {Data: []byte("\x00TO" + "DO")},
			"f.md":        {Data: []byte("<<<<<<< HEAD\n")},
			"fine.md":     {Data: []byte("A todo list in docs/tmp/work/root and https://example.com/tm" + "p/x.\n")},
			".git/config": {Data: []byte("TO" + "DO\n")},
		},
		`a.go:3: "TO`+`DO": do it, or open an issue`,
		`b.md:1: "/tm`+`p/": a path that other machines do not have`,
		`c.yaml:1: "../sha`+`red": a path outside this repository`,
		`d.txt:1: "juju.m`+`d §": a paragraph of a document that is not here`,
		`f.md:1: "<<<<<<<": an unfinished merge`,
	)
	worktree := fstest.MapFS{".git": {Data: []byte("gitdir: /wor" + "k/trees/a\n")}}
	if found := unwantedWords(t, worktree); len(found) > 0 {
		t.Errorf("in a linked worktree: %q", found)
	}
}

// unwantedWords tells where text holds what it should not, once a line and
// reason.
func unwantedWords(t *testing.T, tree fs.FS) []string {
	var complaints []string
	for _, name := range files(t, tree) {
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0 {
			continue // Not text.
		}
		number := 0
		for line := range strings.Lines(string(content)) {
			number++
			for _, word := range unwanted {
				if found := word.pattern.FindString(line); found != "" {
					complaints = append(complaints, fmt.Sprintf("%s:%d: %q: %s", name, number, strings.Trim(found, " `\"'=:(\t"), word.reason))
				}
			}
		}
	}
	return complaints
}
