package rules

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// keys are what operators can set and run: each file of theirs, and the page that has a section for each.
var keys = map[string]string{"config.yaml": "docs/reference/options.md", "actions.yaml": "docs/reference/actions.md"}

func TestPagesTellOfEachKey(t *testing.T) {
	for _, complaint := range keyComplaints(os.DirFS(root)) {
		t.Error(complaint)
	}
}

// keyComplaints names the options and actions that the README or their page does not tell of.
func keyComplaints(tree fs.FS) []string {
	var complaints []string
	readme := read(tree, "README.md")
	for file, page := range keys {
		for _, key := range regexp.MustCompile(keyPattern(file)).FindAllStringSubmatch(read(tree, file), -1) {
			if !strings.Contains(readme, "| `"+key[1]+"` |") {
				complaints = append(complaints, "README.md does not tell of "+key[1]+" of "+file)
			}
			if !strings.Contains(read(tree, page), "\n## "+key[1]+"\n") {
				complaints = append(complaints, page+" has no section "+key[1])
			}
		}
	}
	slices.Sort(complaints)
	return complaints
}

// keyPattern finds the names of options and actions, which stand at a depth of their own.
func keyPattern(file string) string {
	if file == "config.yaml" {
		return `(?m)^  ([a-z-]+):$`
	}
	return `(?m)^([a-z-]+):$`
}

func read(tree fs.FS, name string) string {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return ""
	}
	return string(text)
}

func TestLinksLeadSomewhere(t *testing.T) {
	for _, complaint := range linkComplaints(t, os.DirFS(root)) {
		t.Error(complaint)
	}
}

var (
	link      = regexp.MustCompile(`\]\(([^)\s:]+)\)`)
	heading   = regexp.MustCompile("(?m)^#+ (.+)$")
	fenced    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	anchorID  = regexp.MustCompile(`<a id="([^"]+)">`)
	noAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// linkComplaints names the links of pages to files, and to headings, that are not there.
func linkComplaints(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var complaints []string
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "bin" || name == ".git"):
			return fs.SkipDir
		case path.Ext(name) != ".md":
			return nil
		}
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(read(tree, name), ""), -1) {
			file, anchor, _ := strings.Cut(found[1], "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if _, err := fs.Stat(tree, target); err != nil {
				complaints = append(complaints, name+" leads to "+found[1]+", which is not there")
			} else if anchor != "" && !slices.Contains(anchors(read(tree, target)), anchor) {
				complaints = append(complaints, name+" leads to "+found[1]+", a heading that is not there")
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return complaints
}

// anchors are the names of places in a page that links can lead to.
func anchors(page string) []string {
	var all []string
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		text := noAnchors.ReplaceAllString(strings.ToLower(found[1]), "")
		all = append(all, strings.ReplaceAll(text, " ", "-"))
	}
	for _, found := range anchorID.FindAllStringSubmatch(page, -1) {
		all = append(all, found[1])
	}
	return all
}

func TestPagesSeeABadTree(t *testing.T) {
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"README.md":                 "| `told` | [a](docs/reference/options.md#told) [b](gone.md) [c](docs/reference/options.md#gone)\n\n```\n[d](no/link.md)\n```\n",
		"config.yaml":               "options:\n  told:\n    type: int\n  silent:\n    type: int\n",
		"actions.yaml":              "act:\n  description: x\n",
		"docs/reference/options.md": "# Options\n\n## told\n\n[up](#options)\n",
		"docs/reference/actions.md": "# Actions\n\n## act\n",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	want := []string{"README.md does not tell of act of actions.yaml", "README.md does not tell of silent of config.yaml", "docs/reference/options.md has no section silent"}
	if got := keyComplaints(tree); !slices.Equal(got, want) {
		t.Errorf("keys: complaints %q, want %q", got, want)
	}
	want = []string{"README.md leads to gone.md, which is not there", "README.md leads to docs/reference/options.md#gone, a heading that is not there"}
	if got := linkComplaints(t, tree); !slices.Equal(got, want) {
		t.Errorf("links: complaints %q, want %q", got, want)
	}
}
