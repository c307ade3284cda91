package ingress_test

import (
	"errors"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
)

type bag = map[string]string

// with returns the good application databag with some keys changed; "-" removes one.
func with(changes ...string) bag {
	return change(bag{"model": `"m"`, "name": `"myapp"`, "port": "8080"}, changes)
}

// unit does the same with the databag of a unit.
func unit(changes ...string) bag {
	return change(bag{"host": `"h0"`, "ip": `"10.0.0.1"`}, changes)
}

func change(b bag, changes []string) bag {
	b = maps.Clone(b)
	for i := 0; i < len(changes); i += 2 {
		if b[changes[i]] = changes[i+1]; changes[i+1] == "-" {
			delete(b, changes[i])
		}
	}
	return b
}

// providerCase is one block of the provider recordings, or a case of our own: what the requirer
// wrote, and what we make of it.
type providerCase struct {
	app   bag
	units []bag // one good unit when nil

	want      func(*ingress.Application) // changes to what the good bag gives; nil: none
	wantError string                     // of the application, whole
	unitError string                     // of the last unit, whole
	noIP      bool                       // the last unit has a host only
	remark    string                     // begins the one remark

	// unlike says why we accept what the Python library refuses, or refuse what it accepts. The
	// rule for a whole relation is the charm's: here a databag is good if the application is, and
	// at least one unit or no unit at all.
	unlike string
}

const notWritten = "nothing written yet"

// The inputs of the recordings' blocks, by name.
var validCases = map[string]providerCase{
	"minimal no units": {app: with(), units: []bag{}},
	"full":             {app: with("strip-prefix", "false", "redirect-https", "false", "scheme", `"http"`)},
	"ip absent":        {app: with(), units: []bag{unit("ip", "-")}, noIP: true},
	"ip null":          {app: with(), units: []bag{unit("ip", "null")}, noIP: true},
	"ipv6":             {app: with(), units: []bag{unit("ip", `"fd00::1"`)}},
	"strip true": {
		app:  with("strip-prefix", "true", "redirect-https", "true"),
		want: func(a *ingress.Application) { a.StripPrefix, a.RedirectHTTPS = true, true },
	},
	"strip null":   {app: with("strip-prefix", "null", "redirect-https", "null")},
	"scheme https": {app: with("scheme", `"https"`), want: func(a *ingress.Application) { a.Scheme = ingress.HTTPS }},
	"hc": {
		app: with("healthcheck_params", `{"path": "/h", "interval": "10s"}`),
		want: func(a *ingress.Application) {
			a.HealthCheck = &ingress.HealthCheck{Path: "/h", Interval: "10s", Timeout: "5s"}
		},
	},
	"is_port_open":       {app: with("is_port_open", "true"), want: func(a *ingress.Application) { a.PortOpen = true }},
	"extra keys nonjson": {app: with("foo", "bar baz"), units: []bag{unit("foo", "bar baz")}},
	"juju keys": {
		app:   with(),
		units: []bag{unit("ip", "-", "ingress-address", "10.0.0.1", "private-address", "10.0.0.1", "egress-subnets", "10.0.0.1/32")},
		noIP:  true,
	},
}

func portError(given string) string {
	return "port: must be a whole number from 1 to 65535, not " + given
}

