package certificatetransfer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/certificatetransfer"
)

// TestRecordings reads what the Python library wrote, and what it read.
func TestRecordings(t *testing.T) {
	t.Parallel()
	a, b := authority(t, "A"), authority(t, "B")
	both := []string{a, b}
	slices.Sort(both)
	// What the library was given to read, and what we keep if the library keeps less.
	read := map[string]struct {
		app, unit bag
		more      []string
	}{
		"read v1":      {app: bag{"certificates": text(t, []string{a, b}), "version": "1"}},
		"read v0 unit": {unit: bag{"ca": text(t, a), "certificate": text(t, a), "chain": text(t, []string{a, b}), "version": "0"}},
		"read empty":   {},
		"read bad":     {app: bag{"certificates": "nonsense", "version": "1"}},
		// The library reads only a chain that is JSON. Older ones wrote less.
		"read v0 unit no chain": {unit: bag{"ca": text(t, a), "certificate": text(t, a), "version": "0"}, more: []string{a}},
		"read v0 raw":           {unit: bag{"ca": a, "certificate": a, "chain": b, "version": "0"}, more: both},
		"read string":           {app: bag{"certificates": text(t, a), "version": "1"}},
	}
	for name, block := range blocks(t) {
		switch kind, _, _ := strings.Cut(name, " "); kind {
		case "prov":
			replacer := strings.NewReplacer("CERT-A", escaped(t, a), "CERT-B", escaped(t, b))
			app, unit := bag{}, bag{}
			for key, value := range block.app {
				app[key] = replacer.Replace(value)
			}
			for key, value := range block.unit {
				unit[key] = replacer.Replace(value)
			}
			got := certificatetransfer.Parse(app, []bag{unit}, now)
			if !slices.Equal(got.PEM, both) || !got.Written || got.Remarks != nil {
				t.Errorf("%s: %+v", name, got)
			}
		case "req":
			if diff := cmp.Diff(block.app, certificatetransfer.Encode()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		case "read":
			given, known := read[name]
			if !known {
				t.Errorf("no data for %q", name)
				continue
			}
			var want []string
			if block.updated == "['A', 'B']" {
				want = both
			} else if want = given.more; block.updated != "[]" {
				t.Errorf("%s: %s", name, block.updated)
			}
			got := certificatetransfer.Parse(given.app, []bag{given.unit}, now)
			if !slices.Equal(got.PEM, want) {
				t.Errorf("%s: %+v", name, got)
			}
		default:
			t.Errorf("block %q is not known", name)
		}
	}
}

// escaped returns the text between the quotes of a JSON string.
func escaped(t *testing.T, value string) string {
	t.Helper()
	return strings.Trim(text(t, value), `"`)
}
