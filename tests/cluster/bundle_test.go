package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// TestOldBundles serves a page through Traefik on every older release of the
// Gateway API, each in a cluster of its own.
func TestOldBundles(t *testing.T) {
	for _, bundle := range cluster.Bundles() {
		if bundle == cluster.DefaultBundle {
			continue // TestCluster has it.
		}
		t.Run(bundle, func(t *testing.T) {
			c := start(t, cluster.Options{Bundle: bundle})
			if got := installedBundle(t, c); got != "v"+bundle {
				t.Errorf("the CRDs are of bundle %s, want v%s", got, bundle)
			}
			site := newSite(t, c, "old", "old.example.com")
			site.apply(t)
			eventuallyGet(t, site.client(), "https://old.example.com/", http.StatusOK)
		})
	}
}

// TestBare starts with nothing of the Gateway API and goes back and forth
// between its releases. Without Traefik a bundle is just as it was released.
func TestBare(t *testing.T) {
	c := start(t, cluster.Options{WithoutCRDs: true, WithoutTraefik: true})
	_, err := c.Dynamic().Resource(gatewayClasses).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("listing GatewayClasses without CRDs: %v, want not found", err)
	}
	must(t, c.InstallCRDs(t.Context(), "1.2.0"))
	want := []string{"GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute"}
	if diff := cmp.Diff(want, servedKinds(t, c)); diff != "" {
		t.Errorf("kinds of bundle 1.2.0 in v1 (-want +got):\n%s", diff)
	}
	must(t, c.CreateGatewayClass(t.Context(), "other", "example.com/controller"))
	class, err := c.Dynamic().Resource(gatewayClasses).Get(t.Context(), "other", metav1.GetOptions{})
	must(t, err)
	if name, _, _ := unstructured.NestedString(class.Object, "spec", "controllerName"); name != "example.com/controller" {
		t.Errorf("the class's controller is %q", name)
	}
	must(t, c.DeleteGatewayClass(t.Context(), "other"))

	must(t, c.RemoveCRDs(t.Context()))
	must(t, c.InstallCRDs(t.Context(), "1.6.3"))
	if got := installedBundle(t, c); got != "v1.6.3" {
		t.Errorf("the CRDs are of bundle %s, want v1.6.3", got)
	}
	if err := c.InstallCRDs(t.Context(), "0.1.0"); err == nil {
		t.Error("a bundle that nobody has was installed")
	}
}

// installedBundle is what the HTTPRoute's definition says of itself.
func installedBundle(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	crds := c.Dynamic().Resource(definitions)
	definition, err := crds.Get(t.Context(), "httproutes.gateway.networking.k8s.io", metav1.GetOptions{})
	must(t, err)
	return definition.GetAnnotations()["gateway.networking.k8s.io/bundle-version"]
}

// servedKinds are the kinds that discovery tells of, sorted, once it tells of
// any.
func servedKinds(t *testing.T, c *cluster.Cluster) []string {
	t.Helper()
	kinds := []string{}
	eventually(t, func(ctx context.Context) error {
		kinds = nil
		body, err := c.Typed().Discovery().RESTClient().Get().AbsPath("/apis/gateway.networking.k8s.io/v1").DoRaw(ctx)
		if err != nil {
			return err
		}
		list := metav1.APIResourceList{}
		if err := json.Unmarshal(body, &list); err != nil {
			return err
		}
		for _, resource := range list.APIResources {
			if resource.Name == resource.SingularName || resource.SingularName == "" {
				continue // A subresource.
			}
			kinds = append(kinds, resource.Kind)
		}
		if len(kinds) < 4 {
			return fmt.Errorf("only %v", kinds)
		}
		return nil
	})
	slices.Sort(kinds)
	return kinds
}
