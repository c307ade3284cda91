package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// changed are the keys of databags that are not what they were: "3 web ingress".
func (f *refresh) changed(before map[string]string) []string {
	f.t.Helper()
	after := f.bags()
	var keys []string
	for key, value := range before {
		if after[key] != value {
			keys = append(keys, key)
		}
	}
	for key := range after {
		if _, was := before[key]; !was {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// relation is the id of the charm's first relation on an endpoint.
func (f *refresh) relation(endpoint string) int {
	f.t.Helper()
	for _, relation := range f.Juju.Status().Relations {
		if relation.Provider == charm+":"+endpoint || relation.Requirer == charm+":"+endpoint {
			return relation.ID
		}
	}
	f.t.Fatalf("no relation on %s", endpoint)
	return 0
}

// A variant is one way in which the Python charm is used.
type variant struct {
	config map[string]any
	// secret says that there is an authority.
	secret bool
	// python changes the Python charm before it does anything.
	python func(*lab.PythonCharm)
	// apps relates applications, and gives the URLs at which they are served.
	apps func(*refresh) []string
	// redirect are those of them to which plain HTTP is redirected.
	redirect bool
	// hosts are what certificates are issued for.
	hosts []string
	// hsts is what HTTP responses say of HTTPS where it is not enforced: nothing where the charm
	// makes the routes.
	hsts []string
	// more are requests that are answered before as after.
	more []string
	// status is the message once all is well; that of the address when empty.
	status string
}

func web(f *refresh) []string { return []string{f.related("web", nil).URL(charm)} }

func variants() map[string]variant {
	current, _ := tlscertificates.KeyLabels("certificates")
	hosted := func(host string) map[string]any {
		return map[string]any{"external-hostname": host}
	}
	clear := func(host string) map[string]any {
		config := map[string]any{"enforce-https": false}
		if host != "" {
			config["external-hostname"] = host
		}
		return config
	}
	return map[string]variant{
		"unit-key": {
			config: hosted("unit.was.example.com"), secret: true, hosts: []string{"unit.was.example.com"},
			python: func(p *lab.PythonCharm) { p.KeyOwner = charm + "/0" },
			apps:   web, redirect: true,
		},
		"new-label": {
			config: hosted("label.was.example.com"), secret: true, hosts: []string{"label.was.example.com"},
			python: func(p *lab.PythonCharm) { p.KeyLabel = current },
			apps:   web, redirect: true,
		},
		"side-by-side": {
			config: clear("side.was.example.com"), secret: true, hosts: []string{"side.was.example.com"},
			apps: web, more: []string{"http://side.was.example.com/was-side-by-side-web"},
			status: active + " (enforce-https is set to false)",
		},
		"plain": {
			config: clear("plain.was.example.com"), apps: web,
			status: active + " (enforce-https is set to false)",
		},
		"address": {
			config: clear(""), apps: web,
			status: active + " (enforce-https is set to false)",
		},
		"routes": {
			config: map[string]any{}, secret: true, redirect: true,
			hosts: []string{"alpha.was.example.com", "alias.was.example.com", "beta.was.example.com"},
			apps: func(f *refresh) []string {
				f.configurator("alpha", f.Model, "alpha.was.example.com", "alias.was.example.com")
				f.configurator("beta", f.Model+"-far", "beta.was.example.com")
				f.reconcile()
				return []string{"https://alpha.was.example.com/alpha", "https://alias.was.example.com/alpha", "https://beta.was.example.com/beta"}
			},
		},
		"routes-plain": {
			config: clear(""),
			apps: func(f *refresh) []string {
				f.configurator("gamma", f.Model, "gamma.was.example.com")
				f.reconcile()
				return []string{"http://gamma.was.example.com/gamma"}
			},
			hsts:   []string{"max-age=1"}, // The application's own, by its own route.
			status: active + " (enforce-https is set to false)",
		},
	}
}

// TestRefreshVariants refreshes every way in which the Python charm is used, under
// load, with a DNS provider. No databag is written, no certificate issued; the objects
// are those of a charm that was never another.
func TestRefreshVariants(t *testing.T) {
	t.Parallel()
	for name, test := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.run(t, "was-"+name)
		})
	}
}

// TestRefreshEarly refreshes from an early release, whose listeners have other names. On
// Envoy, which has a listener of its own for each, a few requests are answered 503 when
// they change.
func TestRefreshEarly(t *testing.T) {
	t.Parallel()
	variant{
		config: map[string]any{"external-hostname": "early.example.com"}, secret: true, hosts: []string{"early.example.com"},
		python: func(p *lab.PythonCharm) { p.Older = true },
		apps:   web, redirect: true,
	}.run(t, "early")
}

