package ingress_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/ingress"
)

func TestVersion1(t *testing.T) {
	t.Parallel()
	good := bag{"model": "m", "name": "myapp", "port": "8080", "host": "10.1.2.3"}
	want := ingress.Application{Version: 1, Model: "m", Name: "myapp", Port: 8080, Scheme: ingress.HTTP, Host: "10.1.2.3"}
	for name, c := range map[string]struct {
		changes []string
		want    func(*ingress.Application)
		err     string
	}{
		"good": {},
		"flags": {
			changes: []string{"strip-prefix", "true", "redirect-https", "true"},
			want:    func(a *ingress.Application) { a.StripPrefix, a.RedirectHTTPS = true, true },
		},
		"flags of another spelling": {changes: []string{"strip-prefix", "True", "redirect-https", "1"}},
		"conformance test": {
			changes: []string{"host", `"0.0.0.42"`, "model", `"bar"`, "name", `"remote/0"`, "port", "42"},
			want:    func(a *ingress.Application) { a.Host, a.Model, a.Name, a.Port = "0.0.0.42", "bar", "remote", 42 },
		},
		"host of a version 2 bag counts for nothing": {
			changes: []string{"model", `"m"`, "name", `"myapp"`},
			want:    func(a *ingress.Application) { a.Version, a.Host = 2, "" },
		},
		"the last port":  {changes: []string{"port", "65535"}, want: func(a *ingress.Application) { a.Port = 65535 }},
		"the first port": {changes: []string{"port", "1"}, want: func(a *ingress.Application) { a.Port = 1 }},
		"the longest host": {
			changes: []string{"host", strings.Repeat("a", 253)},
			want:    func(a *ingress.Application) { a.Host = strings.Repeat("a", 253) },
		},
		"a longer host":   {changes: []string{"host", strings.Repeat("a", 254)}, err: "host: longer than 253 characters"},
		"port zero":       {changes: []string{"port", "0"}, err: portError(`"0"`)},
		"no port":         {changes: []string{"port", "-"}, err: "port missing"},
		"port beyond":     {changes: []string{"port", "65536"}, err: portError(`"65536"`)},
		"port with sign":  {changes: []string{"port", "+80"}, err: portError(`"+80"`)},
		"port float":      {changes: []string{"port", "80.0"}, err: portError(`"80.0"`)},
		"name with slash": {changes: []string{"name", "a/b/0"}, err: `name: not the name of an application: "a/b"`},
		"model traversal": {changes: []string{"model", "../x"}, err: `model: not the name of a model: "../x"`},
		"host injection":  {changes: []string{"host", "a\r\nb"}, err: `host: not a host name: "a\r\nb"`},
		"conformance test of bad data": {
			changes: []string{"model", "-", "name", "-", "port", "-", "bubble", "10", "rubble", "foo"},
			err:     "model missing (and 2 more)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ingress.ParseApplication(change(good, c.changes))
			if message(err) != c.err {
				t.Errorf("error %q, want %q", message(err), c.err)
			}
			want := want
			if c.err != "" {
				want = ingress.Application{}
			} else if c.want != nil {
				c.want(&want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("application (-want +got):\n%s", diff)
			}
		})
	}
}
