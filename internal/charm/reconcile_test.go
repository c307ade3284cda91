package charm_test

import (
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

func TestChangedRouteIsNotYetAccepted(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.bags["gateway:1"]["shop"]["port"] = "9090"
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got, want := w.lastStatus(), "waiting Waiting for the gateway controller to accept the routes of shop"; got != want {
		t.Errorf("status is %q, not %q", got, want)
	}
}
