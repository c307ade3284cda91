package state_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

func TestNewRouteRequirer(t *testing.T) {
	t.Parallel()
	hosts := func(names ...string) state.RouteRequirer {
		return state.RouteRequirer{RelationID: 5, Application: "routes", Hostnames: names}
	}
	hostless := func(names ...string) state.RouteRequirer {
		r := hosts(names...)
		r.Hostless = true
		return r
	}
	invalid := func(problem string, remarks ...string) state.RouteRequirer {
		return state.RouteRequirer{RelationID: 5, Application: "routes", Problem: problem, Remarks: remarks}
	}
	version0 := func(backend string) state.RouteRequirer {
		return state.RouteRequirer{
			RelationID: 5, Application: "routes", Version0: true, Backend: backend,
			Problem: "it speaks gateway-route version 0, which gets no routes",
		}
	}
	waiting := state.RouteRequirer{RelationID: 5, Application: "routes", Waiting: true}
	tests := map[string]struct {
		bag  state.Databag
		want state.RouteRequirer
	}{
		"never written":               {state.Databag{}, waiting},
		"version 0":                   {state.Databag{"hostname": `"a.example.com"`, "model": `"m"`, "name": `"web"`, "port": `80`, "paths": `["/"]`}, version0("web")},
		"keys of version 0 only":      {state.Databag{"model": `"m"`, "port": `80`}, version0("")},
		"version 1 after version 0":   {state.Databag{"hostname": `"a.example.com"`, "additional_hostnames": `[]`, "model": `"m"`, "name": `"web"`, "port": `80`, "paths": `["/"]`}, hosts("a.example.com")},
		"no hostname":                 {state.Databag{"hostname": `null`, "additional_hostnames": `[]`}, hostless()},
		"hostname null alone":         {state.Databag{"hostname": `null`}, hostless()},
		"hostname":                    {state.Databag{"hostname": `"a.example.com"`, "additional_hostnames": `[]`}, hosts("a.example.com")},
		"only additional":             {state.Databag{"hostname": `null`, "additional_hostnames": `["b.example.com"]`}, hostless("b.example.com")},
		"in its order, each once":     {state.Databag{"hostname": `"b.example.com"`, "additional_hostnames": `["a.example.com", "b.example.com"]`}, hosts("b.example.com", "a.example.com")},
		"the same in normal form":     {state.Databag{"hostname": `"B.Example.com"`, "additional_hostnames": `["b.example.com", "Bücher.example", "xn--bcher-kva.example"]`}, hosts("b.example.com", "xn--bcher-kva.example")},
		"hyphens together":            {state.Databag{"hostname": `"pr--42.example.com"`, "additional_hostnames": `["R3---sn-x.example.com"]`}, hosts("pr--42.example.com", "r3---sn-x.example.com")},
		"an address":                  {state.Databag{"hostname": `"10.0.0.1"`}, invalid(`hostname: "10.0.0.1" is an IP address; a DNS name is needed`)},
		"not JSON":                    {state.Databag{"hostname": `a.example.com`}, invalid(`hostname: must be a JSON string, not "a.example.com"`)},
		"one bad among good":          {state.Databag{"hostname": `"a.example.com"`, "additional_hostnames": `["b.example.com", "*.example.com"]`}, invalid(`additional_hostnames: "*.example.com" has a wildcard; a full DNS name is needed`)},
		"no name in the normal form":  {state.Databag{"hostname": `"xn--a.example.com"`}, invalid(`hostname: "xn--a.example.com" is not a DNS name`)},
		"everything wrong, all noted": {state.Databag{"hostname": `"localhost"`, "additional_hostnames": `["a.example.com."]`}, invalid(`hostname: "localhost" has no domain; a full DNS name is needed (and 1 more)`, `hostname: "localhost" has no domain; a full DNS name is needed`, `additional_hostnames: "a.example.com." ends in a dot`)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := state.NewRouteRequirer(5, "routes", test.bag)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := !test.want.Waiting && test.want.Problem == ""; got.Servable() != want {
				t.Errorf("servable: %t", got.Servable())
			}
		})
	}
}
