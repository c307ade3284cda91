package recorded

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// A Block is one recorded case.
type Block struct {
	// Name is what follows "## ", and Text the lines below it.
	Name, Text string
}

// Section returns the blocks of a recording between the line "=== title" and the next of its
// kind, in their order. The test fails when there is none.
func Section(t testing.TB, path, title string) []Block {
	t.Helper()
	var blocks []Block
	for part := range strings.SplitSeq("\n"+section(t, path, title), "\n## ") {
		if name, text, found := strings.Cut(part, "\n"); found && name != "" {
			blocks = append(blocks, Block{Name: name, Text: text})
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s: section %q is empty", path, title)
	}
	return blocks
}

// Lines returns the lines of a section that has no blocks, each a case of its own, without
// the space around them. The test fails when there is none.
func Lines(t testing.TB, path, title string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(section(t, path, title)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		t.Fatalf("%s: section %q is empty", path, title)
	}
	return lines
}

// section returns the text of one.
func section(t testing.TB, path, title string) string {
	t.Helper()
	_, rest, found := strings.Cut(Text(t, path), "=== "+title+"\n")
	if !found {
		t.Fatalf("%s has no section %q", path, title)
	}
	rest, _, _ = strings.Cut(rest, "\n===")
	return rest
}

// Titles returns the names of a recording's sections, in their order, for a test that
// knows them all.
func Titles(t testing.TB, path string) []string {
	t.Helper()
	var titles []string
	for line := range strings.Lines(Text(t, path)) {
		if marks, title, found := strings.Cut(line, " "); found && strings.Trim(marks, "=") == "" && len(marks) >= 3 {
			titles = append(titles, strings.TrimSpace(title))
		}
	}
	return titles
}

// Text returns a whole recording.
func Text(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Into decodes a whole recording that is one JSON document, such as tls_fixture.json.
func Into(t testing.TB, path string, value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(Text(t, path)), value); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// Bag decodes one databag.
func Bag(t testing.TB, text string) map[string]string {
	t.Helper()
	var bag map[string]string
	if err := json.Unmarshal([]byte(text), &bag); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return bag
}

// Bags returns every databag that stands anywhere in a text, as seeds for fuzzing. The test fails
// when there is none.
func Bags(t testing.TB, text string) []map[string]string {
	t.Helper()
	var bags []map[string]string
	for line := range strings.Lines(text) {
		for {
			start := strings.IndexByte(line, '{')
			if start < 0 {
				break
			}
			line = line[start:]
			var bag map[string]string
			decoder := json.NewDecoder(strings.NewReader(line))
			if decoder.Decode(&bag) != nil {
				line = line[1:]
				continue
			}
			line = line[decoder.InputOffset():]
			if len(bag) > 0 {
				bags = append(bags, bag)
			}
		}
	}
	if len(bags) == 0 {
		t.Fatal("no databag in the recording")
	}
	return bags
}

// Flatten writes a databag as lines of "key=value", sorted, and Unflatten reads it. Fuzzing that
// mutates such lines changes mostly the content, where it would break the JSON of a databag.
// A value with a line end does not survive.
func Flatten(bag map[string]string) string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(bag)) {
		fmt.Fprintf(&text, "%s=%s\n", key, bag[key])
	}
	return text.String()
}

// Unflatten reads what Flatten has written, leaving out what is no such line. As in Juju, no value is
// empty.
func Unflatten(text string) map[string]string {
	bag := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if key, value, found := strings.Cut(line, "="); found && value != "" {
			bag[key] = value
		}
	}
	return bag
}
