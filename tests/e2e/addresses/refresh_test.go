package addresses_test

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// TestRefreshByAddress refreshes from the Python charm, by whose HTTPS listener for the
// Gateway's address an application on gateway-route has attached a route of its own. The
// listener and the Secret keep their names, and the route is served all the while.
func TestRefreshByAddress(t *testing.T) {
	const model = "byaddress"
	f := &fixture{t: t, ctx: t.Context()}
	f.must(shared.SetAddresses(f.ctx, first))
	t.Cleanup(func() {
		if err := cluster.Eventually(context.Background(), lab.Patience, gone(model)); err != nil {
			t.Errorf("cannot clear the model: %v", err)
		}
	})
	f.Lab = lab.ForTest(t, lab.Options{Cluster: shared, Model: model})
	python, err := f.DeployPython(f.ctx, charm, map[string]any{"gateway-class": cluster.TraefikClass})
	f.must(err)
	f.ca, err = f.AddAuthority("ca")
	f.must(err)
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	conf, err := f.AddConfigurator(f.ctx, "conf", model)
	f.must(err)
	conf.Request = lab.Asks("")
	f.must(f.Relate(f.ctx, "conf:gateway-route", charm))
	f.must(f.Settle(f.ctx))
	for range 3 {
		f.must(python.Reconcile(f.ctx))
		f.must(f.Settle(f.ctx))
	}
	route := conf.Route(model, charm, "https", "")
	listener := charm + "-https-" + strings.ReplaceAll(first, ".", "-")
	route.Labels = nil // It is not the one that the application keeps up.
	section := gatewayv1.SectionName(listener)
	route.Spec.ParentRefs[0].SectionName = &section
	f.must(conf.Attach(f.ctx, route))
	before := f.secured(listener)

	end := f.watch("a route by address, refreshed", "https://"+first+"/conf")
	f.must(f.Juju.Refresh(f.ctx, charm, lab.CharmFile()))
	f.must(f.Settle(f.ctx))
	f.await(atAddress + first)
	for range 3 {
		f.must(f.Juju.UpdateStatus(f.ctx, charm))
		f.must(f.Settle(f.ctx))
	}
	end()
	if after := f.secured(listener); after != before {
		t.Errorf("the listener has the Secret %q, and had %q", after, before)
	}
	if n := len(f.ca.Issued(first)); n != 1 {
		t.Errorf("%d certificates were issued", n)
	}
}

// secured returns the name of the Secret that a listener of the Gateway refers to.
func (f *fixture) secured(listener string) string {
	f.t.Helper()
	gateways := schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	gateway, err := shared.Dynamic().Resource(gateways).Namespace(f.Model).Get(f.ctx, charm, metav1.GetOptions{})
	f.must(err)
	listeners, _, err := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
	f.must(err)
	for _, one := range listeners {
		fields, _ := one.(map[string]any)
		if fields["name"] != listener {
			continue
		}
		refs, _, _ := unstructured.NestedSlice(fields, "tls", "certificateRefs")
		if len(refs) == 1 {
			ref, _ := refs[0].(map[string]any)
			name, _ := ref["name"].(string)
			return name
		}
	}
	f.t.Fatalf("the Gateway has no listener %s with a Secret: %v", listener, listeners)
	return ""
}
