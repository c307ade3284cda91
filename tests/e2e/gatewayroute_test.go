package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// configurator adds an application on gateway-route and relates it.
func (f *fixture) configurator(name, model, hostname string, additional ...string) *lab.Configurator {
	f.t.Helper()
	c, err := f.AddConfigurator(f.ctx, name, model)
	f.must(err)
	c.Request = lab.Asks(hostname, additional...)
	f.must(f.Relate(f.ctx, c.Remote+":gateway-route", charm))
	f.must(f.Settle(f.ctx))
	return c
}

// ask has an application ask for other hosts.
func (f *fixture) ask(c *lab.Configurator, hostname string, additional ...string) {
	f.t.Helper()
	f.must(c.Ask(f.ctx, hostname, additional...))
	f.must(f.Settle(f.ctx))
}

// ownCertificate sees that a host is served with a certificate for it alone.
func (f *fixture) ownCertificate(host string) {
	f.t.Helper()
	leaf, err := f.Served(f.ctx, "https://"+host+"/", f.ca.Pool())
	f.must(err)
	if !slices.Equal(leaf.DNSNames, []string{host}) {
		f.t.Errorf("%s is served with a certificate for %v", host, leaf.DNSNames)
	}
}

// requestedHosts are the hosts for which certificates are requested, sorted.
func (f *fixture) requestedHosts() []string {
	f.t.Helper()
	var hosts []string
	for _, request := range f.parsed(f.requests()) {
		hosts = append(hosts, request.DNSNames...)
	}
	slices.Sort(hosts)
	return hosts
}

// openListeners are the names of the listeners, without the Gateway's, to which routes of
// other namespaces may be attached, each with these: "http: edge, shop".
func (f *fixture) openListeners() []string {
	f.t.Helper()
	gateway, err := shared.Dynamic().Resource(gatewayAPI("gateways")).Namespace(f.Model).Get(f.ctx, charm, metav1.GetOptions{})
	f.must(err)
	listeners, _, err := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
	f.must(err)
	var names []string
	for _, listener := range listeners {
		fields := listener.(map[string]any)
		from, _, err := unstructured.NestedString(fields, "allowedRoutes", "namespaces", "from")
		f.must(err)
		name := strings.TrimPrefix(fields["name"].(string), charm+"-")
		switch from {
		case "Selector":
			expressions, _, err := unstructured.NestedSlice(fields, "allowedRoutes", "namespaces", "selector", "matchExpressions")
			f.must(err)
			namespaces, _, err := unstructured.NestedStringSlice(expressions[0].(map[string]any), "values")
			f.must(err)
			names = append(names, name+": "+strings.Join(namespaces, ", "))
		case "Same":
		default:
			f.t.Errorf("routes from %q may be attached to %s", from, name)
		}
	}
	slices.Sort(names)
	return names
}

// accepted tells what the Gateway's controller says of a route: "True", or why not.
func (f *fixture) accepted(namespace, route string) string {
	f.t.Helper()
	var verdict string
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		object, err := shared.Dynamic().Resource(gatewayAPI("httproutes")).Namespace(namespace).Get(ctx, route, metav1.GetOptions{})
		if err != nil {
			return err
		}
		parents, _, err := unstructured.NestedSlice(object.Object, "status", "parents")
		if err != nil {
			return err
		}
		for _, parent := range parents {
			conditions, _, err := unstructured.NestedSlice(parent.(map[string]any), "conditions")
			if err != nil {
				return err
			}
			for _, condition := range conditions {
				fields := condition.(map[string]any)
				if fields["type"] != "Accepted" {
					continue
				}
				if verdict, _ = fields["status"].(string); verdict != "True" {
					verdict, _ = fields["reason"].(string)
				}
				return nil
			}
		}
		return fmt.Errorf("the controller has not judged route %s: %v", route, parents)
	}))
	return verdict
}