func (v variant) run(t *testing.T, model string) {
	f := newRefresh(t, model, v.config)
	if v.python != nil {
		v.python(f.python)
	}
	if v.secret {
		f.withAuthority()
	} else {
		var err error
		f.ca, err = f.AddAuthority("unrelated")
		f.must(err)
	}
	_, err := f.AddDNS("bind")
	f.must(err)
	f.must(f.Relate(f.ctx, charm, "bind"))
	urls := v.apps(f)
	var ends []func()
	for _, url := range urls {
		if v.redirect {
			f.awaitAnswer(url, 200)
			ends = append(ends, f.redirected(url))
		}
	}
	watched := f.watchReplaced(model, append(urls, v.more...)...)
	bags := f.bags()

	if ran := f.refresh(); !slices.Equal(ran, refreshed(charm+"/0")) {
		t.Errorf("ran %v", ran)
	}
	watched.more()
	f.sameBags(bags)
	message := v.status
	if message == "" {
		message = active
	}
	f.awaitStatus("active", message)
	f.owned()
	f.writesNothing()
	watched.end()
	for _, end := range ends {
		end()
	}
	f.oneCertificate(watched, v.hosts...)
	for _, url := range urls {
		want := []string{"max-age=31536000"}
		if !v.redirect {
			want = v.hsts
		}
		f.awaitHSTS(url, want...)
	}
	f.deployedAnew()
}

// TestRefreshStale refreshes when the Python charm has left stale data: a URL, an answer to an
// application whose request is now invalid, and a record; and objects of another host and
// application. All that is corrected, and nothing else is written.
func TestRefreshStale(t *testing.T) {
	t.Parallel()
	f := newRefresh(t, "stale", map[string]any{"external-hostname": "stale.example.com"})
	f.withAuthority()
	names, err := f.AddDNS("bind")
	f.must(err)
	f.must(f.Relate(f.ctx, charm, "bind"))
	app := f.related("web", nil)
	url := app.URL(charm)
	f.must(f.Juju.AddScripted("odd", jujutest.ScriptedMetadata{Requires: map[string]string{"gateway-route": "gateway-route"}}, 1))
	odd, err := f.Juju.Integrate(f.ctx, "odd", charm)
	f.must(err)
	f.must(f.Juju.SetApplicationData(odd, "odd", map[string]string{"hostname": `"not a host"`, "additional_hostnames": "[]"}))
	for id, bag := range map[int]map[string]string{
		app.Relation: {"ingress": `{"url": "https://before.example.com/stale-web"}`},
		odd: {
			"gateway_address": fmt.Sprintf("%q", f.Address()), "gateway_model": `"stale"`, "gateway_name": `"` + charm + `"`,
			"hsts_max_age": "31536000", "https_mode": `"enforced"`,
		},
		f.relation("dns-record"): {"dns_entries": f.here(`[{"domain": "before.example.com", "host_label": "@", "ttl": 600, "record_class": "IN", ` +
			`"record_type": "A", "record_data": "10.43.45.1", "uuid": "0d2c9a54-0a35-5b8e-9a7e-5f0f3c6f9b1c"}]`)},
	} {
		f.must(f.Juju.SetApplicationData(id, charm, bag))
	}
	const gone = charm + "-gone-service"
	f.must(f.python.Leave(f.ctx, "services", gone, map[string]any{"spec": map[string]any{
		"ports": []any{map[string]any{"name": "tcp-80", "port": int64(80)}}, "selector": map[string]any{"app.kubernetes.io/name": "gone"},
	}}))
	f.must(f.python.Leave(f.ctx, "httproutes", charm+"-https-before-example-com", map[string]any{"spec": map[string]any{
		"parentRefs": []any{map[string]any{"name": charm, "sectionName": charm + "-https-before-example-com"}},
		"rules":      []any{map[string]any{"backendRefs": []any{map[string]any{"name": gone, "port": int64(80)}}}},
	}}))
	f.must(f.python.Leave(f.ctx, "secrets", charm+"-secret-before.example.com", map[string]any{
		"type": "kubernetes.io/tls", "stringData": map[string]any{"tls.crt": f.ca.PEM(), "tls.key": f.ca.PEM()},
	}))
	f.must(f.Settle(f.ctx))
	bags := f.bags()
	watched := f.watchReplaced("stale", url)
	f.refresh()
	watched.more()
	var keys []string
	for _, key := range f.changed(bags) {
		if _, rest, _ := strings.Cut(key, " "); strings.HasPrefix(rest, charm+" ") {
			keys = append(keys, strings.TrimPrefix(rest, charm+" "))
		}
	}
	slices.Sort(keys)
	want := []string{"dns_entries", "gateway_address", "gateway_model", "gateway_name", "hsts_max_age", "https_mode", "ingress"}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("changed keys (-want +got):\n%s", diff)
	}
	if answer := f.Juju.RelationData(odd, charm); len(answer) > 0 {
		t.Errorf("odd is still told %v", answer)
	}
	if app.URL(charm) != url {
		t.Errorf("published %s", app.URL(charm))
	}
	entries, err := names.Asked()
	f.must(err)
	if len(entries) != 1 || entries[0].Domain != "stale.example.com" {
		t.Errorf("records are %v", entries)
	}
	watched.end()
	f.oneCertificate(watched, "stale.example.com")
	f.writesNothing()
	f.owned()
	f.deployedAnew()
}
