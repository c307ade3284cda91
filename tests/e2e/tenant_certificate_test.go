package e2e_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestSecTenantCertificate has a tenant make a Gateway for a host of its own, with a certificate
// for a host of the charm's, which no policy sees. Traefik 3.6 has all certificates in one place,
// and shows the tenant's to the host's clients, who refuse it. 3.7 and others show the charm's.
func TestSecTenantCertificate(t *testing.T) {
	t.Parallel()
	const host = "sectc.example.com"
	f := newFixture(t, "sectc", map[string]any{"external-hostname": host}).withAuthority()
	f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	url := "https://" + host + "/sectc-web"
	f.awaitUnit(url, "web/0")
	tenant := f.tenant("sectc-tenant")
	f.must(write(f.ctx, f.selfSigned(tenant.Model, host)))
	gateway := f.object(ownGateway, tenant.Model, class(), "other.example.net")
	f.must(write(f.ctx, gateway))
	if !traits().SharesCertificates {
		f.awaitUnit(url, "web/0")
		f.neverTenants("a certificate of a tenant's", url)
		return
	}
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		_, err := f.Served(ctx, url, f.ca.Pool())
		var unknown x509.UnknownAuthorityError
		if !errors.As(err, &unknown) {
			return fmt.Errorf("clients are not shown the tenant's certificate: %v", err)
		}
		return nil
	}))
	f.must(at(gateway).Delete(f.ctx, gateway.GetName(), metav1.DeleteOptions{}))
	f.awaitUnit(url, "web/0")
}