// TestGatewayRoute serves one application on ingress and two on gateway-route, one of them of
// another model. What one of them does harms no other.
func TestGatewayRoute(t *testing.T) {
	t.Parallel()
	const domain = ".routes.example.com"
	f := newFixture(t, "routes", map[string]any{"external-hostname": "shop" + domain}).withAuthority()
	web := f.app("web", 8080, nil)
	alpha := f.configurator("alpha", "routes", "alpha"+domain, "alias"+domain)
	beta := f.configurator("beta", "routes-far", "beta"+domain)
	f.awaitStatus("active", active)

	shop, first, second, third := web.URL(charm), "https://alpha"+domain+"/alpha", "https://alias"+domain+"/alpha", "https://beta"+domain+"/beta"
	for url, unit := range map[string]string{shop: "web/0", first: "alpha/0", second: "alpha/0", third: "beta/0"} {
		response := f.awaitAnswer(url, 200)
		if response.Echo.Unit != unit || !slices.Equal(response.HSTS, []string{"max-age=31536000"}) {
			t.Errorf("%s is served by %q with Strict-Transport-Security %v", url, response.Echo.Unit, response.HSTS)
		}
		plain := "http" + strings.TrimPrefix(url, "https")
		if response := f.awaitAnswer(plain, 301); response.Location != url {
			t.Errorf("%s leads to %s", plain, response.Location)
		}
	}
	for _, host := range []string{"shop", "alpha", "alias", "beta"} {
		f.ownCertificate(host + domain)
	}
	// Each sees its own host, and nothing of the others.
	f.awaitAnswer("https://alpha"+domain+"/routes-web", 404)
	f.awaitAnswer("https://shop"+domain+"/alpha", 404)

	f.changeRouteHosts(alpha, []string{shop, third}, domain)
	f.attachForeignRoutes(beta, shop, domain)
	f.removeRouteApplications(alpha, beta, []string{shop, third}, domain)
}

// changeRouteHosts returns one application other hosts while clients ask the others.
func (f *fixture) changeRouteHosts(alpha *lab.Configurator, others []string, domain string) {
	watched := f.watch("an application on gateway-route changes its hosts, the others", others...)
	stays := f.watch("an application on gateway-route changes its hosts, the one that stays", "https://alias"+domain+"/alpha")
	f.ask(alpha, "omega"+domain, "alias"+domain)
	f.awaitAnswer("https://omega"+domain+"/alpha", 200)
	f.ownCertificate("omega" + domain)
	f.awaitRefused("https://alpha" + domain + "/alpha")
	want := []string{"alias" + domain, "beta" + domain, "omega" + domain, "shop" + domain}
	if got := f.requestedHosts(); !slices.Equal(got, want) {
		f.t.Errorf("certificates are requested for %v", got)
	}
	stays.end()

	// It writes what cannot be read, and what can again.
	f.must(f.Juju.SetApplicationData(alpha.Relation, alpha.Remote, map[string]string{"hostname": "omega" + domain}))
	f.must(f.Settle(f.ctx))
	if got := alpha.Answer(charm); len(got) != 0 {
		f.t.Errorf("it is told %v, while nobody can read what it wants", got)
	}
	f.awaitRefused("https://omega" + domain + "/alpha")
	f.ask(alpha, "alpha"+domain)
	f.awaitAnswer("https://alpha"+domain+"/alpha", 200)
	f.awaitStatus("active", active)
	watched.end()
}

