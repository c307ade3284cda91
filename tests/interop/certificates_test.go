package interop_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// What the Python authority's library reads in the databags, see charms/authority.
type authorityReport struct {
	Requests []struct {
		Relation int
		Request  string
		Names    []string
		CA       bool
	}
	Certificates []struct {
		Relation    int
		Request     string
		Certificate string
		Revoked     bool
	}
	Unsolicited, Outstanding int
	Errors                   []int
	Root                     string
}

func (f *fixture) authority(unit string) authorityReport {
	f.t.Helper()
	var report authorityReport
	f.report(unit, &report)
	return report
}

// hello adds an application and gives its URL, which must be published.
func (f *fixture) hello(model string) string {
	f.t.Helper()
	return f.awaitHello(f.relateHello(), model)
}

// relateHello adds an application and relates it: without one no certificate is asked for.
func (f *fixture) relateHello() *lab.App {
	f.t.Helper()
	app, err := f.AddApp(f.ctx, "hello", 8080, 1)
	f.must(err)
	f.must(f.Relate(f.ctx, "hello:ingress", charm))
	f.must(f.Settle(f.ctx))
	return app
}

// awaitHello waits until the application is served, and returns its URL.
func (f *fixture) awaitHello(app *lab.App, model string) string {
	f.t.Helper()
	f.awaitStatus(active)
	want := "https://" + model + ".example.com/" + model + "-hello"
	if url := app.URL(charm); url != want {
		f.t.Fatalf("URL is %q, not %q", url, want)
	}
	return want
}

// host is the configuration with one host, named after the model.
func host(model string) map[string]any {
	return map[string]any{"external-hostname": model + ".example.com"}
}

// TestIssue has the real provider library read our request and answer it, under each
// version of Juju.
func TestIssue(t *testing.T) {
	t.Parallel()
	profiles := map[string]jujutest.Profile{"juju31": jujutest.OldJuju3, "juju36": jujutest.Juju36, "juju40": jujutest.Juju40}
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			model := "issue-" + name
			f := newFixture(t, model, host(model), func(o *lab.Options) { o.Profile = profile }).withAuthority(nil)
			url := f.hello(model)
			seen := f.authority("ca/0")
			if len(seen.Requests) != 1 || len(seen.Certificates) != 1 || seen.Outstanding != 0 || seen.Unsolicited != 0 {
				t.Fatalf("the library sees %+v", seen)
			}
			if diff := cmp.Diff([]string{model + ".example.com"}, seen.Requests[0].Names); diff != "" || seen.Requests[0].CA {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			f.awaitServed(url, seen.Root, seen.Certificates[0].Certificate)

			// Nobody has anything to say any more.
			f.updateStatus(charm)
			f.updateStatus("ca")
			if ran := f.settle(); len(ran) != 0 {
				t.Errorf("ran %v", ran)
			}
			if diff := cmp.Diff(seen, f.authority("ca/0")); diff != "" {
				t.Errorf("the library sees (-before +after):\n%s", diff)
			}
		})
	}
}
