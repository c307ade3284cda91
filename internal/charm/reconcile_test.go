package charm_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

func TestChangedRouteIsNotYetAccepted(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.slow = true
	w.bags["gateway:1"]["shop"]["port"] = "9090"
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got, want := w.lastStatus(), "waiting Waiting for the gateway controller to accept the routes of shop"; got != want {
		t.Errorf("status is %q, not %q", got, want)
	}
}

func TestOnlyWhatChangedIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, want := range []int{2, 0} {
		w.requests = nil
		w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
		watches := 0
		for _, request := range w.requests {
			if strings.HasPrefix(request, "WATCH") {
				watches++
			}
		}
		if watches != want {
			t.Errorf("run %d: %d watches, not %d", i, watches, want)
		}
	}
}

func TestRefusedRequestsAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuse = true
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := w.lastStatus(); !strings.HasPrefix(got, "blocked Insufficient permissions") {
		t.Errorf("status is %q", got)
	}
	if log := strings.Join(w.log, "\n"); !strings.Contains(log, "no right to /api/v1/namespaces/prod/services") {
		t.Errorf("log is %q", log)
	}
}

// It matters most to know what was done if the rest failed.
func TestChangesOfAFailedHookAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail = map[string]answer{"PATCH /httproutes/": {http.StatusInternalServerError, "broken"}}
	if err := w.try(gocharm.Event{Kind: gocharm.UpdateStatus}); err == nil {
		t.Error("the hook does not fail")
	}
	if !strings.Contains(strings.Join(w.log, "\n"), "    Gateway/gw created\n") {
		t.Errorf("log is %q", w.log)
	}
	if len(w.status) > 0 {
		t.Errorf("status is %q", w.status)
	}
}
