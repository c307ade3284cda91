package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// said waits until an application is reached at a URL by a client that claims to be a proxy,
// and until what reaches the other side of the gateway is what should: the client's prefix,
// the application's Service-Worker-Allowed, with all that browsers keep for a host, and
// Strict-Transport-Security.
func (f *fixture) said(url, prefix, workers, hsts string) {
	f.t.Helper()
	list := func(value string) []string {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		got, err := f.GetWith(ctx, url, f.ca.Pool(), http.Header{"X-Forwarded-Prefix": {"/spoofed"}})
		if err != nil {
			return err
		}
		if got.Code != 200 || got.Echo.Prefix != prefix || !slices.Equal(got.Workers, list(workers)) || !slices.Equal(got.HSTS, list(hsts)) {
			return fmt.Errorf("%s: prefix %q, workers %q, HSTS %q, not %q, %q, %q", url, got.Echo.Prefix, got.Workers, got.HSTS, prefix, workers, hsts)
		}
		if passes := len(got.Kept) == 3; passes != (workers != "") || !passes && len(got.Kept) > 0 {
			return fmt.Errorf("%s: %q came through, and workers %q", url, got.Kept, workers)
		}
		return nil
	}))
}

// unfiltered takes all filters from a route, as releases made them that did not have any.
func (f *fixture) unfiltered(route string) {
	f.t.Helper()
	routes := shared.Dynamic().Resource(gatewayAPI("httproutes")).Namespace(f.Model)
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		object, err := routes.Get(ctx, route, metav1.GetOptions{})
		if err != nil {
			return err
		}
		rules, _, err := unstructured.NestedSlice(object.Object, "spec", "rules")
		if err != nil {
			return err
		}
		for _, rule := range rules {
			delete(rule.(map[string]any), "filters")
		}
		if err := unstructured.SetNestedSlice(object.Object, rules, "spec", "rules"); err != nil {
			return err
		}
		_, err = routes.Update(ctx, object, metav1.UpdateOptions{})
		return err
	}))
}

// TestOneOrigin: an application's headers about a host that others share do not reach clients, and
// a client cannot imitate the proxy. An application with a host of its own may send such headers.
// Existing routes are changed in place, and lose no request.
func TestOneOrigin(t *testing.T) {
	t.Parallel()
	const (
		host, base      = "origin.example.com", "origin.example.com/origin-"
		plain, secure   = "http://" + base + "web", "https://" + base + "web"
		own, year       = "max-age=1", "max-age=31536000"
		all             = "/" // what the application says of its service worker
		stripped, alone = "https://" + base + "stripped", "https://origin-web." + host + "/"
	)
	f := newFixture(t, "origin", map[string]any{"external-hostname": host, "enforce-https": false}).withAuthority()
	f.app("web", 8080, nil)
	f.app("stripped", 8080, map[string]string{"strip-prefix": "true"})
	f.awaitStatus("active", active+" (enforce-https is set to false)")
	watched := f.watch("headers of one application", secure, stripped)
	end := f.either("headers of one application, in clear", plain)
	guarded := func() {
		t.Helper()
		f.said(plain, "", "", "")
		f.said(secure, "", "", "")
		f.said(stripped, "/origin-stripped", "", "")
	}
	guarded()

	spoofed := ""
	if traits().BelievesPrefix {
		spoofed = "/spoofed" // Traefik believes no client.
	}
	f.unfiltered(charm + "-origin-web-http")
	f.unfiltered(charm + "-origin-web")
	f.said(plain, spoofed, all, own)
	f.said(secure, spoofed, all, own)
	f.must(f.Juju.UpdateStatus(f.ctx, charm))
	f.must(f.Settle(f.ctx))
	guarded()

	f.configure(map[string]any{"enforce-https": true})
	f.said(secure, "", "", year)
	f.said(stripped, "/origin-stripped", "", year)
	f.configure(map[string]any{"enforce-https": false})
	guarded()
	end()
	watched.end()

	f.configure(map[string]any{"routing-mode": "subdomain"})
	f.said(alone, "", all, own)
	f.configure(map[string]any{"enforce-https": true})
	f.said(alone, "", all, year)
}