var hostileCases = map[string]providerCase{
	"empty":              {app: bag{}, units: []bag{}, wantError: notWritten},
	"empty app, unit ok": {app: bag{}, wantError: notWritten},
	"v2.1 raw strings": {
		app:       bag{"model": "m", "name": "myapp", "port": "8080"},
		wantError: `model: must be a JSON string, not "m" (and 1 more)`,
	},
	"v1 style": {
		app: bag{"model": "m", "name": "myapp", "port": "8080", "host": "h"}, units: []bag{},
		want: func(a *ingress.Application) { a.Version, a.Host = 1, "h" },
	},
	"port string":  {app: with("port", `"8080"`), wantError: portError(`"\"8080\""`)},
	"port float":   {app: with("port", "8080.0"), wantError: portError(`"8080.0"`)},
	"port 8080.5":  {app: with("port", "8080.5"), wantError: portError(`"8080.5"`)},
	"port true":    {app: with("port", "true"), wantError: portError(`"true"`), unlike: "true is no port; Python takes it for 1"},
	"port 0":       {app: with("port", "0"), wantError: portError(`"0"`)},
	"port -1":      {app: with("port", "-1"), wantError: portError(`"-1"`)},
	"port 65535":   {app: with("port", "65535"), want: func(a *ingress.Application) { a.Port = 65535 }, unlike: "it is a port"},
	"port 65536":   {app: with("port", "65536"), wantError: portError(`"65536"`)},
	"port null":    {app: with("port", "null"), wantError: portError(`"null"`)},
	"port 1e3":     {app: with("port", "1e3"), wantError: portError(`"1e3"`)},
	"port empty":   {app: with("port", ""), wantError: portError(`""`)},
	"port huge":    {app: with("port", "99999999999999999999999"), wantError: portError(`"99999999999999999999999"`)},
	"NaN port":     {app: with("port", "NaN"), wantError: portError(`"NaN"`)},
	"port missing": {app: with("port", "-"), wantError: "port missing"},

	"name empty string": {app: with("name", `""`), wantError: `name: not the name of an application: ""`, unlike: "names are validated"},
	"name number":       {app: with("name", "5"), wantError: `name: must be a JSON string, not "5"`},
	"name null":         {app: with("name", "null"), wantError: `name: must be a JSON string, not "null"`},
	"name with slash":   {app: with("name", `"a/b"`), wantError: `name: not the name of an application: "a/b"`, unlike: "names are validated"},
	"name too long":     {app: with("name", `"`+strings.Repeat("a", 64)+`"`), wantError: "name: longer than 63 characters"},
	"name longest": {
		app:  with("name", `"`+strings.Repeat("a", 63)+`"`),
		want: func(a *ingress.Application) { a.Name = strings.Repeat("a", 63) },
	},
	"name ends in number": {app: with("name", `"web-1"`), wantError: `name: not the name of an application: "web-1"`},
	"name with newline":   {app: with("name", `"web\n"`), wantError: `name: not the name of an application: "web\n"`},
	"model missing":       {app: with("model", "-"), wantError: "model missing"},
	"model traversal":     {app: with("model", `"../x"`), wantError: `model: not the name of a model: "../x"`, unlike: "names are validated"},
	"model ends in dash":  {app: with("model", `"m-"`), wantError: `model: not the name of a model: "m-"`},
	"model of digits":     {app: with("model", `"2048"`), want: func(a *ingress.Application) { a.Model = "2048" }},
	"unicode":             {app: with("name", `"caf\u00e9"`), wantError: `name: not the name of an application: "caf\u00e9"`, unlike: "names are validated"},
	"everything wrong":    {app: bag{"scheme": "1"}, wantError: "model missing (and 3 more)"},

	"scheme ftp":  {app: with("scheme", `"ftp"`), wantError: `scheme: must be http, https or h2c, not "\"ftp\""`},
	"scheme null": {app: with("scheme", "null"), unlike: "null is how old libraries write what is not set"},
	"scheme HTTP": {app: with("scheme", `"HTTP"`), wantError: `scheme: must be http, https or h2c, not "\"HTTP\""`},
	"scheme list": {app: with("scheme", `["http"]`), wantError: `scheme: must be http, https or h2c, not "[\"http\"]"`},
	"scheme h2c":  {app: with("scheme", `"h2c"`), want: func(a *ingress.Application) { a.Scheme = ingress.H2C }},

	"strip 'true' string":     {app: with("strip-prefix", `"true"`), want: func(a *ingress.Application) { a.StripPrefix = true }},
	"strip python True":       {app: with("strip-prefix", "True"), wantError: `strip-prefix: must be true or false, not "True"`},
	"strip 1":                 {app: with("strip-prefix", "1"), want: func(a *ingress.Application) { a.StripPrefix = true }},
	"strip 2":                 {app: with("strip-prefix", "2"), wantError: `strip-prefix: must be true or false, not "2"`},
	"strip 'yes'":             {app: with("strip-prefix", `"yes"`), want: func(a *ingress.Application) { a.StripPrefix = true }},
	"strip_prefix underscore": {app: with("strip_prefix", "true")},
	"is_port_open bad":        {app: with("is_port_open", "{}"), wantError: `is_port_open: must be true or false, not "{}"`},

	"hc no path": {
		app: with("healthcheck_params", `{"port": 80}`), remark: "healthcheck_params: path missing",
		unlike: "nothing of ours depends on the health check",
	},
	"hc null":   {app: with("healthcheck_params", "null")},
	"hc dashed": {app: with("healthcheck-params", `{"path": "/"}`)},
	"hc double-encoded": {
		app: with("healthcheck_params", `"{\"path\": \"/\"}"`), remark: "healthcheck_params: not a JSON object",
		unlike: "nothing of ours depends on the health check",
	},
	"hc port str": {
		app: with("healthcheck_params", `{"path": "/", "port": "80"}`),
		want: func(a *ingress.Application) {
			a.HealthCheck = &ingress.HealthCheck{Path: "/", Port: 80, Interval: "30s", Timeout: "5s"}
		},
	},
	"hc port bad":  {app: with("healthcheck_params", `{"path": "/", "port": 0}`), remark: "healthcheck_params: port must be"},
	"hc path list": {app: with("healthcheck_params", `{"path": []}`), remark: "healthcheck_params: path must be a string"},
	"hc other case": {
		app: with("healthcheck_params", `{"PATH": "/"}`), remark: "healthcheck_params: path missing",
	},

	"host missing":    {app: with(), units: []bag{unit("host", "-")}, unitError: "host missing"},
	"host raw":        {app: with(), units: []bag{unit("host", "h0")}, unitError: `host: must be a JSON string, not "h0"`},
	"host null":       {app: with(), units: []bag{unit("host", "null")}, unitError: `host: must be a JSON string, not "null"`},
	"host number":     {app: with(), units: []bag{unit("host", "5")}, unitError: `host: must be a JSON string, not "5"`},
	"host empty":      {app: with(), units: []bag{unit("host", `""`, "ip", "-")}, noIP: true},
	"host no name":    {app: with(), units: []bag{unit("host", `"a b\n"`)}, unitError: `host: not a host name: "a b\n"`},
	"host too long":   {app: with(), units: []bag{unit("host", `"`+strings.Repeat("a", 254)+`"`)}, unitError: "host: longer than 253 characters"},
	"host is address": {app: with(), units: []bag{unit("host", `"0.0.0.42"`, "ip", "-")}, noIP: true},

	"ip bad":         {app: with(), units: []bag{unit("ip", `"nope"`)}, noIP: true, remark: "ip: not an IP address", unlike: "the host will do"},
	"ip raw":         {app: with(), units: []bag{unit("ip", "10.0.0.1")}, noIP: true, remark: "ip: not an IP address", unlike: "the host will do"},
	"ip cidr":        {app: with(), units: []bag{unit("ip", `"10.0.0.1/24"`)}, noIP: true, remark: "ip: not an IP address", unlike: "the host will do"},
	"ip empty":       {app: with(), units: []bag{unit("ip", `""`)}, noIP: true, remark: "ip: not an IP address", unlike: "the host will do"},
	"ip zone":        {app: with(), units: []bag{unit("ip", `"fe80::1%eth0"`)}, noIP: true, remark: "ip: not an IP address"},
	"ip loopback":    {app: with(), units: []bag{unit("ip", `"127.0.0.1"`)}, noIP: true, remark: "ip: not the address of a pod"},
	"ip mapped":      {app: with(), units: []bag{unit("ip", `"::ffff:127.0.0.1"`)}, noIP: true, remark: "ip: not the address of a pod"},
	"ip metadata":    {app: with(), units: []bag{unit("ip", `"169.254.169.254"`)}, noIP: true, remark: "ip: not the address of a pod"},
	"ip none":        {app: with(), units: []bag{unit("ip", `"0.0.0.0"`)}, noIP: true, remark: "ip: not the address of a pod"},
	"ip to many":     {app: with(), units: []bag{unit("ip", `"ff02::1"`)}, noIP: true, remark: "ip: not the address of a pod"},
	"unit unwritten": {app: with(), units: []bag{{"ingress-address": "10.0.0.1"}}, unitError: notWritten},

	"one good one empty unit": {app: with(), units: []bag{unit(), {}}, unitError: notWritten, unlike: "one good unit is enough to serve"},
	"one good one bad unit": {
		app: with(), units: []bag{unit(), unit("host", "5")},
		unitError: `host: must be a JSON string, not "5"`, unlike: "one good unit is enough to serve",
	},
	// The recording's name fits a repeated key, and also white space after the document; Python
	// accepts both, and refuses anything else after it.
	"dup json trailing": {app: with("port", " 8080 \n", "healthcheck_params", `{"path": "/x", "path": "/"}`), want: func(a *ingress.Application) {
		a.HealthCheck = &ingress.HealthCheck{Path: "/", Interval: "30s", Timeout: "5s"}
	}},
	"trailing garbage": {app: with("port", "8080 8081"), wantError: portError(`"8080 8081"`)},
}

