package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestWhatIsAcceptedAndNotUsed: an application that has opened its port or asks for health checks
// is served like any other, whatever it writes about those.
func TestWhatIsAcceptedAndNotUsed(t *testing.T) {
	t.Parallel()
	made := func(more state.Databag) plan.Plan {
		s := readState(t, "testdata/https-enforced.in.yaml")
		request := state.Databag{"model": `"` + s.Model + `"`, "name": `"shop"`, "port": "8080"}
		for key, value := range more {
			request[key] = value
		}
		s.Requirers = []state.Requirer{state.NewRequirer(7, "shop", request, []state.UnitBag{{Bag: state.Databag{"host": `"shop-0"`}}})}
		return plan.Make(s)
	}
	want := string(render(t, made(nil)))
	for _, c := range []struct {
		more    state.Databag
		remarks int
	}{
		{state.Databag{"is_port_open": "true"}, 0},
		{state.Databag{"is_port_open": "false", "healthcheck_params": "null"}, 0},
		{state.Databag{"healthcheck_params": `{"path": "/health", "port": 9000, "interval": "10s"}`}, 0},
		{state.Databag{"healthcheck_params": `{"port": 9000}`}, 1},
		{state.Databag{"healthcheck_params": "nonsense", "is_port_open": "true"}, 1},
	} {
		p := made(c.more)
		if len(p.Remarks) != c.remarks {
			t.Errorf("%v: remarks %q", c.more, p.Remarks)
		}
		p.Remarks = nil
		if diff := cmp.Diff(want, string(render(t, p))); diff != "" {
			t.Errorf("%v: the plan differs (-without +with):\n%s", c.more, diff)
		}
	}
}
