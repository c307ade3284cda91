package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// A tenant of the cluster may write what it likes in a namespace of its own. It is related
// to nothing, and nobody's traffic is its.

// tenant adds one, with a pod.
func (f *fixture) tenant(namespace string) *lab.Configurator {
	f.t.Helper()
	tenant, err := f.AddConfigurator(f.ctx, "tenant", namespace)
	f.must(err)
	return tenant
}

// theft is a route of the tenant's, for a path, at a listener of the charm's Gateway (empty
// for any), by these hostnames.
func (f *fixture) theft(tenant *lab.Configurator, listener, path string, hostnames ...gatewayv1.Hostname) gatewayv1.HTTPRoute {
	route := tenant.Route(f.Model, charm, "http", "")
	route.Name = "theft" + listener
	route.Labels = nil // It is no route that the application would tidy up.
	for _, hostname := range hostnames {
		route.Name += "-by-" + strings.ReplaceAll(string(hostname), "*", "any")
	}
	route.Spec.ParentRefs[0].SectionName = nil
	if listener != "" {
		route.Spec.ParentRefs[0].SectionName = new(gatewayv1.SectionName(charm + listener))
	}
	route.Spec.Hostnames = hostnames
	route.Spec.Rules[0].Matches[0].Path.Value = &path
	return route
}

// tryAll has the tenant attach routes for a path to each of the listeners and to whichever
// would have them, by the hostname, by a wildcard and by none. None may be accepted.
func (f *fixture) tryAll(tenant *lab.Configurator, path string, hostname gatewayv1.Hostname, listeners ...string) {
	f.t.Helper()
	_, domain, _ := strings.Cut(string(hostname), ".")
	for _, listener := range append(listeners, "") {
		for _, hostnames := range [][]gatewayv1.Hostname{{hostname}, {gatewayv1.Hostname("*." + domain)}, nil} {
			route := f.theft(tenant, listener, path, hostnames...)
			f.must(tenant.Attach(f.ctx, route))
			if got := f.accepted(tenant.Model, route.Name); got == "True" {
				f.t.Errorf("the tenant's route to listener %q by %v is accepted", listener, hostnames)
			}
		}
	}
}

// neverTenants asks for the URLs a hundred times, which the tenant must not answer once.
func (f *fixture) neverTenants(story string, urls ...string) {
	f.t.Helper()
	for _, url := range urls {
		probe := f.ProbeWith(url, f.ca.Pool(), func(response lab.Response) error {
			if strings.HasPrefix(response.Echo.Unit, "tenant/") {
				return fmt.Errorf("%s answers (%d)", response.Echo.Unit, response.Code)
			}
			return nil
		})
		f.must(probe.AwaitMore(f.ctx, 100))
		f.ending(story+": "+url, probe)()
	}
}

// TestSecHostless has applications that name no host beside a host of the options, and others
// that name theirs, in the model and in other ones: what is open to the routes of these is
// open to nobody else.
func TestSecHostless(t *testing.T) {
	t.Parallel()
	const host = "sechost.example.com"
	f := newFixture(t, "sechost", map[string]any{"external-hostname": host}).withAuthority()
	web := f.app("web", 8080, nil)
	f.configurator("near", "sechost", "")
	f.configurator("far", "sechost-far", "")
	f.configurator("alpha", "sechost", "alpha."+host)
	f.configurator("beta", "sechost-beta", "beta."+host)
	f.awaitStatus("active", active)
	if response := f.awaitAnswer(web.URL(charm), 200); response.Echo.Unit != "web/0" {
		t.Fatalf("%s is served by %q", web.URL(charm), response.Echo.Unit)
	}
	// Both that name no host are served: over HTTP they redirect. All stories on Traefik share
	// its address, so their paths differ.
	for _, path := range []string{"/near", "/far"} {
		f.awaitAnswer("http://"+f.Address()+path, 301)
	}

	const path = "/sechost-web/login"
	tenant := f.tenant("sechost-tenant")
	dashed := strings.ReplaceAll(f.Address(), ".", "-")
	f.tryAll(tenant, path, host, "-http", "-https-"+dashed, "-http-sechost-example-com", "-https-sechost-example-com")
	f.neverTenants("routes of a tenant", "https://"+host+path, "http://"+host+path, "http://"+f.Address()+path)
	for _, name := range []string{"alpha", "beta"} {
		own := name + "." + host
		f.awaitAnswer("https://"+own+"/"+name, 200)
		f.tryAll(tenant, "/"+name+"/login", gatewayv1.Hostname(own), "-http-"+name+"-sechost-example-com", "-https-"+name+"-sechost-example-com")
		f.neverTenants("routes of a tenant", "https://"+own+"/"+name+"/login", "http://"+own+"/"+name+"/login")
	}
	if response := f.awaitAnswer("https://"+host+path, 200); response.Echo.Unit != "web/0" {
		t.Errorf("%s is served by %q", path, response.Echo.Unit)
	}
	f.awaitAnswer("http://"+host+path, 301)
}

// TestSecAddress serves an application at the Gateway's addresses, beside one with routes of
// its own there: listeners without a host are closed to a tenant, too.
func TestSecAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "secaddr", map[string]any{}).withAuthority()
	web := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	f.awaitAnswer("http"+strings.TrimPrefix(web.URL(charm), "https"), 301)

	const path = "/secaddr-web/login"
	tenant := f.tenant("secaddr-tenant")
	dashed := strings.ReplaceAll(f.Address(), ".", "-")
	url := "http://" + f.Address() + path // Traefik may show by HTTPS there what another story has.
	f.tryAll(tenant, path, "secaddr.example.com", "-http", "-https-"+dashed)
	f.neverTenants("routes of a tenant, by address", url)

	f.configurator("close", "secaddr", "")
	f.configurator("abroad", "secaddr-far", "")
	f.awaitAnswer("http://"+f.Address()+"/abroad", 301)
	f.tryAll(tenant, path, "secaddr.example.com", "-http", "-https-"+dashed)
	f.neverTenants("routes of a tenant, beside applications without a host", url)
	f.awaitAnswer(url, 301)
}
