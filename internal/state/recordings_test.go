package state_test

import (
	"slices"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestProviderRecordings goes through what the Python provider of ingress did when data arrived,
// became invalid and disappeared, and says what we do instead.
func TestProviderRecordings(t *testing.T) {
	t.Parallel()
	app := state.Databag{"model": `"m"`, "name": `"myapp"`, "port": `8080`}
	served := func(r state.Requirer) bool { return !r.Waiting && r.Problem == "" }
	waits := func(r state.Requirer) bool { return r.Waiting }
	refused := func(r state.Requirer) bool { return r.Problem != "" }
	cases := map[string]struct {
		app   state.Databag
		units []state.Databag
		want  func(state.Requirer) bool
	}{
		// The library leaves the URL; we withdraw it, see the scripts.
		"stale": {state.Databag{"model": `"m"`, "name": `"myapp"`, "port": `"x"`}, nil, refused},
		// A relation that breaks is not read at all.
		"broken":                       {state.Databag{}, nil, waits},
		"zero units, relation_created": {app, nil, served},
		// The library refuses version 1, which we serve.
		"v1 style, relation_created": {state.Databag{"model": "m", "name": "myapp", "port": "8080", "host": "h"}, nil, served},
		"empty, relation_created":    {state.Databag{}, nil, waits},
		"valid app + empty unit":     {app, []state.Databag{{"private-address": "10.1.0.4"}}, waits},
	}
	const recording = "../relation/ingress/testdata/ingress_provider.txt"
	var names []string
	for _, block := range recorded.Section(t, recording, "invalid after valid: local data stays?") {
		names = append(names, block.Name)
		c, known := cases[block.Name]
		if !known {
			t.Errorf("block %q is unknown to this test", block.Name)
			continue
		}
		if r := state.NewRequirer(1, "myapp", c.app, numbered(c.units...)); !c.want(r) {
			t.Errorf("%s: %+v", block.Name, r)
		}
	}
	for name := range cases {
		if !slices.Contains(names, name) {
			t.Errorf("nothing was recorded of %q", name)
		}
	}
}
