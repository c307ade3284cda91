package gatewayroute_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/gatewayroute"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

type bag = map[string]string

// requirerCase is what a requirer wrote, and what we make of it.
type requirerCase struct {
	bag       bag
	hosts     []string
	hostless  bool
	wantError string // whole

	// unlike says why we accept what the Python library refuses, or refuse what it accepts.
	unlike string
}

const notWritten = "nothing written yet"

// host returns the databag of a requirer with one host name, written as text.
func host(text string) bag {
	return bag{"hostname": text, "additional_hostnames": "[]"}
}

// more returns the databag of a requirer with a good host name and others as text.
func more(text string) bag {
	return bag{"hostname": `"a.example.com"`, "additional_hostnames": text}
}

var oneHost = []string{"a.example.com"}

// recordedRequirers are the inputs of the recording's blocks, by name.
var recordedRequirers = map[string]requirerCase{
	"full":    {bag: more(`["b.example.com"]`), hosts: []string{"a.example.com", "b.example.com"}},
	"no addl": {bag: bag{"hostname": `"a.example.com"`}, hosts: oneHost},

	"hostname null":   {bag: host("null"), hostless: true},
	"EMPTY databag":   {bag: bag{}, wantError: notWritten, unlike: "a bag that nobody has written asks for nothing"},
	"only additional": {bag: bag{"additional_hostnames": `["b.example.com"]`}, hosts: []string{"b.example.com"}, hostless: true},

	"hostname raw nonjson": {bag: host("a.example.com"), wantError: `hostname: must be a JSON string, not "a.example.com"`},
	"hostname bad":         {bag: host(`"not a domain"`), wantError: `hostname: "not a domain" is not a DNS name`},
	"hostname IP":          {bag: host(`"10.0.0.1"`), wantError: `hostname: "10.0.0.1" is an IP address; a DNS name is needed`},
	"hostname wildcard":    {bag: host(`"*.example.com"`), wantError: `hostname: "*.example.com" has a wildcard; a full DNS name is needed`},
	"hostname empty str":   {bag: host(`""`), wantError: "hostname: empty; a DNS name is needed"},
	"hostname upper":       {bag: host(`"A.Example.COM"`), hosts: []string{"A.Example.COM"}},
	"trailing dot":         {bag: host(`"a.example.com."`), wantError: `hostname: "a.example.com." ends in a dot`},
	"single label":         {bag: host(`"localhost"`), wantError: `hostname: "localhost" has no domain; a full DNS name is needed`},
	"hostname number":      {bag: host("5"), wantError: `hostname: must be a JSON string, not "5"`},

	"addl null":   {bag: more("null"), wantError: `additional_hostnames: not a list: "null"`},
	"addl string": {bag: more(`"b.example.com"`), wantError: `additional_hostnames: not a list: "\"b.example.com\""`},
	"addl one bad": {
		bag:       more(`["b.example.com", "not a domain"]`),
		wantError: `additional_hostnames: "not a domain" is not a DNS name`,
	},
	"addl dup": {bag: more(`["a.example.com"]`), hosts: oneHost},

	"extra keys nonjson": {bag: bag{"hostname": `"a.example.com"`, "foo": "bar baz"}, hosts: oneHost},
	"v0 keys": {
		bag:   bag{"hostname": `"a.example.com"`, "additional_hostnames": "[]", "model": `"m"`, "name": `"n"`, "port": "80", "paths": `["/"]`},
		hosts: oneHost,
	},
}

