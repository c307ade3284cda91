package charm_test

import (
	"strings"
	"testing"
	"time"
)

// TestHeldIsLogged: the log names what has to wait, with the reason, as long as it waits.
func TestHeldIsLogged(t *testing.T) {
	t.Parallel()
	const line = "HTTPRoute gw-prod-blog-http: held since there is no Service gw-blog-service"
	w := serving(t)
	w.relate("gateway:2", "blog")
	w.fail = map[string]answer{"PATCH services/gw-blog-service": byQuota}
	w.settle()
	if log := strings.Join(w.log, "\n"); !strings.Contains(log, line) {
		t.Errorf("log is %q", log)
	}
	w.fail, w.log = nil, nil
	w.settle()
	if log := strings.Join(w.log, "\n"); strings.Contains(log, ": held") || strings.Contains(log, ": kept") {
		t.Errorf("in the end log is %q", log)
	}
}

// TestHeldForASecretIsNotLogged: objects that waited for a refused Secret are written in the same
// hook, by the plan without it.
func TestHeldForASecretIsNotLogged(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.withAuthority()
	w.relate("gateway:2", "blog")
	w.quiet()
	w.issue(100 * time.Hour)
	w.fail = map[string]answer{"PATCH /secrets/": byQuota}
	w.settle()
	log := strings.Join(w.log, "\n")
	if !strings.Contains(log, "cannot apply secrets/") || strings.Contains(log, "held since there is no Secret") {
		t.Errorf("log is %q", log)
	}
}
