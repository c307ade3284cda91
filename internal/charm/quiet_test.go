package charm_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNothingChangedNothingWritten: an event without changes writes nothing, neither to the cluster
// nor to a relation, whatever is served.
func TestNothingChangedNothingWritten(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T) *world{
		"over HTTP": serving,
		"with a certificate": func(t *testing.T) *world {
			w := serving(t)
			w.withAuthority()
			w.quiet()
			w.issue(100 * time.Hour)
			return w
		},
		"an application that speaks TLS": func(t *testing.T) *world {
			w := withBackendTLS(t)
			w.bags["receive-ca-cert:7"]["ca"] = map[string]string{"certificates": quoted(t, []string{backendCA(t)}), "version": "1"}
			return w
		},
		"of another model": func(t *testing.T) *world {
			w := serving(t)
			w.foreign("gateway:5", "far", "10.1.0.5")
			return w
		},
		"routes of their own, and DNS records": func(t *testing.T) *world {
			w := serving(t)
			w.withRoutes()
			return w
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := prepare(t)
			w.quiet()
			if kinds := w.made(); name != "over HTTP" && len(kinds) == 0 {
				t.Error("nothing was written before")
			}
			w.run(updateStatus())
			if got := w.writes(); len(got) > 0 {
				t.Errorf("requests: %q", got)
			}
			if slices.ContainsFunc(w.calls, func(call string) bool { return strings.HasPrefix(call, "relation-set") }) {
				t.Errorf("calls: %q", w.calls)
			}
		})
	}
}

// TestOnlyTheChangeIsWritten: if one application changes something, only that is written.
func TestOnlyTheChangeIsWritten(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.relate("gateway:2", "blog")
	w.quiet()
	w.writes()
	w.bags["gateway:2"]["blog"]["port"] = "9090"
	w.run(updateStatus())
	if got := w.made(); !slices.Equal(got, []string{"PATCH services", "PATCH httproutes"}) {
		t.Errorf("requests: %q", got)
	}
}
