package charm

import (
	"cmp"
	"strings"
	"text/tabwriter"
)

// table lays out rows in columns below a head, for the result of an action. An empty cell becomes a
// dash.
func table(head []string, rows [][]string) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	line := func(cells []string) {
		// A strings.Builder never fails.
		_, _ = w.Write([]byte(strings.Join(cells, "\t") + "\n"))
	}
	line(head)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = cmp.Or(cell, "-")
		}
		line(cells)
	}
	_ = w.Flush()
	return strings.TrimRight(text.String(), "\n")
}