var ownRequirers = map[string]requirerCase{
	"hostname without additional": {bag: more("[]"), hosts: oneHost},
	"null beside additional":      {bag: bag{"hostname": "null", "additional_hostnames": `["b.example.com"]`}, hosts: []string{"b.example.com"}, hostless: true},
	"null alone":                  {bag: bag{"hostname": " null\n"}, hostless: true},
	"empty list alone":            {bag: bag{"additional_hostnames": "[]"}, hostless: true},
	"other keys alone":            {bag: bag{"Hostname": `"a.example.com"`, "path": "[]"}, wantError: notWritten},

	"version 0":                 {bag: version0(), wantError: wantsVersion0},
	"version 0 without a host":  {bag: version0("hostname", "null"), wantError: wantsVersion0},
	"version 0, not JSON":       {bag: version0("hostname", "a.example.com", "port", "x"), wantError: wantsVersion0},
	"version 0, in part":        {bag: bag{"hostname": `"a.example.com"`, "port": "8080"}, wantError: wantsVersion0},
	"version 1 after version 0": {bag: version0("additional_hostnames", "[]"), hosts: oneHost},
	"version 1 after it, bad":   {bag: version0("additional_hostnames", "null"), wantError: `additional_hostnames: not a list: "null"`},
	"no bag":                    {wantError: notWritten},
	"order and repetitions": {
		bag:   more(`["c.example.com", "b.example.com", "c.example.com", "a.example.com", "d.example.com"]`),
		hosts: []string{"a.example.com", "c.example.com", "b.example.com", "d.example.com"},
	},
	"one listener's name for two": {bag: bag{"hostname": `"a-b.example"`, "additional_hostnames": `["a.b-example.x"]`}, hosts: []string{"a-b.example", "a.b-example.x"}},

	"international":       {bag: host(`"m\u00fcnchen.example"`), hosts: []string{"münchen.example"}},
	"combining accent":    {bag: host(`"mu\u0308nchen.example"`), hosts: []string{"mu\u0308nchen.example"}},
	"punycode":            {bag: host(`"xn--mnchen-3ya.example"`), hosts: []string{"xn--mnchen-3ya.example"}},
	"white space outside": {bag: host(" \"a.example.com\"\r\n"), hosts: oneHost},
	"last label of one":   {bag: host(`"a.b"`), hosts: []string{"a.b"}},
	"longest label":       {bag: host(`"` + strings.Repeat("a", 63) + `.example"`), hosts: []string{strings.Repeat("a", 63) + ".example"}},
	"longest name":        {bag: host(`"` + longest + `"`), hosts: []string{longest}},

	"name too long":   {bag: host(`"a` + longest + `"`), wantError: "hostname: longer than 253 characters"},
	"label too long":  {bag: host(`"` + strings.Repeat("a", 64) + `.b"`), wantError: `hostname: "` + strings.Repeat("a", 40) + `"... is not a DNS name`},
	"empty label":     {bag: host(`"a..example"`), wantError: `hostname: "a..example" is not a DNS name`},
	"leading dot":     {bag: host(`".a.example"`), wantError: `hostname: ".a.example" is not a DNS name`},
	"leading hyphen":  {bag: host(`"-a.example"`), wantError: `hostname: "-a.example" is not a DNS name`},
	"trailing hyphen": {bag: host(`"a-.example"`), wantError: `hostname: "a-.example" is not a DNS name`},
	"leading accent":  {bag: host(`"\u0308a.example"`), wantError: `hostname: "\u0308a.example" is not a DNS name`},
	"underscore":      {bag: host(`"a_b.example"`), wantError: `hostname: "a_b.example" is not a DNS name`},
	"port":            {bag: host(`"a.example:443"`), wantError: `hostname: "a.example:443" is not a DNS name`},
	"path":            {bag: host(`"a.example/x"`), wantError: `hostname: "a.example/x" is not a DNS name`},
	"URL":             {bag: host(`"https://a.example"`), wantError: `hostname: "https://a.example" is not a DNS name`},
	"user":            {bag: host(`"a@b.example"`), wantError: `hostname: "a@b.example" is not a DNS name`},
	"newline":         {bag: host(`"a.example\nx"`), wantError: `hostname: "a.example\nx" is not a DNS name`},
	"newline at end":  {bag: host(`"a.example\n"`), wantError: `hostname: "a.example\n" is not a DNS name`},
	"nul":             {bag: host(`"a.example\u0000"`), wantError: `hostname: "a.example\x00" is not a DNS name`},
	"template":        {bag: host(`"${x}.example"`), wantError: `hostname: "${x}.example" is not a DNS name`},
	"joiner":          {bag: host(`"a\u200db.example"`), wantError: `hostname: "a\u200db.example" is not a DNS name`},
	"direction":       {bag: host(`"a\u202eb.example"`), wantError: `hostname: "a\u202eb.example" is not a DNS name`},
	"other dot":       {bag: host(`"a\u3002example"`), wantError: `hostname: "a\u3002example" is not a DNS name`},
	"other slash":     {bag: host(`"a\uff0fb.example"`), wantError: `hostname: "a\uff0fb.example" is not a DNS name`},
	"half a pair":     {bag: host(`"a\ud800.example"`), wantError: `hostname: "a\ufffd.example" is not a DNS name`},

	"IPv6":              {bag: host(`"fd00::1"`), wantError: `hostname: "fd00::1" is an IP address; a DNS name is needed`},
	"IPv6 in brackets":  {bag: host(`"[fd00::1]"`), wantError: `hostname: "[fd00::1]" is an IP address; a DNS name is needed`},
	"IPv4, three parts": {bag: host(`"10.0.1"`), wantError: `hostname: "10.0.1" ends in a number, and would be taken for an IP address`},
	"ends in hex":       {bag: host(`"a.0X7f"`), wantError: `hostname: "a.0X7f" ends in a number, and would be taken for an IP address`},
	"begins as hex":     {bag: host(`"0x7f.example"`), hosts: []string{"0x7f.example"}},

	"hostname list":      {bag: host(`["a.example.com"]`), wantError: `hostname: must be a JSON string, not "[\"a.example.com\"]"`},
	"hostname object":    {bag: host("{}"), wantError: `hostname: must be a JSON string, not "{}"`},
	"hostname nothing":   {bag: host(""), wantError: `hostname: must be a JSON string, not ""`},
	"hostname twice":     {bag: host(`"a.example" "b.example"`), wantError: `hostname: must be a JSON string, not "\"a.example\" \"b.example\""`},
	"hostname None":      {bag: host("None"), wantError: `hostname: must be a JSON string, not "None"`},
	"hostname NaN":       {bag: host("NaN"), wantError: `hostname: must be a JSON string, not "NaN"`},
	"hostname oversized": {bag: host(`"` + strings.Repeat("a", 64<<10) + `"`), wantError: "hostname: longer than 65536 bytes"},
	"null, oversized":    {bag: host(strings.Repeat(" ", 64<<10) + "null"), hostless: true},
	"hostname nested":    {bag: host(strings.Repeat("[", 30_000)), wantError: `hostname: must be a JSON string, not "` + strings.Repeat("[", 40) + `"...`},

	"additional raw":       {bag: more("b.example.com"), wantError: `additional_hostnames: not JSON: "b.example.com"`},
	"additional nothing":   {bag: more(""), wantError: `additional_hostnames: not JSON: ""`},
	"additional object":    {bag: more(`{"a": 1}`), wantError: `additional_hostnames: not a list: "{\"a\": 1}"`},
	"additional unclosed":  {bag: more(`["b.example.com"`), wantError: `additional_hostnames: not JSON: "[\"b.example.com\""`},
	"additional twice":     {bag: more("[] []"), wantError: `additional_hostnames: more than one JSON document: "[] []"`},
	"additional of null":   {bag: more("[null]"), wantError: `additional_hostnames: must be a JSON string, not "null"`},
	"additional of lists":  {bag: more(`[["b.example.com"]]`), wantError: `additional_hostnames: must be a JSON string, not "[\"b.example.com\"]"`},
	"additional nested":    {bag: more(strings.Repeat("[", 30_000)), wantError: `additional_hostnames: not JSON: "` + strings.Repeat("[", 40) + `"...`},
	"additional, many bad": {bag: more(`["", "b.example.com", 5, "*"]`), wantError: "additional_hostnames: empty; a DNS name is needed (and 2 more in the list)"},
	"additional oversized": {bag: more(list(8000)), wantError: "additional_hostnames: longer than 65536 bytes"},
	"additional thousands": {bag: more(list(2000)), wantError: `additional_hostnames: more than 1000 entries: "[\"h0.example\",\"h1.example\",\"h2.example\","...`},

	"both wrong":    {bag: bag{"hostname": "5", "additional_hostnames": "5"}, wantError: `hostname: must be a JSON string, not "5" (and 1 more)`},
	"bag oversized": {bag: bag{"hostname": `"a.example"`, "x": strings.Repeat("x", 5<<20)}, wantError: "databag has 5242900 bytes, more than 4194304"},
}

