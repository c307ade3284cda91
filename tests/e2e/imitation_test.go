package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// listeners are the names of the Gateway's listeners, in their order, without its own.
func (f *fixture) listeners() []string {
	f.t.Helper()
	gateway, err := shared.Dynamic().Resource(gatewayAPI("gateways")).Namespace(f.Model).Get(f.ctx, charm, metav1.GetOptions{})
	f.must(err)
	all, _, err := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
	f.must(err)
	var names []string
	for _, one := range all {
		name, _, err := unstructured.NestedString(one.(map[string]any), "name")
		f.must(err)
		names = append(names, strings.TrimPrefix(name, charm+"-"))
	}
	return names
}

// TestImitation holds the imitation of the Python charm to what the real one does: names and
// order of listeners, what certificates are requested for, and what a wrong option deletes.
func TestImitation(t *testing.T) {
	t.Parallel()
	f := newRefresh(t, "imitation", map[string]any{})
	f.withAuthority()
	f.reconcile()
	// Nobody is served, so that no certificate is needed.
	if got := f.requests(); len(got) != 0 {
		t.Errorf("%d requests without an application", len(got))
	}
	if diff := cmp.Diff([]string{"http"}, f.listeners()); diff != "" {
		t.Errorf("listeners without an application (-want +got):\n%s", diff)
	}

	// All listeners of HTTP first, none without a host beside those with one; the address has
	// a certificate where somebody names no host at all.
	const a, b, c = "a.imitation.example.com", "b.imitation.example.com", "c.imitation.example.com"
	f.configurator("named", f.Model, b, a)
	f.configurator("additional", f.Model, "", c)
	f.configurator("address", f.Model, "")
	f.reconcile()
	address := "https-" + strings.ReplaceAll(f.Address(), ".", "-")
	all := []string{
		"http-a-imitation-example-com", "http-b-imitation-example-com", "http-c-imitation-example-com", address,
		"https-a-imitation-example-com", "https-b-imitation-example-com", "https-c-imitation-example-com",
	}
	if diff := cmp.Diff(all, f.listeners()); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
	secrets := []string{f.Address(), a, b, c}
	for _, host := range secrets {
		if !f.has("Secret/" + charm + "-secret-" + host) {
			t.Errorf("there is no Secret for %s", host)
		}
	}

	// An option that does not go with gateway-route: all requests are taken back, and the
	// objects stay, until it is put right. Then there is no certificate.
	f.python.Hostname = "wrong.example.com"
	f.reconcile()
	if got := f.requests(); len(got) != 0 {
		t.Errorf("%d requests while it is blocked", len(got))
	}
	if diff := cmp.Diff(all, f.listeners()); diff != "" {
		t.Errorf("listeners while it is blocked (-want +got):\n%s", diff)
	}
	f.python.Hostname = ""
	f.must(f.python.Reconcile(f.ctx))
	if diff := cmp.Diff(all[:3], f.listeners()); diff != "" {
		t.Errorf("listeners when it is put right (-want +got):\n%s", diff)
	}
	if slices.ContainsFunc(secrets, func(host string) bool { return f.has("Secret/" + charm + "-secret-" + host) }) {
		t.Error("there are Secrets without certificates")
	}

	// The routes of an application on ingress: named with dashes, hostnames always there.
	for _, other := range []string{"named", "additional", "address"} {
		f.must(f.Unrelate(f.ctx, charm, other))
	}
	f.must(f.Settle(f.ctx))
	f.python.Hostname = a
	f.related("web", nil)
	hostnames := func(route string) []string {
		t.Helper()
		object, err := shared.Dynamic().Resource(gatewayAPI("httproutes")).Namespace(f.Model).Get(f.ctx, charm+"-"+route, metav1.GetOptions{})
		f.must(err)
		parents, _, err := unstructured.NestedSlice(object.Object, "spec", "parentRefs")
		f.must(err)
		if namespace := parents[0].(map[string]any)["namespace"]; namespace != f.Model {
			t.Errorf("the parent of %s is in namespace %v", route, namespace)
		}
		names, found, err := unstructured.NestedStringSlice(object.Object, "spec", "hostnames")
		f.must(err)
		if !found {
			t.Errorf("%s has no hostnames", route)
		}
		return names
	}
	for _, route := range []string{"http", "https-a-imitation-example-com"} {
		if got := hostnames(route); !slices.Equal(got, []string{a}) {
			t.Errorf("%s has hostnames %v", route, got)
		}
	}
	f.python.Hostname, f.python.Plain = "", true
	f.must(f.Unrelate(f.ctx, charm, "ca"))
	f.must(f.Settle(f.ctx))
	f.reconcile()
	if got := hostnames("http"); len(got) != 0 {
		t.Errorf("by address there are hostnames %v", got)
	}
}
