package gatewayroute_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/gatewayroute"
)

func FuzzParseRequirer(f *testing.F) {
	for _, b := range recorded.Bags(f, recorded.Text(f, recording)) {
		f.Add(b["hostname"], b["additional_hostnames"])
	}
	f.Add(`"a.example.com"`, `["b.example.com", "A.EXAMPLE.com"]`)
	f.Add("null", "[]")
	f.Add("a.example.com", "null")
	f.Add(`"m\u00fcnchen.example"`, `["10.0.1", "*.x", "fd00::1"]`)
	f.Add(`"a\u3002b\u202e.example"`, `[[[{`)
	f.Fuzz(func(t *testing.T, hostname, additional string) {
		b := bag{"hostname": hostname, "additional_hostnames": additional}
		got, err := gatewayroute.ParseRequirer(b)
		checkError(t, err)
		if err != nil {
			if len(got.Hostnames) > 0 || got.Hostless {
				t.Errorf("refused, but gives %+v", got)
			}
			return
		}
		for i, name := range got.Hostnames {
			checkName(t, name)
			if slices.Contains(got.Hostnames[:i], name) {
				t.Errorf("%q twice", name)
			}
		}
		// What was accepted is accepted again in the same order when it is written again.
		again, err := gatewayroute.ParseRequirer(bag{"hostname": hostname, "additional_hostnames": encode(t, got.Hostnames)})
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Errorf("read again: %v (-want +got):\n%s", err, diff)
		}
	})
}

// FuzzParseVersion0: the data that identify version 0 can be used in object names.
func FuzzParseVersion0(f *testing.F) {
	f.Add(`"m"`, `"web"`, "8080", `["/"]`)
	f.Add("m", "../x", "1e3", "")
	f.Add(`""`, `"web-1"`, "65536", "null")
	f.Fuzz(func(t *testing.T, model, name, port, paths string) {
		got, old := gatewayroute.ParseVersion0(bag{"hostname": `"a.example.com"`, "model": model, "name": name, "port": port, "paths": paths})
		if !old || len(got) > 63 || strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%q, %t", got, old)
		}
	})
}

// checkName checks that a name can smuggle nothing in.
func checkName(t *testing.T, name string) {
	t.Helper()
	if utf8.RuneCountInString(name) > 253 || !utf8.ValidString(name) || !strings.Contains(name, ".") || strings.HasSuffix(name, ".") {
		t.Errorf("taken: %q", name)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		t.Errorf("taken: address %q", name)
	}
	for _, r := range name {
		ascii := r == '.' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !ascii && (r < 0x80 || !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r)) {
			t.Errorf("taken: %q with %q", name, r)
		}
	}
}

func encode(t *testing.T, names []string) string {
	t.Helper()
	if names == nil {
		return "[]"
	}
	text, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func FuzzEncode(f *testing.F) {
	f.Add("10.0.0.1", "edge", "gateway", int64(31536000))
	f.Add("", "é\x00", "\"\xff", int64(-1))
	f.Fuzz(func(t *testing.T, address, model, name string, age int64) {
		for key, value := range gatewayroute.Encode(gatewayroute.Gateway{
			Address: address, Model: model, Name: name, HTTPSMode: gatewayroute.Enabled, HSTSMaxAge: &age,
		}) {
			// An empty value would delete the key, and leave only some of the five keys.
			if !json.Valid([]byte(value)) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%s is %q", key, value)
			}
		}
	})
}
