package controller

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of docs/reference/controllers.md anew")

const (
	page  = "../../docs/reference/controllers.md"
	begin = "<!-- The table of internal/controller begins: go test ./internal/controller -update -->\n"
	end   = "<!-- The table of internal/controller ends. -->\n"
)

// TestPage compares the page with the table.
func TestPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	got, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no table", page)
	}
	want := markdown()
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil { //nolint:gosec // A page for all to read.
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page differs from the table (-table +page); go test ./internal/controller -update writes it:\n%s", diff)
	}
}

// markdown returns the table: a row for each trait, a column for each controller that the tests
// run, and one column for the others, which are alike; then the notes.
func markdown() string {
	var b strings.Builder
	b.WriteString("|")
	for _, c := range Table {
		fmt.Fprintf(&b, " | %s", c.Name)
	}
	b.WriteString(" |\n|---" + strings.Repeat("|---", len(Table)) + "|\n")
	var notes []string
	for trait, of := range traits {
		fmt.Fprintf(&b, "| %s", of.title)
		for _, c := range Table {
			fact := c.Facts[Trait(trait)]
			cell := map[Answer]string{Yes: "yes", No: "no", Unknown: "?"}[fact.Does]
			if fact.Source == Measured {
				cell = "**" + cell + "**"
			}
			if fact.Note != "" {
				if !slices.Contains(notes, fact.Note) {
					notes = append(notes, fact.Note)
				}
				cell += fmt.Sprintf(" [%d]", slices.Index(notes, fact.Note)+1)
			}
			fmt.Fprintf(&b, " | %s", cell)
		}
		b.WriteString(" |\n")
	}
	b.WriteString("\n")
	for i, note := range notes {
		fmt.Fprintf(&b, "%d. %s\n", i+1, note)
	}
	b.WriteString("\n| | `controllerName` | report |\n|---|---|---|\n")
	for _, c := range Table {
		release := c.Release
		if release == "" {
			release = "none"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", c.Name, c.ID, release)
	}
	return b.String()
}
