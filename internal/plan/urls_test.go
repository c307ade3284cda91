package plan_test

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestNoURLBeforeTheRoute guards against an earlier bug. When an application leaves, one on
// gateway-route may get listener names for which another one waits too. The latter was left out,
// but told its URL nevertheless: what had been written until then made it look as if it had other
// listeners.
func TestNoURLBeforeTheRoute(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
	w.requirers = append(w.requirers, stranger(6, "far", "shop"))
	w.someHooks()
	w.requirers = append(w.requirers, stranger(8, "far", "shop"))
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 9, Application: "late", Hostnames: []string{"far-shop-example.com"}})
	w.someHooks()
	w.requirers = append(w.requirers[:1], w.requirers[2:]...)
	for hook := range 3 {
		w.aHook()
		if url := w.urls[8]; url != "" && w.ledAstray(*w.remote(8)) != "" {
			t.Errorf("hook %d: nothing is served at %s", hook, url)
		}
		answerAll(w)
	}
	if url := w.urls[8]; !strings.Contains(url, "far-shop.example.com") || !w.told[9] {
		t.Errorf("in the end it is told %q", url)
	}
}

func answerAll(w *world) {
	for _, o := range w.orders {
		if o.state == state.CertificatePending {
			o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.AddDate(0, 3, 0)
		}
	}
}

// TestNoURLBeforeTheListener: an application that is not told its URL yet waits until its route is
// there and the Gateway has the listener that the route is attached to.
func TestNoURLBeforeTheListener(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*state.State)
		want   string
	}{
		"both are there":            {func(*state.State) {}, "https://web.example.com/prod-shop"},
		"the route is not there":    {func(s *state.State) { s.Cluster.Routes = s.Cluster.Routes[:1] }, ""},
		"the listener is not there": {func(s *state.State) { s.Cluster.Gateway.Spec.Listeners = s.Cluster.Gateway.Spec.Listeners[:1] }, ""},
	} {
		s := readState(t, "testdata/https-enforced.in.yaml")
		s.Cluster.Written = true
		c.change(&s)
		if got := plan.Make(s).Relations.URLs[0].URL; got != c.want {
			t.Errorf("%s: it is told %q", name, got)
		}
	}
}