const wantsVersion0 = "it speaks gateway-route version 0, which gets no routes"

// version0 returns what the library of version 0 wrote, changed: key, value, ….
func version0(changes ...string) bag {
	b := bag{"hostname": `"a.example.com"`, "paths": `["/app1"]`, "model": `"m"`, "name": `"web"`, "port": "8080"}
	for i := 0; i < len(changes); i += 2 {
		b[changes[i]] = changes[i+1]
	}
	return b
}

func TestParseVersion0(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bag  bag
		want string
		old  bool
	}{
		"as the library wrote it": {version0(), "web", true},
		"no name":                 {version0("name", `"../x"`), "", true},
		"a name that is none":     {version0("name", `"web-1"`), "", true},
		"the longest name":        {version0("name", `"`+strings.Repeat("a", 63)+`"`), strings.Repeat("a", 63), true},
		"a long name":             {version0("name", `"`+strings.Repeat("a", 64)+`"`), "", true},
		"a name at the bound":     {version0("name", padded(`"web"`)), "web", true},
		"an endless name":         {version0("name", strings.Repeat(" ", 1<<17)+`"web"`), "", true},
		"of version 1":            {version0("additional_hostnames", "[]"), "", false},
		"a host alone":            {bag{"hostname": `"a.example.com"`}, "", false},
		"nothing":                 {nil, "", false},
	} {
		if got, old := gatewayroute.ParseVersion0(c.bag); got != c.want || old != c.old {
			t.Errorf("%s: %q, %t", name, got, old)
		}
	}
}

