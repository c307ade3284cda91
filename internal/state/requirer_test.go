package state_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

func TestNewRequirer(t *testing.T) {
	t.Parallel()
	app := state.Databag{"model": `"prod"`, "name": `"web"`, "port": `8080`}
	unit := func(ip string) state.Databag {
		return state.Databag{"host": `"web-0.web"`, "ip": `"` + ip + `"`, "ingress-address": "10.1.0.9"}
	}
	web := state.Requirer{RelationID: 3, Application: "web", Model: "prod", Name: "web", Port: 8080, Scheme: "http"}
	with := func(addresses ...string) state.Requirer {
		r := web
		r.HasUnits = true
		for _, address := range addresses {
			r.Addresses = append(r.Addresses, netip.MustParseAddr(address))
		}
		return r
	}
	remarked := func(r state.Requirer, remark string) state.Requirer {
		r.Remarks = []string{remark}
		return r
	}
	juju := func(address string) state.Databag {
		return state.Databag{"host": `"web-0.web"`, "ingress-address": address, "egress-subnets": address + "/32"}
	}
	withUnits := func(r state.Requirer) state.Requirer {
		r.HasUnits = true
		return r
	}
	nginx := state.Requirer{RelationID: 3, Application: "web", Nginx: true, Problem: "it speaks the old ingress of nginx-ingress-integrator"}
	waiting := state.Requirer{RelationID: 3, Application: "web", Waiting: true}
	silent := with()
	silent.Waiting = true
	tests := map[string]struct {
		app   state.Databag
		units []state.Databag
		want  state.Requirer
	}{
		"never written":              {app: state.Databag{}, want: waiting},
		"without units":              {app: app, want: web},
		"units sorted, each once":    {app: app, units: []state.Databag{unit("10.1.0.6"), unit("10.1.0.5"), unit("10.1.0.6")}, want: with("10.1.0.5", "10.1.0.6")},
		"one unit silent":            {app: app, units: []state.Databag{unit("10.1.0.5"), {"ingress-address": "10.1.0.9"}}, want: with("10.1.0.5")},
		"one unit bad":               {app: app, units: []state.Databag{unit("10.1.0.5"), {"host": "raw"}}, want: remarked(with("10.1.0.5"), `a unit is left out: host: must be a JSON string, not "raw"`)},
		"every unit silent":          {app: app, units: []state.Databag{{"ingress-address": "10.1.0.9"}}, want: silent},
		"a unit with a bad address":  {app: app, units: []state.Databag{{"host": `"web-0.web"`, "ip": `"nope"`}}, want: remarked(with(), `ip: not an IP address; ignored: "\"nope\""`)},
		"version 1 has no unit data": {app: state.Databag{"model": "prod", "name": "web", "port": "8080", "host": "web.prod"}, units: []state.Databag{{}}, want: with()},

		"no unit says its address":          {app: app, units: []state.Databag{juju("10.1.0.8"), juju("fd00::8"), juju("10.1.0.8")}, want: with("10.1.0.8", "fd00::8")},
		"no unit says a good one":           {app: app, units: []state.Databag{unit("nope")}, want: remarked(with("10.1.0.9"), `ip: not an IP address; ignored: "\"nope\""`)},
		"one says it, another does not":     {app: app, units: []state.Databag{unit("10.1.0.5"), juju("10.1.0.8")}, want: with("10.1.0.5")},
		"one has written, another has not":  {app: app, units: []state.Databag{juju("10.1.0.8"), {"ingress-address": "10.1.0.9"}}, want: with("10.1.0.8")},
		"Juju does not know it":             {app: app, units: []state.Databag{juju(""), juju("lb.example.com"), juju("127.0.0.1"), juju("fe80::1"), juju(strings.Repeat("1", 1<<17))}, want: with()},
		"version 1 at what Juju knows":      {app: state.Databag{"model": "prod", "name": "web", "port": "8080", "host": "web.prod"}, units: []state.Databag{{"ingress-address": "10.1.0.8"}}, want: with("10.1.0.8")},
		"nginx's interface of the name":     {app: state.Databag{"service-hostname": "web.example", "service-name": "web", "service-port": "80"}, want: nginx},
		"nginx's interface, in part":        {app: state.Databag{"service-name": "web", "max-body-size": "20"}, units: []state.Databag{{}}, want: withUnits(nginx)},
		"nginx's interface beside ours":     {app: state.Databag{"model": `"prod"`, "name": `"web"`, "port": `8080`, "service-name": "web"}, want: web},
		"nginx's interface, ours not right": {app: state.Databag{"model": `"prod"`, "name": `"web"`, "service-name": "web"}, want: state.Requirer{RelationID: 3, Application: "web", Problem: "port missing"}},
		"only what nobody knows about":      {app: state.Databag{"bubble": "blabla"}, want: waiting},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := state.NewRequirer(3, "web", test.app, numbered(test.units...))
			if diff := cmp.Diff(test.want, got, cmpopts.EquateComparable(netip.Addr{}), cmpopts.IgnoreFields(got, "At")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	bad := map[string]struct {
		app   state.Databag
		units []state.Databag
	}{
		"port of text":     {app: state.Databag{"model": `"prod"`, "name": `"web"`, "port": `"8080"`}},
		"name as a path":   {app: state.Databag{"model": `"prod"`, "name": `"../x"`, "port": `80`}},
		"every unit bad":   {app: app, units: []state.Databag{{"host": "raw"}}},
		"scheme of a list": {app: state.Databag{"model": `"prod"`, "name": `"web"`, "port": `80`, "scheme": `["http"]`}},
	}
	for name, test := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := state.NewRequirer(3, "web", test.app, numbered(test.units...)); got.Problem == "" || got.Servable() {
				t.Errorf("got %+v, want a problem", got)
			}
		})
	}
}

