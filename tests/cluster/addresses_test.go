package cluster_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// The addresses of TestAddresses. The last IPv4 address has no certificate.
const (
	firstIPv4      = "10.43.45.7"
	secondIPv4     = "10.43.45.8"
	nobodysIPv4    = "10.43.45.9"
	firstIPv6      = "fd43::45"
	balancerName   = "lb.example.com"
	addressesModel = "addresses"
)

// testFixedAddress looks at a cluster that was started without addresses.
func testFixedAddress(t *testing.T, c *cluster.Cluster) {
	if diff := cmp.Diff([]string{"10.43.45.1"}, c.Addresses()); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if err := c.SetAddresses(t.Context(), firstIPv4); err == nil || !strings.Contains(err.Error(), "Options.Addresses") {
		t.Errorf("setting addresses: got error %v, want one that says to start with Options.Addresses", err)
	}
}

// TestAddresses has a load balancer with addresses of both families and a name
// in front of Traefik, and changes them while Traefik serves.
func TestAddresses(t *testing.T) {
	addresses := []string{firstIPv4, firstIPv6, balancerName}
	if !cluster.HasIPv6() {
		if _, err := cluster.Start(t.Context(), cluster.Options{Addresses: addresses}); !errors.Is(err, cluster.ErrNoIPv6) {
			t.Errorf("got error %v, want %v", err, cluster.ErrNoIPv6)
		}
		t.Log("IPv6 is not tested, since it is switched off in the kernel")
		addresses = []string{firstIPv4, balancerName}
	}
	c := start(t, cluster.Options{Addresses: addresses})
	site := newCertifiedSite(t, c, addressesModel, "", certifiedNames{
		dns: []string{balancerName}, addresses: []net.IP{net.ParseIP(firstIPv4), net.ParseIP(secondIPv4), net.ParseIP(firstIPv6)},
	})
	site.apply(t)
	t.Run("certificate", func(t *testing.T) { testCertificateForAddresses(t, site, addresses) })
	t.Run("none", func(t *testing.T) { testNoAddress(t, site) })
	t.Run("another", func(t *testing.T) { testAnotherAddress(t, site) })
	t.Run("name alone", func(t *testing.T) { testNameAlone(t, site) })
	t.Run("refused", func(t *testing.T) { testRefusedAddresses(t, site) })
	t.Run("restart", func(t *testing.T) { testBalancedRestart(t, site) })
}

// testCertificateForAddresses asks for the page at every address, verifying
// the one certificate. A client that dials an IP address sends no server name,
// so that Traefik goes by the address it was asked at.
func testCertificateForAddresses(t *testing.T, site *site, addresses []string) {
	eventuallyReported(t, site, addresses...)
	for _, address := range addresses {
		if net.ParseIP(address).To4() == nil && net.ParseIP(address) != nil {
			address = "[" + address + "]"
		}
		url := "https://" + address + "/page"
		if body := eventuallyGet(t, site.client(), url, http.StatusOK); body != "hello from web-0 to /page" {
			t.Errorf("%s answered %q", url, body)
		}
	}
	refused(t, secondIPv4)
}

// testNoAddress is a load balancer that has been assigned no address.
func testNoAddress(t *testing.T, site *site) {
	c := site.cluster
	must(t, c.SetAddresses(t.Context()))
	eventuallyReported(t, site)
	refused(t, firstIPv4)
	if _, err := site.client().Get("https://" + balancerName + "/"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a Gateway without an address: got error %v, want connection refused", err)
	}
}