// padded makes a value as long as the limit allows.
func padded(value string) string {
	return strings.Repeat(" ", pyjson.MaxEntry-len(value)) + value
}

// longest is a name of 253 characters.
var longest = strings.Repeat("a.", 123) + "example"

// list returns the JSON list of count names.
func list(count int) string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf(`"h%d.example"`, i)
	}
	return "[" + strings.Join(names, ",") + "]"
}

func TestParseRequirer(t *testing.T) {
	t.Parallel()
	for name, c := range ownRequirers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, c)
		})
	}
	t.Run("a thousand names", func(t *testing.T) {
		t.Parallel()
		got, err := gatewayroute.ParseRequirer(bag{"additional_hostnames": list(1000)})
		if err != nil || len(got.Hostnames) != 1000 || got.Hostnames[999] != "h999.example" {
			t.Errorf("%d names, %v", len(got.Hostnames), err)
		}
	})
	t.Run("values at the bound", func(t *testing.T) {
		t.Parallel()
		check(t, requirerCase{
			bag:   bag{"hostname": padded(`"a.example"`), "additional_hostnames": padded(`["b.example"]`)},
			hosts: []string{"a.example", "b.example"},
		})
	})
	t.Run("too many keys", func(t *testing.T) {
		t.Parallel()
		many := host("null")
		for i := range 1000 {
			many[fmt.Sprint(i)] = "x"
		}
		check(t, requirerCase{bag: many, wantError: "databag has 1002 keys, more than 1000"})
	})
}

// check parses the databag of c, compares, and reports whether it was accepted.
func check(t *testing.T, c requirerCase) (taken bool) {
	t.Helper()
	got, err := gatewayroute.ParseRequirer(c.bag)
	checkError(t, err)
	message := ""
	if err != nil {
		message = err.Error()
	}
	if message != c.wantError {
		t.Errorf("error %q, want %q", message, c.wantError)
	}
	want := gatewayroute.Request{Hostnames: c.hosts, Hostless: c.hostless}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	return err == nil
}

// checkError checks that an error is of a kind that callers know, and fit to show.
func checkError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	texts := []string{err.Error()}
	var invalid *gatewayroute.InvalidError
	switch {
	case errors.As(err, &invalid):
		texts = append(texts, invalid.Problems...)
	case !errors.Is(err, gatewayroute.ErrNotWritten) && !errors.Is(err, gatewayroute.ErrVersion0):
		t.Errorf("error of type %T: %v", err, err)
	}
	if len(texts) > 3 {
		t.Errorf("%d problems of two keys", len(texts)-1)
	}
	for _, text := range texts {
		if text == "" || len(text) > 300 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("error not fit to show: %q", text)
		}
	}
}

func TestInvalidErrorListsAll(t *testing.T) {
	t.Parallel()
	_, err := gatewayroute.ParseRequirer(bag{"hostname": `"10.0.0.1"`, "additional_hostnames": `["", "x"]`})
	var invalid *gatewayroute.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	want := []string{
		`hostname: "10.0.0.1" is an IP address; a DNS name is needed`,
		"additional_hostnames: empty; a DNS name is needed (and 1 more in the list)",
	}
	if diff := cmp.Diff(want, invalid.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