// TestProviderValid and TestProviderHostile go through the recordings. Whatever the Python provider
// accepted or refused must be a case here, and we do the same unless the case says why not.
func TestProviderValid(t *testing.T) {
	t.Parallel()
	replay(t, recorded.Section(t, "testdata/ingress_provider.txt", "valid variants"), validCases)
}

func TestProviderHostile(t *testing.T) {
	t.Parallel()
	replay(t, recorded.Section(t, "testdata/ingress_provider.txt", "hostile"), hostileCases)
}

func replay(t *testing.T, blocks []recorded.Block, cases map[string]providerCase) {
	t.Helper()
	python := map[string]string{}
	for _, block := range blocks {
		if _, known := cases[block.Name]; !known {
			t.Errorf("block %q of the recording has no case", block.Name)
		}
		python[block.Name] = block.Text
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			taken := check(t, c)
			text, isRecorded := python[name]
			if !isRecorded || strings.Contains(text, "InconsistentScenarioError") {
				return // A case of our own, or one that could not be recorded.
			}
			if pythonTook := strings.Contains(text, "data_provided"); (taken == pythonTook) != (c.unlike == "") {
				t.Errorf("taken: %t, by the Python library: %t, unlike: %q", taken, pythonTook, c.unlike)
			}
		})
	}
}

