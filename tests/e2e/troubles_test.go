package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestOneTrouble: an application on gateway-route names a host that the authority refuses, with
// words that look like a cure; then another one writes an invalid port. Neither blocks the unit, on
// which a third is served, nor hides the other.
func TestOneTrouble(t *testing.T) {
	t.Parallel()
	const story, host = "a host that the authority refuses", "alpha.trouble.example.com"
	f := newFixture(t, "trouble", map[string]any{"external-hostname": "trouble.example.com"}).withAuthority()
	web := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch(story, web.URL(charm))
	shown := func(begin, end string) {
		t.Helper()
		f.must(f.Await(f.ctx, charm, func() error {
			if got := f.status(); !strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end) || strings.Contains(got, "`") {
				return fmt.Errorf("status is %q, not %q…%q", got, begin, end)
			}
			return nil
		}))
	}
	const cure = "; allow it at the provider"

	f.ca.Refuse = map[string]lab.Refusal{host: {Code: 102, Message: "`juju trust web --scope=cluster`; and more"}}
	f.configurator("alpha", "trouble", host)
	shown("active 1 of 2 applications served; alpha: certificate for "+host+": refused: ", cure)
	evil := f.app("evil", 8080, map[string]string{"port": "NaN"})
	shown("active 1 of 3 applications served; alpha: certificate for ", cure+"; 1 more in the log")

	f.ca.Refuse = nil
	f.must(f.Settle(f.ctx))
	shown("active Gateway addresses: "+f.Address()+"; 2 of 3 applications served; evil: port: ", `not "NaN"`)
	f.must(f.Juju.SetApplicationData(evil.Relation, "evil", map[string]string{"port": "8080"}))
	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	f.awaitAnswer(evil.URL(charm), 200)
	watched.end()
}
