package interop_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestOps has a charm call all of ops that a charm on Kubernetes can: what ops makes of
// the simulated Juju's answers is what its documentation promises of a real one.
func TestOps(t *testing.T) {
	t.Parallel()
	profiles := map[string]jujutest.Profile{"juju36": jujutest.Juju36, "juju40": jujutest.Juju40}
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testOps(t, "probe-"+name, profile)
		})
	}
}

func testOps(t *testing.T, model string, profile jujutest.Profile) {
	f := newModel(t, model, func(o *lab.Options) { o.Profile = profile })
	f.python("one", "probe", jujutest.DeployOptions{Units: 2})
	f.python("two", "probe", jujutest.DeployOptions{Units: 2})
	_, err := f.Juju.Integrate(f.ctx, "one:up", "two:down")
	f.must(err)
	_, err = f.Juju.Integrate(f.ctx, "two:up", "one:down")
	f.must(err)
	f.must(f.Settle(f.ctx))
	units := []string{"one/0", "one/1", "two/0", "two/1"}
	for _, action := range []string{"check", "read"} {
		for _, unit := range units {
			results := f.action(unit, action)
			failed := map[string]string{}
			f.must(json.Unmarshal([]byte(results["failed"]), &failed))
			for check, why := range failed {
				t.Errorf("%s, %s %s: %s", unit, action, check, why)
			}
			if results["nested.key"] != "value" || results["count"] == "0" {
				t.Errorf("%s, %s: results are %v", unit, action, results)
			}
		}
	}
	result, err := f.Juju.RunAction(f.ctx, "one/0", "fail", map[string]any{"words": "-no"})
	f.must(err)
	if got, want := fmt.Sprint(result.Status, " ", result.Message, " ", result.Results["before"]), "failed -no failing"; got != want {
		t.Errorf("action is %q, not %q", got, want)
	}

	// Whoever leaves is named to those who stay; the last hooks of the leavers pass.
	f.ran = nil
	f.must(f.Juju.RemoveUnit(f.ctx, "two/1"))
	f.must(f.Settle(f.ctx))
	if got := f.status("one/1"); got == "active" {
		t.Errorf("status is %q", got)
	}
	f.must(f.Juju.RemoveRelation(f.ctx, "one:up", "two:down"))
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.KillPod(f.ctx, "one/0"))
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.RemoveApplication(f.ctx, "two"))
	f.must(f.Settle(f.ctx))
	var left []string
	for _, secret := range f.Juju.Secrets() {
		left = append(left, secret.Owner+" "+secret.Label)
	}
	if diff := cmp.Diff(map[string]bool{"one of-one": true, "one/1 of-one-1": true}, asSet(left)); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

func asSet(words []string) map[string]bool {
	set := map[string]bool{}
	for _, word := range words {
		set[word] = true
	}
	return set
}
