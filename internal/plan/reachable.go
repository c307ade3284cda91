package plan

import (
	"net/netip"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// addressesOf are those under which the Gateway can be reached: IP addresses
// first, then names, without what no URL can be made of. A name within the
// cluster is no use to a client outside.
func addressesOf(gateway *gatewayv1.Gateway) []string {
	if gateway == nil {
		return nil
	}
	var ips, names []string
	for _, address := range gateway.Status.Addresses {
		if address.Type != nil && *address.Type != gatewayv1.IPAddressType && *address.Type != gatewayv1.HostnameAddressType {
			continue // A name that only the controller knows.
		}
		if ip, err := netip.ParseAddr(address.Value); err == nil {
			if ip.Zone() == "" {
				ips = append(ips, ip.Unmap().String())
			}
		} else if name, err := state.NormalizeHostname(address.Value); err == nil && !strings.HasSuffix(name, ".svc.cluster.local") {
			names = append(names, name)
		}
	}
	return append(ips, names...)
}

// isName reports whether an address is a DNS name.
func isName(address string) bool {
	_, err := netip.ParseAddr(address)
	return err != nil
}

// addressNames are what a certificate for the Gateway's addresses is asked for,
// sorted: its IP addresses or, where it has none or the provider issues none for
// such, a DNS name that it has: always the same of several.
func addressNames(s observed) []string {
	var ips, names []string
	for _, address := range s.addresses {
		if isName(address) {
			names = append(names, address)
		} else {
			ips = append(ips, address)
		}
	}
	switch {
	case len(ips) > 0 && !s.Certificates.NoAddresses:
		slices.Sort(ips)
		return slices.Compact(ips)
	case len(names) > 0:
		return []string{slices.Min(names)}
	}
	return nil
}

// addressesInVain reports whether the provider issues no certificate for any of the addresses
// that the Gateway has. Without an address that is not known yet.
func noAddressCertificates(s observed) bool {
	return len(s.addresses) > 0 && len(addressNames(s)) == 0
}
