package e2e_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// version0Check is the command of the page on refreshes that names applications which
// speak version 0.
var version0Check = regexp.MustCompile(`juju exec --unit gateway-api-integrator/leader '(for r in \$\(relation-ids gateway-route\);[^']+)'`)

// speakVersion0 has an application on gateway-route speak version 0, and the Python charm
// make its Service and its routes, as releases until June 2026 did.
func (f *refresh) speakVersion0(name, host string) *lab.Configurator {
	f.t.Helper()
	conf, err := f.AddConfigurator(f.ctx, name, f.Model)
	f.must(err)
	conf.Request = map[string]string{
		"hostname": fmt.Sprintf("%q", host), "paths": `["/` + name + `"]`, "model": fmt.Sprintf("%q", f.Model), "name": fmt.Sprintf("%q", name), "port": "8080",
	}
	f.must(f.Relate(f.ctx, name+":gateway-route", charm))
	f.reconcile()
	f.must(f.Juju.SetApplicationData(conf.Relation, charm, map[string]string{
		"gateway_address": "", "gateway_model": "", "gateway_name": "", "hsts_max_age": "", "https_mode": "",
		"endpoints": `["https://` + host + "/" + name + `"]`,
	}))
	service := charm + "-" + name + "-service"
	f.must(f.python.Leave(f.ctx, "services", service, map[string]any{"spec": map[string]any{
		"ports":    []any{map[string]any{"name": "tcp-8080", "port": int64(8080), "targetPort": int64(8080)}},
		"selector": map[string]any{"app.kubernetes.io/name": name},
	}}))
	route := func(scheme string, rule map[string]any) {
		f.must(f.python.Leave(f.ctx, "httproutes", charm+"-"+scheme, map[string]any{"spec": map[string]any{
			"parentRefs": []any{map[string]any{"name": charm, "namespace": f.Model, "sectionName": charm + "-" + scheme + "-listener"}},
			"hostnames":  []any{host},
			"rules":      []any{rule},
		}}))
	}
	route("http", map[string]any{"filters": []any{map[string]any{
		"type": "RequestRedirect", "requestRedirect": map[string]any{"scheme": "https", "statusCode": int64(301)},
	}}})
	route("https", map[string]any{
		"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/" + name}}},
		"filters":     []any{},
		"backendRefs": []any{map[string]any{"name": service, "port": int64(8080)}},
	})
	return conf
}

// TestRefreshVersion0 refreshes with an application on gateway-route that speaks version 0, for
// which the Python charm has made the routes: they still serve, and the status names the
// application. When it is refreshed too it makes its own routes, and ours are removed.
func TestRefreshVersion0(t *testing.T) {
	t.Parallel()
	const host = "versionzero.example.com"
	f := newRefresh(t, "versionzero", map[string]any{"external-hostname": host})
	f.python.Older = true
	f.withAuthority()
	conf := f.speakVersion0("conf", host)
	url := "https://" + host + "/conf"
	page, err := os.ReadFile("../../docs/how-to/refresh-from-python.md")
	f.must(err)
	check := version0Check.FindSubmatch(page)
	if check == nil {
		t.Fatal("the page has no command that names applications of version 0")
	}
	named := func() string {
		t.Helper()
		result, err := f.Juju.Exec(f.ctx, charm+"/0", string(check[1]))
		f.must(err)
		if result.Code != 0 || result.Stderr != "" {
			t.Errorf("the page's command: %+v", result)
		}
		return result.Stdout
	}
	if got := named(); got != "conf speaks version 0\n" {
		t.Errorf("before the refresh: %q", got)
	}
	bags := f.bags()
	watched := f.watchReplaced("versionzero", url)
	redirects := f.redirected(url)

	if ran := f.refresh(); !slices.Equal(ran, refreshed(charm+"/0")) {
		t.Errorf("ran %v", ran)
	}
	watched.more()
	f.sameBags(bags)
	f.awaitStatus("blocked", "conf speaks gateway-route version 0, and has its old route only; refresh conf to a release with version 1")
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	watched.more()
	f.owned()
	f.writesNothing()
	if got, want := f.sectionsOf(charm+"-https"), []string{charm + "-https-versionzero-example-com"}; !slices.Equal(got, want) {
		t.Errorf("its route is attached to %v", got)
	}
	watched.end()
	redirects()
	f.oneCertificate(watched, host)

	// It is refreshed: the keys of version 0 stay where they are.
	f.must(conf.Ask(f.ctx, host))
	f.must(f.Settle(f.ctx))
	if got := named(); got != "" {
		t.Errorf("after its refresh: %q", got)
	}
	f.awaitAnswer(url, 200)
	f.awaitStatus("active", active)
	for _, gone := range []string{"HTTPRoute/" + charm + "-https", "Service/" + charm + "-conf-service"} {
		if slices.Contains(f.everything(), gone) {
			t.Errorf("%s is still there", gone)
		}
	}
}

// sectionsOf are the listeners that a route names.
func (f *refresh) sectionsOf(name string) []string {
	f.t.Helper()
	route, err := shared.Dynamic().Resource(gatewayAPI("httproutes")).Namespace(f.Model).Get(f.ctx, name, metav1.GetOptions{})
	f.must(err)
	parents, _, err := unstructured.NestedSlice(route.Object, "spec", "parentRefs")
	f.must(err)
	var all []string
	for _, parent := range parents {
		section, _, err := unstructured.NestedString(parent.(map[string]any), "sectionName")
		f.must(err)
		all = append(all, section)
	}
	return all
}
