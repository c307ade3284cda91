package state_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	defaults := state.Config{EnforceHTTPS: true, HSTSMaxAge: 31536000, RoutingMode: state.RoutingPath, HostsPerRelation: 8, CertificatesPerHour: 16}
	with := func(change func(*state.Config)) state.Config {
		config := defaults
		change(&config)
		return config
	}
	tests := map[string]struct {
		options  map[string]any
		want     state.Config
		problems []state.Problem
	}{
		"nothing set": {options: map[string]any{}, want: defaults},
		"nulls":       {options: map[string]any{"external-hostname": nil, "hsts-max-age": nil, "enforce-https": nil, "hosts-per-relation": nil, "certificates-per-hour": nil}, want: defaults},
		"all set": {
			options: map[string]any{
				"external-hostname": " WEB.Example.com ", "gateway-class": "cilium",
				"enforce-https": false, "hsts-max-age": json.Number("60"),
				"hosts-per-relation": json.Number("32"), "certificates-per-hour": json.Number("1"),
			},
			want: state.Config{
				ExternalHostname: "web.example.com", GatewayClass: "cilium", HSTSMaxAge: 60, RoutingMode: state.RoutingPath,
				HostsPerRelation: 32, CertificatesPerHour: 1,
			},
		},
		"hsts zero": {options: map[string]any{"hsts-max-age": json.Number("0")}, want: with(func(c *state.Config) { c.HSTSMaxAge = 0 })},
		"hsts negative": {
			options:  map[string]any{"hsts-max-age": json.Number("-1")},
			want:     with(func(c *state.Config) { c.HSTSMaxAge = 0 }),
			problems: []state.Problem{{Option: "hsts-max-age", Message: "must be 0 to 2^53-1"}},
		},
		"hsts past 31 bits": {options: map[string]any{"hsts-max-age": json.Number("3153600000")}, want: with(func(c *state.Config) { c.HSTSMaxAge = 3153600000 })},
		"hsts of 53 bits":   {options: map[string]any{"hsts-max-age": json.Number("9007199254740991")}, want: with(func(c *state.Config) { c.HSTSMaxAge = 9007199254740991 })},
		"hsts past 53 bits": {
			options:  map[string]any{"hsts-max-age": json.Number("9007199254740992")},
			want:     with(func(c *state.Config) { c.HSTSMaxAge = 0 }),
			problems: []state.Problem{{Option: "hsts-max-age", Message: "must be 0 to 2^53-1"}},
		},
		"hsts past 64 bits": {
			options:  map[string]any{"hsts-max-age": json.Number("99999999999999999999")},
			want:     with(func(c *state.Config) { c.HSTSMaxAge = 0 }),
			problems: []state.Problem{{Option: "hsts-max-age", Message: "must be 0 to 2^53-1"}},
		},
		"hsts as a text": {
			options:  map[string]any{"hsts-max-age": "60"},
			want:     with(func(c *state.Config) { c.HSTSMaxAge = 0 }),
			problems: []state.Problem{{Option: "hsts-max-age", Message: "must be 0 to 2^53-1"}},
		},
		"networks": {
			options: map[string]any{"cross-model-networks": " 100.64.0.0/10, -10.96.0.0/12 "},
			want:    with(func(c *state.Config) { c.CrossModelNetworks = "100.64.0.0/10,-10.96.0.0/12" }),
		},
		"networks left empty": {options: map[string]any{"cross-model-networks": " , "}, want: defaults},
		"networks with bits past their length": {
			options: map[string]any{"cross-model-networks": "10.1.0.0/16,10.2.3.4/16"}, want: defaults,
			problems: []state.Problem{{Option: "cross-model-networks", Message: "10.2.3.4/16 should be 10.2.0.0/16"}},
		},
		"networks of words": {
			options: map[string]any{"cross-model-networks": "pods"}, want: defaults,
			problems: []state.Problem{{Option: "cross-model-networks", Message: "is no network"}},
		},
		"networks as a number": {
			options: map[string]any{"cross-model-networks": json.Number("10")}, want: defaults,
			problems: []state.Problem{{Option: "cross-model-networks", Message: "must be text"}},
		},
		"bounds that let nobody in": {
			options: map[string]any{"hosts-per-relation": json.Number("0"), "certificates-per-hour": json.Number("-1")},
			want:    defaults,
			problems: []state.Problem{
				{Option: "hosts-per-relation", Message: "is 1 to 32"},
				{Option: "certificates-per-hour", Message: "is 1 to 1000"},
			},
		},
		"bounds that bound nothing": {
			options: map[string]any{"hosts-per-relation": json.Number("33"), "certificates-per-hour": json.Number("1001")},
			want:    defaults,
			problems: []state.Problem{
				{Option: "hosts-per-relation", Message: "is 1 to 32"},
				{Option: "certificates-per-hour", Message: "is 1 to 1000"},
			},
		},
		"routing by path":      {options: map[string]any{"routing-mode": "path"}, want: defaults},
		"routing by default":   {options: map[string]any{"routing-mode": nil}, want: defaults},
		"routing left empty":   {options: map[string]any{"routing-mode": " "}, want: defaults},
		"routing by subdomain": {options: map[string]any{"routing-mode": " subdomain "}, want: with(func(c *state.Config) { c.RoutingMode = state.RoutingSubdomain })},
		"routing in upper case": {
			options:  map[string]any{"routing-mode": "Subdomain"},
			want:     with(func(c *state.Config) { c.RoutingMode = "" }),
			problems: []state.Problem{{Option: "routing-mode", Message: "must be path or subdomain"}},
		},
		"routing of another type": {
			options:  map[string]any{"routing-mode": true},
			want:     defaults,
			problems: []state.Problem{{Option: "routing-mode", Message: "must be text"}},
		},
		"enforcement of another type fails closed": {
			options:  map[string]any{"enforce-https": "false"},
			want:     defaults,
			problems: []state.Problem{{Option: "enforce-https", Message: "must be true or false"}},
		},
		"several problems": {
			options: map[string]any{"external-hostname": "10.0.0.1", "gateway-class": "Not A Class"},
			want:    defaults,
			problems: []state.Problem{
				{Option: "external-hostname", Message: "is an IP address"},
				{Option: "gateway-class", Message: "is no name of a class"},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := state.ParseConfig(test.options)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNormalizeHostname(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a234567890.", 23)[:252] + "a"
	good := map[string]string{
		"web.example.com": "web.example.com",
		"Web.EXAMPLE.com": "web.example.com",
		"münchen.example": "xn--mnchen-3ya.example",
		"localhost":       "localhost",
		// Hyphens in the third and fourth place are reserved for future encodings (RFC 5891,
		// 4.2.3.1), which DNS and certificates do not know.
		"pr--42.example.com":     "pr--42.example.com",
		"r3---sn-x.example.com":  "r3---sn-x.example.com",
		"a--b.c--d.example":      "a--b.c--d.example",
		"pr--42.MÜNCHEN.example": "pr--42.xn--mnchen-3ya.example",
		"XN--mnchen-3ya.com":     "xn--mnchen-3ya.com",
		"1.example.com":          "1.example.com",
		long:                     long,
		"xn--mnchen-3ya.com":     "xn--mnchen-3ya.com",
	}
	for name, want := range good {
		if got, err := state.NormalizeHostname(name); err != nil || got != want {
			t.Errorf("NormalizeHostname(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	bad := map[string]string{
		"":                         "is not a DNS name",
		"10.0.0.1":                 "is an IP address",
		"fd00::1":                  "is an IP address",
		"[fd00::1]":                "is an IP address",
		"*.example.com":            "has a wildcard",
		"web.example.com.":         "is not a DNS name",
		"web..example.com":         "is not a DNS name",
		"-web.example.com":         "is not a DNS name",
		"web_1.example.com":        "is not a DNS name",
		"web example.com":          "is not a DNS name",
		"web.example.com/x":        "is not a DNS name",
		"https://web.example.com":  "is not a DNS name",
		"web.example.com\nx":       "is not a DNS name",
		long + "a":                 "is longer than 253 characters",
		strings.Repeat("a", 64):    "is not a DNS name",
		strings.Repeat("é", 5000):  "is longer than 253 characters",
		"web.example.com:443":      "is not a DNS name",
		"\xff\xfe.example.com":     "is not a DNS name",
		"xn--a.example.com":        "is not a DNS name",
		"xn--.example.com":         "is not a DNS name",
		"xn--pr--42-.example.com":  "is not a DNS name",
		"xn--ab--.example.com":     "is not a DNS name",
		"pr--42-.example.com":      "is not a DNS name",
		"pr--é.example.com":        "is not a DNS name",
		"a\u200db.example.com":     "is not a DNS name",
		"web.example.com\x00.evil": "is not a DNS name",
	}
	for name, want := range bad {
		got, err := state.NormalizeHostname(name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NormalizeHostname(%.40q) = %q, %v; want an error with %q", name, got, err, want)
		}
		if err != nil && len([]rune(err.Error())) > 100 {
			t.Errorf("NormalizeHostname(%.40q): error of %d characters has no place in a status", name, len(err.Error()))
		}
	}
}

// TestHostnamesMakeURLs compares what is accepted as a host name with what the ingress interface
// can publish: anything else would fail every hook.
func TestHostnamesMakeURLs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"10.0.1", "2130706433", "web.0x7f", "web.example.123", "a.b.0"} {
		if host, err := state.NormalizeHostname(name); err == nil {
			_, err = ingress.NormalizeURL("https://" + host + "/model-app")
			t.Errorf("NormalizeHostname(%q) = %q, of which no URL can be made: %v", name, host, err)
		}
	}
	for _, name := range []string{"web.example.com", "a", "1.example.com", "0x7f.example", "web.123a", "münchen.example"} {
		host, err := state.NormalizeHostname(name)
		if err != nil {
			t.Errorf("NormalizeHostname(%q): %v", name, err)
			continue
		}
		want := "https://" + host + "/model-app"
		if url, err := ingress.NormalizeURL(want); url != want || err != nil {
			t.Errorf("NormalizeURL(%q) = %q, %v", want, url, err)
		}
	}
}