// testAnotherAddress moves the load balancer to addresses of which one is not
// in the certificate: there Traefik presents one of its own.
func testAnotherAddress(t *testing.T, site *site) {
	c := site.cluster
	must(t, c.SetAddresses(t.Context(), secondIPv4, nobodysIPv4))
	eventuallyReported(t, site, secondIPv4, nobodysIPv4)
	eventuallyGet(t, site.client(), "https://"+secondIPv4+"/", http.StatusOK)
	if got := c.GatewayAddress(); got != secondIPv4 {
		t.Errorf("host names lead to %s, want %s", got, secondIPv4)
	}
	eventuallyGet(t, site.client(), "https://"+balancerName+"/", http.StatusOK)
	refused(t, firstIPv4)

	_, err := site.client().Get("https://" + nobodysIPv4 + "/")
	wrong := (*tls.CertificateVerificationError)(nil)
	if !errors.As(err, &wrong) {
		t.Fatalf("an address that is in no certificate: got error %v, want one of verification", err)
	}
	if got := wrong.UnverifiedCertificates[0].Subject.CommonName; got != "TRAEFIK DEFAULT CERT" {
		t.Errorf("an address that is in no certificate was answered with that of %q", got)
	}
}

// testNameAlone is a load balancer known by its DNS name only.
func testNameAlone(t *testing.T, site *site) {
	must(t, site.cluster.SetAddresses(t.Context(), balancerName))
	eventuallyReported(t, site, balancerName)
	eventuallyGet(t, site.client(), "https://"+balancerName+"/", http.StatusOK)
}

// testRefusedAddresses asks for addresses that cannot be had, and expects
// those of before to stay.
func testRefusedAddresses(t *testing.T, site *site) {
	c := site.cluster
	must(t, c.SetAddresses(t.Context(), secondIPv4))
	tests := map[string]struct {
		addresses []string
		want      string
	}{
		"public":  {[]string{firstIPv4, "192.0.2.1"}, "192.0.2.1 is in none of the private networks"},
		"twice":   {[]string{firstIPv4, firstIPv4}, "there twice"},
		"no name": {[]string{firstIPv4, "not a name"}, "cannot write the load balancer's status"},
	}
	for name, test := range tests {
		if err := c.SetAddresses(t.Context(), test.addresses...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, test.want)
		}
		refused(t, firstIPv4)
	}
	if diff := cmp.Diff([]string{secondIPv4}, c.Addresses()); diff != "" {
		t.Errorf("addresses after refusals (-want +got):\n%s", diff)
	}
	eventuallyGet(t, site.client(), "https://"+secondIPv4+"/", http.StatusOK)
}

// testBalancedRestart stops Traefik, behind which the load balancer refuses
// connections, changes the address meanwhile, and starts it again.
func testBalancedRestart(t *testing.T, site *site) {
	c := site.cluster
	c.StopTraefik()
	refused(t, secondIPv4)
	must(t, c.SetAddresses(t.Context(), firstIPv4))
	refused(t, firstIPv4)
	must(t, c.StartTraefik(t.Context()))
	eventuallyGet(t, site.client(), "https://"+firstIPv4+"/", http.StatusOK)
	eventuallyReported(t, site, firstIPv4)
	refused(t, secondIPv4)
}

// eventuallyReported waits until the Gateway's status has just these addresses.
func eventuallyReported(t *testing.T, site *site, addresses ...string) {
	t.Helper()
	want := []any{}
	for _, address := range addresses {
		kind := "Hostname"
		if net.ParseIP(address) != nil {
			kind = "IPAddress"
		}
		want = append(want, map[string]any{"type": kind, "value": address})
	}
	eventually(t, func(ctx context.Context) error {
		gateway, err := site.cluster.Dynamic().Resource(gateways).Namespace(site.model).Get(ctx, "site", metav1.GetOptions{})
		if err != nil {
			return err
		}
		got, _, err := unstructured.NestedSlice(gateway.Object, "status", "addresses")
		if err != nil {
			return err
		}
		if len(got) == 0 && len(want) == 0 {
			return nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("reported addresses (-want +got):\n%s", diff)
		}
		return nil
	})
}

// refused checks that nobody takes connections at the address.
func refused(t *testing.T, address string) {
	t.Helper()
	for _, port := range []string{"80", "443"} {
		connection, err := net.Dial("tcp", net.JoinHostPort(address, port))
		if err == nil {
			_ = connection.Close()
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s port %s: got error %v, want connection refused", address, port, err)
		}
	}
}