// check parses the databags of c, compares, and reports whether a relation with them would be
// served.
func check(t *testing.T, c providerCase) (taken bool) {
	t.Helper()
	app, err := ingress.ParseApplication(c.app)
	remarks := app.Remarks
	if got := message(err); got != c.wantError {
		t.Errorf("application error %q, want %q", got, c.wantError)
	}
	want := ingress.Application{}
	if c.wantError == "" {
		want = ingress.Application{Version: 2, Model: "m", Name: "myapp", Port: 8080, Scheme: ingress.HTTP}
		if c.want != nil {
			c.want(&want)
		}
	}
	app.Remarks = nil
	if diff := cmp.Diff(want, app); diff != "" {
		t.Errorf("application (-want +got):\n%s", diff)
	}
	units := c.units
	if units == nil {
		units = []bag{unit()}
	}
	good := 0
	for i, b := range units {
		u, err := ingress.ParseUnit(b)
		remarks = append(remarks, u.Remarks...)
		wantError, wantIP := "", true
		if i == len(units)-1 {
			wantError, wantIP = c.unitError, !c.noIP && c.unitError == ""
		}
		if got := message(err); got != wantError {
			t.Errorf("unit error %q, want %q", got, wantError)
		}
		if u.IP.IsValid() != wantIP {
			t.Errorf("unit address %v, want one: %t", u.IP, wantIP)
		}
		if err == nil {
			good++
		}
	}
	if c.remark == "" && len(remarks) > 0 || c.remark != "" && (len(remarks) != 1 || !strings.HasPrefix(remarks[0], c.remark)) {
		t.Errorf("remarks %q, want one that begins %q", remarks, c.remark)
	}
	return err == nil && (good > 0 || len(units) == 0)
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestUnitAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{`"10.1.2.3"`: "10.1.2.3", `"FD00:0::1"`: "fd00::1", `"::ffff:10.1.2.3"`: "10.1.2.3"} {
		got, err := ingress.ParseUnit(unit("ip", text))
		if err != nil || got.IP != netip.MustParseAddr(want) {
			t.Errorf("ip %s = %v, %v, want %s", text, got.IP, err, want)
		}
	}
	for text, want := range map[string]string{
		`"127.0.0.1"`: "127.0.0.1", `"::ffff:169.254.169.254"`: "169.254.169.254", `"fe80::1"`: "fe80::1", `"ff02::1"`: "ff02::1", `"0.0.0.0"`: "0.0.0.0",
		`"fe80::1%eth0"`: "", `"nope"`: "", "null": "", `"10.1.2.3"`: "",
	} {
		got, err := ingress.ParseUnit(unit("ip", text))
		if impossible := got.Impossible.IsValid(); err != nil || impossible != (want != "") || impossible && got.Impossible != netip.MustParseAddr(want) {
			t.Errorf("ip %s: impossible is %v, %v, want %q", text, got.Impossible, err, want)
		}
	}
}

// Juju's address counts if it is the address of a pod.
func TestIngressAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.1.2.3": "10.1.2.3", "fd00::1": "fd00::1", "::ffff:10.1.2.3": "10.1.2.3",
		"": "invalid IP", "web-0.example": "invalid IP", "127.0.0.1": "invalid IP", "fe80::1%eth0": "invalid IP",
		"fd00::1" + strings.Repeat(" ", 70_000): "invalid IP",
	} {
		if got := ingress.IngressAddress(bag{"ingress-address": text}); got.String() != want {
			t.Errorf("%.20q: %v, want %s", text, got, want)
		}
	}
}

func TestInvalidErrorListsAll(t *testing.T) {
	t.Parallel()
	_, err := ingress.ParseApplication(with("name", `"A"`, "port", "0"))
	var invalid *ingress.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	want := []string{`name: not the name of an application: "A"`, portError(`"0"`)}
	if diff := cmp.Diff(want, invalid.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
