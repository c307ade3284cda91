package pyjson_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// However many remarks there are, twenty lines cover all.
func TestNotes(t *testing.T) {
	t.Parallel()
	for count, last := range map[int]string{0: "", 1: "remark 0", 19: "remark 18", 20: "and 1 more", 500: "and 481 more"} {
		var notes pyjson.Notes
		for i := range count {
			notes.Add("remark %d", i)
		}
		all := notes.All()
		if len(all) != min(count, 20) || count > 0 && all[len(all)-1] != last {
			t.Errorf("%d remarks become %q, want the last %q", count, all, last)
		}
		for i, got := range all[:max(0, len(all)-1)] {
			if want := fmt.Sprintf("remark %d", i); got != want {
				t.Errorf("of %d remarks, the %dth is %q, want %q", count, i, got, want)
			}
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	x := strings.Repeat("x", 199)
	for in, want := range map[string]string{
		"":                     "",
		"a":                    "a",
		"\x00 \n":              "",
		" a  b\tc ":            "a b c",
		"a\u200e\u2028b":       "a b",
		"`juju trust x`":       "'juju trust x'",
		x + "é":                x + "é",
		x + "éz":               x + "é...",
		x + " z":               x + " ...",
		x + "é z":              x + "é...",
		x + "é ":               x + "é",
		"a " + x[:198] + " \n": "a " + x[:198],
	} {
		if got := pyjson.Plain(in); got != want {
			t.Errorf("Plain(%q) = %q, want %q", in, got, want)
		}
	}
}

// A status shows the first problem, and the number of those that it has no room for.
func TestInvalidError(t *testing.T) {
	t.Parallel()
	for want, problems := range map[string][]string{
		"port missing":              {"port missing"},
		"port missing (and 1 more)": {"port missing", "name missing"},
		"port missing (and 2 more)": {"port missing", "name missing", "model missing"},
	} {
		if got := (&pyjson.InvalidError{Problems: problems}).Error(); got != want {
			t.Errorf("%q is told as %q", problems, got)
		}
	}
}
