package pyjson_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	// The wanted bytes are what Python 3's json.dumps prints.
	for in, want := range map[string]string{
		"":                   `""`,
		"plain ~":            `"plain ~"`,
		`a"b\c/d`:            `"a\"b\\c/d"`,
		"\n\r\t\b\f":         `"\n\r\t\b\f"`,
		"\x00\x1f\x7f":       `"\u0000\u001f\u007f"`,
		"<a>&'":              `"<a>&'"`,
		"café":               `"caf\u00e9"`,
		"\u2028\u2029\uffff": `"\u2028\u2029\uffff"`,
		"😀":                  `"\ud83d\ude00"`,
		"\U00010000":         `"\ud800\udc00"`,
		"a\xffb":             `"a\ufffdb"`,
	} {
		if got := pyjson.Quote(in); got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestUnmarshalTakesOneDocument(t *testing.T) {
	t.Parallel()
	var v any
	if err := pyjson.Unmarshal(" {\"a\": 1}\r\n\t", &v); err != nil {
		t.Errorf("white space around a document: %v", err)
	}
	for _, text := range []string{`1 2`, `{} x`, `"a"]`} {
		if err := pyjson.Unmarshal(text, &v); !errors.Is(err, pyjson.ErrTrailing) {
			t.Errorf("Unmarshal(%q) = %v, want ErrTrailing", text, err)
		}
	}
	for _, text := range []string{"", "NaN", "Infinity", "True", "'a'", `{"a": 1,}`, strings.Repeat("[", 20_000)} {
		if err := pyjson.Unmarshal(text, &v); err == nil {
			t.Errorf("Unmarshal(%.20q) gave no error", text)
		}
	}
}

func TestInt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"1": 1, " 80\n": 80, "65535": 65535} {
		if got, ok := pyjson.Int(text, 1, 65535); !ok || got != want {
			t.Errorf("Int(%q) = %d, %t, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "65536", "1.0", "1e3", "true", `"80"`, "null", "[1]", "080", "99999999999999999999999"} {
		if got, ok := pyjson.Int(text, 1, 65535); ok {
			t.Errorf("Int(%q) = %d, want refused", text, got)
		}
	}
}

func TestBool(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"true": true, `"true"`: true, `"Yes"`: true, `"on"`: true, "1": true,
		"false": false, `"FALSE"`: false, `"no"`: false, `"off"`: false, "0": false,
	} {
		if got, ok := pyjson.Bool(text); !ok || got != want {
			t.Errorf("Bool(%s) = %t, %t, want %t", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "True", "2", "1.0", "-1", `"maybe"`, `""`, "null", "[]", "{}"} {
		if got, ok := pyjson.Bool(text); ok || got {
			t.Errorf("Bool(%s) was taken", text)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	got, err := pyjson.List(` [1, "a", {"b": [2]}, null] `)
	if err != nil || len(got) != 4 || string(got[2]) != `{"b": [2]}` {
		t.Errorf("List = %s, %v", got, err)
	}
	for text, want := range map[string]string{
		"":      "not JSON",
		"x":     "not JSON",
		"{}":    "not a list",
		"null":  "not a list",
		`"[]"`:  "not a list",
		"[1":    "not JSON",
		"[1 2]": "not JSON",
		"[1] 2": "more than one JSON document",
		"[1,]":  "not JSON",
		"[" + strings.Repeat("1,", pyjson.MaxEntries) + "1]": "more than 1000 entries",
	} {
		if _, err := pyjson.List(text); err == nil || err.Error() != want {
			t.Errorf("List(%.20q) = %v, want %s", text, err, want)
		}
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	got, err := pyjson.Object(`{"path": 1, "PATH": 2, "path": 3}`)
	if err != nil || len(got) != 2 || string(got["path"]) != "3" {
		t.Errorf("Object = %v, %v, want the last path and an own PATH", got, err)
	}
	room := pyjson.MaxEntry - len(`{"a": ""}`)
	if _, err := pyjson.Object(`{"a": "` + strings.Repeat("x", room) + `"}`); err != nil {
		t.Errorf("an object at the bound: %v", err)
	}
	long := `{"a": "` + strings.Repeat("x", room+1) + `"}`
	for _, text := range []string{"", "null", "[]", `"{}"`, "{} {}", long} {
		if _, err := pyjson.Object(text); err == nil {
			t.Errorf("Object(%.20q) gave no error", text)
		}
	}
}

func TestCheckBag(t *testing.T) {
	t.Parallel()
	big := map[string]string{"a": strings.Repeat("x", pyjson.MaxBag-1)}
	if err := pyjson.CheckBag(big); err != nil {
		t.Errorf("a bag at the bound: %v", err)
	}
	big["b"] = ""
	if err := pyjson.CheckBag(big); err == nil {
		t.Error("a bag beyond the bound was taken")
	}
	many := map[string]string{}
	for i := range pyjson.MaxEntries {
		many[strings.Repeat("k", i)] = ""
	}
	if err := pyjson.CheckBag(many); err != nil {
		t.Errorf("as many keys as the bound: %v", err)
	}
	many["one more"] = ""
	if err := pyjson.CheckBag(many); err == nil {
		t.Error("a bag of too many keys was taken")
	}
}

// TestSaidIsNoCure: somebody who may write a text cannot make it look like the charm's words.
func TestSaidIsNoCure(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                              "",
		" \n\u200e":                     "",
		"taken":                         `"taken"`,
		"no; run `juju trust x`":        `"no, run 'juju trust x'"`,
		`say "yes"`:                     `"say 'yes'"`,
		"C:\\":                          `"C:/"`,
		"one\ntwo\x1b[31m":              `"one two [31m"`,
		strings.Repeat("`;", 100) + "x": `"` + strings.Repeat("',", 100) + `x"`,
	} {
		if got := pyjson.Said(in); got != want {
			t.Errorf("Said(%.20q) = %s, want %s", in, got, want)
		}
	}
}

func TestExcerptIsShortAndASCII(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\"\n":                  `"a\"\n"`,
		"é":                      `"\u00e9"`,
		"`juju trust x`":         `"'juju trust x'"`,
		strings.Repeat("x", 40):  `"` + strings.Repeat("x", 40) + `"`,
		strings.Repeat("x", 999): `"` + strings.Repeat("x", 40) + `"...`,
	} {
		if got := pyjson.Excerpt(in); got != want {
			t.Errorf("Excerpt(%.20q) = %s, want %s", in, got, want)
		}
	}
}

func FuzzQuoteIsJSON(f *testing.F) {
	f.Add("plain")
	f.Add("é😀\x00\xff\"\\")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := pyjson.Quote(s)
		var back string
		if err := json.Unmarshal([]byte(quoted), &back); err != nil || pyjson.Quote(back) != quoted {
			t.Fatalf("Quote(%q) = %s, read back %q: %v", s, quoted, back, err)
		}
	})
}

// FuzzDecode: all readers of one JSON value agree with encoding/json about whether it is one, and
// which.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`"a"`, `[1, "b", null]`, `{"a": 1, "A": [], "a": 2}`, "true", "1e3", " null\n", "[] []", `"\ud800"`, "NaN", "{", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var value any
		err := pyjson.Unmarshal(text, &value)
		if (err == nil) != json.Valid([]byte(text)) {
			t.Fatalf("Unmarshal(%q): %v", text, err)
		}
		if err != nil {
			value = nil // There may be a first document.
		}
		want, isString := value.(string)
		if got, ok := pyjson.String(text); ok != isString || got != want {
			t.Errorf("String(%q) = %q, %t", text, got, ok)
		}
		if pyjson.IsNull(text) != (err == nil && value == nil) {
			t.Errorf("IsNull(%q), and it is %v", text, value)
		}
		if n, ok := pyjson.Int(text, 1, 99); ok && (n < 1 || n > 99 || value != json.Number(strconv.Itoa(n))) {
			t.Errorf("Int(%q) = %d", text, n)
		}
		if _, ok := pyjson.Bool(text); ok && err != nil {
			t.Errorf("Bool(%q) is taken", text)
		}
		elements, err := pyjson.List(text)
		list, _ := value.([]any)
		if err == nil && len(elements) != len(list) || err != nil && list != nil && len(list) <= pyjson.MaxEntries {
			t.Errorf("List(%q) = %q, %v", text, elements, err)
		}
		members, err := pyjson.Object(text)
		object, _ := value.(map[string]any)
		if err == nil && len(members) != len(object) || err != nil && object != nil && len(text) <= pyjson.MaxEntry {
			t.Errorf("Object(%q) = %q, %v", text, members, err)
		}
		for _, raw := range append(elements, slices.Collect(maps.Values(members))...) {
			if !json.Valid(raw) {
				t.Errorf("%q has the part %q", text, raw)
			}
		}
	})
}
