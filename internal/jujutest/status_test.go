package jujutest_test

import (
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// An application whose charm sets no status of its own shows the worst of its units, a failed hook
// before all else; one that was set stays, whoever set it.
func TestDerivedApplicationStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *jujutest.Options) { o.Retries = -1 })
	w.deploy("gw", charmDir(t, requirerMetadata, "case $JUJU_HOOK_NAME in update-status) exit 1; esac\n"), 3)
	w.settle()
	app := func() string {
		a := w.Status().Application("gw")
		return a.Status + ": " + a.Message
	}
	for _, step := range []struct{ one, two, three, want string }{
		{"active", "active fine", "active good", "active: "},
		{"active", "waiting me", "active", "waiting: me"},
		{"active", "waiting me", "maintenance busy", "maintenance: busy"},
		{"blocked one", "blocked two", "maintenance busy", "blocked: one"},
	} {
		w.exec("gw/0", "status-set "+step.one)
		w.exec("gw/1", "status-set "+step.two)
		w.exec("gw/2", "status-set "+step.three)
		if got := app(); got != step.want {
			t.Errorf("application = %q, want %q", got, step.want)
		}
	}
	w.must(w.UpdateStatus(w.ctx, "gw"))
	if err := w.Settle(w.ctx); err == nil {
		t.Fatal("no hook failed")
	}
	if got := app(); got != `error: hook failed: "update-status"` {
		t.Errorf("application with failed hooks = %q", got)
	}
	w.exec("gw/0", "status-set --application active mine")
	if got := app(); got != "active: mine" {
		t.Errorf("application with a status of its own = %q", got)
	}
}
