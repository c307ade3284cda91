package e2e_test

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestWrongSettings sets every option to an invalid value, one after the other and two at once,
// while a client sends requests over verified TLS. The status names what is wrong, no request
// fails, nothing of what is served is written, and the cure makes the unit active.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	right := map[string]any{
		"external-hostname": "wrong.example.com", "gateway-class": class(), "hsts-max-age": 300, "routing-mode": "path",
	}
	f := newFixture(t, "wrong", right).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch("wrong settings", app.URL(charm))
	f.awaitHSTS(app.URL(charm), "max-age=300")
	published := app.URL(charm)
	written := f.counting()
	long := strings.Repeat("long.", 60) + "example.com"
	const invalid = "invalid configuration: "
	for _, wrong := range []struct {
		options map[string]any
		begins  string // of the message
	}{
		{map[string]any{"external-hostname": "10.43.45.1"}, invalid + "external-hostname "},
		{map[string]any{"external-hostname": "https://wrong.example.com/"}, invalid + "external-hostname "},
		{map[string]any{"external-hostname": long}, invalid + "external-hostname "},
		{map[string]any{"external-hostname": "*.example.com"}, invalid + "external-hostname "},
		{map[string]any{"gateway-class": "nobodys"}, "Gateway class must be one of: "},
		{map[string]any{"gateway-class": "No class/"}, invalid + "gateway-class "},
		{map[string]any{"hsts-max-age": -1}, invalid + "hsts-max-age "},
		{map[string]any{"hsts-max-age": int64(1) << 60}, invalid + "hsts-max-age "},
		{map[string]any{"routing-mode": "scenic"}, invalid + "routing-mode "},
		{map[string]any{"routing-mode": "subdomain", "external-hostname": ""}, "external-hostname must be set for routing-mode subdomain"},
		{map[string]any{"external-hostname": "a b", "routing-mode": "scenic"}, invalid + "external-hostname "},
		{map[string]any{"external-hostname": "a b", "hsts-max-age": -1, "gateway-class": "nobodys"}, invalid + "external-hostname "},
		{map[string]any{"routing-mode": "subdomain", "external-hostname": "-"}, invalid + "external-hostname "},
	} {
		f.configure(wrong.options)
		if got := f.status(); !strings.HasPrefix(got, "blocked "+wrong.begins) {
			t.Errorf("%v: status is %q", wrong.options, got)
		}
		if got := app.URL(charm); got != published {
			t.Errorf("%v: published %s", wrong.options, got)
		}
		watched.more()
		f.configure(right)
		f.awaitStatus("active", active)
		if got := written(); len(got) > 0 {
			t.Errorf("%v: written %v", wrong.options, got)
		}
	}
	f.awaitHSTS(published, "max-age=300")
	watched.end()
}

// TestChangesBesideWrongSettings: applications come, change, break and go while an option is wrong:
// they are served, or not, in the mode that is in force, and the others are not affected.
func TestChangesBesideWrongSettings(t *testing.T) {
	t.Parallel()
	const url = "https://beside.example.com/beside-"
	f := newFixture(t, "beside", map[string]any{"external-hostname": "beside.example.com"}).withAuthority()
	steady, moving := f.app("steady", 8080, nil), f.app("moving", 8080, nil)
	f.awaitStatus("active", active)
	watched := f.watch("changes beside wrong settings", url+"steady")
	check := func(app *lab.App, url string, code int) {
		t.Helper()
		if got := app.URL(charm); got != url {
			t.Errorf("%s is told %q, not %q", app.Name, got, url)
		}
		f.awaitAnswer("https://beside.example.com/beside-"+app.Name, code)
		if got := f.status(); !strings.HasPrefix(got, "blocked invalid configuration: external-hostname ") {
			t.Errorf("status is %q", got)
		}
	}
	f.must(f.Juju.SetConfig(f.ctx, charm, map[string]any{"external-hostname": "10.0.0.1", "routing-mode": "subdomain"}))
	f.must(f.Juju.SetApplicationData(moving.Relation, "moving", map[string]string{"port": "0"}))
	f.must(f.Settle(f.ctx))
	check(moving, "", 404)
	added := f.app("added", 8080, nil)
	check(added, url+"added", 200)
	f.must(f.Juju.SetApplicationData(moving.Relation, "moving", map[string]string{"port": "8080", "strip-prefix": "true"}))
	f.must(f.Settle(f.ctx))
	check(moving, url+"moving", 200)
	f.must(f.Unrelate(f.ctx, "added:ingress", charm))
	f.must(f.Settle(f.ctx))
	f.awaitAnswer(url+"added", 404)
	check(steady, url+"steady", 200)
	f.configure(map[string]any{"external-hostname": "beside.example.com", "routing-mode": "path"})
	f.awaitStatus("active", active)
	watched.end()
}