// attachForeignRoutes has an application of another model write routes that nobody has
// allowed: one to the listener of the host on ingress, one without a listener.
func (f *fixture) attachForeignRoutes(beta *lab.Configurator, shop, domain string) {
	want := []string{"http-beta", "https-beta"}
	for i := range want {
		want[i] += strings.ReplaceAll(domain, ".", "-") + ": " + f.Model + ", " + beta.Model
	}
	if got := f.openListeners(); !slices.Equal(got, want) {
		f.t.Errorf("routes of other namespaces may be attached to %v", got)
	}
	for _, scheme := range []string{"http", "https"} {
		name := "beta-" + scheme + "-"
		if got := f.accepted(beta.Model, name+"beta"+domain); got != "True" {
			f.t.Errorf("its %s route to its own host: %s", scheme, got)
		}
		thief := beta.Route(f.Model, charm, scheme, "shop"+domain)
		f.must(beta.Attach(f.ctx, thief))
		if got := f.accepted(beta.Model, thief.Name); got != "NotAllowedByListeners" {
			f.t.Errorf("its %s route to the host of ingress: %s", scheme, got)
		}
	}
	stray := beta.Route(f.Model, charm, "https", "shop"+domain)
	stray.Name, stray.Spec.ParentRefs[0].SectionName = "stray", nil
	f.must(beta.Attach(f.ctx, stray))
	if got := f.accepted(beta.Model, stray.Name); got == "True" {
		f.t.Error("its route to any listener is accepted")
	}
	watched := f.watch("routes that nobody allowed, the host of ingress", shop)
	for scheme, code := range map[string]int{"https": 404, "http": 301} {
		url := scheme + "://shop" + domain + "/beta"
		if response := f.awaitAnswer(url, code); response.Echo.Unit != "" {
			f.t.Errorf("%s is answered by %s", url, response.Echo.Unit)
		}
	}
	watched.more()
	watched.end()
}

// removeRouteApplications removes the applications on gateway-route, one after the other, while
// clients ask those that stay.
func (f *fixture) removeRouteApplications(alpha, beta *lab.Configurator, stay []string, domain string) {
	watched := f.watch("an application on gateway-route is removed, the others", stay...)
	f.must(f.Unrelate(f.ctx, alpha.Remote, charm))
	f.must(f.Settle(f.ctx))
	f.awaitRefused("https://alpha" + domain + "/alpha")
	watched.end()
	if f.has("Secret/" + charm + "-secret-alpha" + domain) {
		f.t.Error("its certificate is still there")
	}
	if got := f.requestedHosts(); !slices.Equal(got, []string{"beta" + domain, "shop" + domain}) {
		f.t.Errorf("certificates are requested for %v", got)
	}
	watched = f.watch("both applications on gateway-route are removed, the one on ingress", stay[0])
	f.must(f.Unrelate(f.ctx, beta.Remote, charm))
	f.must(f.Settle(f.ctx))
	f.awaitRefused("https://beta" + domain + "/beta")
	watched.end()
	if got := f.openListeners(); len(got) != 0 {
		f.t.Errorf("routes of other namespaces may still be attached to %v", got)
	}
	f.awaitStatus("active", active)
}

// TestGatewayRouteInClear has no authority, and no host: routes are attached to the listener for
// any address of the Gateway. With an authority the application serves both, and the address has a
// certificate.
func TestGatewayRouteInClear(t *testing.T) {
	t.Parallel()
	const unenforced = active + " (enforce-https is set to false)"
	f := newFixture(t, "bare", map[string]any{"enforce-https": false})
	c := f.configurator("gamma", "bare", "")
	f.awaitStatus("active", unenforced)
	want := map[string]string{
		"gateway_address": fmt.Sprintf("%q", f.Address()), "gateway_model": `"bare"`, "gateway_name": fmt.Sprintf("%q", charm), "hsts_max_age": "null", "https_mode": `"disabled"`,
	}
	if got := c.Answer(charm); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("it is told %v", got)
	}
	if got := f.awaitAnswer("http://"+f.Address()+"/gamma", 200).Echo.Unit; got != "gamma/0" {
		t.Errorf("reached %q", got)
	}

	const story = "an authority for an application without a host"
	watched := &watch{Probes: f.Probes(nil, "http://"+f.Address()+"/gamma"), f: f, story: story}
	t.Cleanup(watched.Stop)
	f.withAuthority()
	f.awaitStatus("active", unenforced)
	watched.end()
	if got := c.Answer(charm)["https_mode"]; got != `"enabled"` {
		t.Errorf("with an authority it is told %s", got)
	}
	if n := len(f.ca.Issued(f.Address())); n != 1 {
		t.Errorf("%d certificates for the address", n)
	}
	f.ask(c, "gamma.bare.example.com")
	f.awaitAnswer("https://gamma.bare.example.com/gamma", 200)
	f.awaitAnswer("http://gamma.bare.example.com/gamma", 200)
	f.ownCertificate("gamma.bare.example.com")
}