// TestNewRequirerTellsWhereItsUnitsAre, for the status to name the unit.
func TestNewRequirerTellsWhereItsUnitsAre(t *testing.T) {
	t.Parallel()
	app := state.Databag{"model": `"prod"`, "name": `"web"`, "port": `8080`}
	unit := func(ip, juju string) state.Databag {
		return state.Databag{"host": `"web"`, "ip": ip, "ingress-address": juju}
	}
	for name, test := range map[string]struct {
		units []state.Databag
		want  []string
	}{
		"each says one":             {[]state.Databag{unit(`"10.1.0.6"`, "10.1.0.9"), unit(`"64:ff9b::a9fe:a9fe"`, "")}, []string{"0 10.1.0.6", "1 64:ff9b::a9fe:a9fe"}},
		"one says an impossible":    {[]state.Databag{unit(`"169.254.169.254"`, "10.1.0.9"), unit(`"10.1.0.6"`, "")}, []string{"0 169.254.169.254", "1 10.1.0.6"}},
		"all say impossible ones":   {[]state.Databag{unit(`"::ffff:127.0.0.1"`, ""), unit(`"fe80::1"`, "web.prod")}, []string{"0 127.0.0.1", "1 fe80::1"}},
		"Juju has a better one":     {[]state.Databag{unit(`"127.0.0.1"`, "10.1.0.9")}, []string{"0 10.1.0.9"}},
		"Juju has for another":      {[]state.Databag{unit(`"127.0.0.1"`, ""), unit("null", "10.1.0.9")}, []string{"1 10.1.0.9"}},
		"Juju has an impossible":    {[]state.Databag{unit("null", "127.0.0.1")}, nil},
		"no address":                {[]state.Databag{unit(`"nowhere"`, ""), {"ingress-address": "10.1.0.9"}}, nil},
		"a unit that is left out":   {[]state.Databag{{"host": "raw", "ip": `"127.0.0.1"`}, unit(`"10.1.0.6"`, "")}, []string{"1 10.1.0.6"}},
		"two units at one and same": {[]state.Databag{unit(`"10.1.0.6"`, ""), unit(`"10.1.0.6"`, "")}, []string{"0 10.1.0.6", "1 10.1.0.6"}},
	} {
		var got []string
		for _, one := range state.NewRequirer(3, "web", app, numbered(test.units...)).At {
			got = append(got, fmt.Sprintf("%d %s", one.Number, one.Address))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What an application writes is logged in every hook.
func TestRemarksAreBounded(t *testing.T) {
	t.Parallel()
	app := state.Databag{"model": `"prod"`, "name": `"web"`, "port": `8080`}
	var alike, different []state.Databag
	for i := range 100 {
		alike = append(alike, state.Databag{"host": `"web"`, "ip": `"nowhere"`})
		different = append(different, state.Databag{"host": `"web"`, "ip": fmt.Sprintf(`"nowhere-%d"`, i)})
	}
	if got := state.NewRequirer(3, "web", app, numbered(alike...)).Remarks; len(got) != 1 {
		t.Errorf("remarks on units that write the same: %q", got)
	}
	got := state.NewRequirer(3, "web", app, numbered(different...)).Remarks
	if len(got) != 11 || got[10] != "and 90 more" {
		t.Errorf("remarks on units that write something else each: %q", got)
	}
}

// The status has room for the first problem; if there are several, the log has all.
func TestSeveralProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bag     state.Databag
		problem string
		remarks []string
	}{
		{state.Databag{"model": `"prod"`, "name": `"web"`, "port": "0"}, `port: must be a whole number from 1 to 65535, not "0"`, nil},
		{
			state.Databag{"model": `"prod"`, "name": `"Web"`, "port": "0"},
			`name: not the name of an application: "Web" (and 1 more)`,
			[]string{`name: not the name of an application: "Web"`, `port: must be a whole number from 1 to 65535, not "0"`},
		},
	} {
		got := state.NewRequirer(3, "web", c.bag, nil)
		if got.Problem != c.problem || !cmp.Equal(got.Remarks, c.remarks) || got.Servable() {
			t.Errorf("%v: problem %q, remarks %q", c.bag, got.Problem, got.Remarks)
		}
	}
}

// Each flag is independent.
func TestFlags(t *testing.T) {
	t.Parallel()
	for _, strip := range []bool{false, true} {
		for _, redirect := range []bool{false, true} {
			got := state.NewRequirer(3, "web", state.Databag{
				"model": `"prod"`, "name": `"web"`, "port": "80", "strip-prefix": fmt.Sprint(strip), "redirect-https": fmt.Sprint(redirect),
			}, nil)
			if got.StripPrefix != strip || got.RedirectHTTPS != redirect {
				t.Errorf("strip %t, redirect %t: %+v", strip, redirect, got)
			}
		}
	}
}
