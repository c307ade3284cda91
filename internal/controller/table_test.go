package controller

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
)

// A report is what one release passed of the conformance tests.
type report struct {
	title  string // "cilium v1.20.0 standard"
	passes map[string]bool
}

// readReports reads testdata/reports.txt.
func readReports(t *testing.T) []report {
	t.Helper()
	file, err := os.Open("testdata/reports.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	var all []report
	heads := true
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		switch {
		case len(fields) == 0:
			heads = false
		case fields[0] == "#":
		case heads:
			all = append(all, report{title: strings.Join(fields[:3], " "), passes: map[string]bool{}})
		default:
			if len(fields) != 1+len(all) {
				t.Fatalf("%d columns for %d reports: %q", len(fields)-1, len(all), scanner.Text())
			}
			for i, mark := range fields[1:] {
				all[i].passes[fields[0]] = mark == "Y"
			}
		}
	}
	return all
}

// TestReports compares the table with the reports: what it calls reported is in the report, and no
// report says anything about a trait that is missing. If a measurement differs, a note says why.
func TestReports(t *testing.T) {
	t.Parallel()
	reports := readReports(t)
	for _, c := range Table {
		i := slices.IndexFunc(reports, func(r report) bool { return r.title == c.Release })
		if i < 0 {
			if c.Release != "" || len(c.Facts) > 0 {
				t.Errorf("%s has no report %q", c.Name, c.Release)
			}
			continue
		}
		for trait, of := range traits {
			fact := c.Facts[Trait(trait)]
			if of.feature == "" {
				continue
			}
			want := No
			if reports[i].passes[of.feature] {
				want = Yes
			}
			switch {
			case fact.Does == want:
			case fact.Source == Measured && fact.Does != Unknown && fact.Note != "":
			default:
				t.Errorf("%s %s: %s, but %s in the report of %s", c.Name, of.title, fact.Does, want, c.Release)
			}
		}
	}
}

// TestTable checks that each name has one controller, and each fact a source.
func TestTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Table {
		if seen[c.Name] || seen[string(c.ID)] || c.Name == "" || !strings.Contains(string(c.ID), "/") {
			t.Errorf("controller %q, %q", c.Name, c.ID)
		}
		seen[c.Name], seen[string(c.ID)] = true, true
		for trait, fact := range c.Facts {
			if fact.Does == Unknown || fact.Source == 0 || fact.Claimed && trait.feature() == "" {
				t.Errorf("%s %s: %+v", c.Name, traits[trait].title, fact)
			}
		}
	}
}
