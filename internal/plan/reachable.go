package plan

import (
	"net/netip"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// addressesOf returns the addresses at which clients reach the Gateway: IP addresses first, then
// names. It omits what cannot be part of a URL, and names inside the cluster, which are of no use
// to clients outside.
func addressesOf(gateway *gatewayv1.Gateway) []string {
	if gateway == nil {
		return nil
	}
	var ips, names []string
	for _, address := range gateway.Status.Addresses {
		if address.Type != nil && *address.Type != gatewayv1.IPAddressType && *address.Type != gatewayv1.HostnameAddressType {
			continue // A name that only the controller understands.
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

// addressNames returns the names for a certificate for the Gateway's addresses, sorted: its IP
// addresses. If it has none, or the provider issues no certificates for IP addresses, it returns
// one DNS name of the Gateway, always the same one of several.
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

// noAddressCertificates reports whether the Gateway has addresses, and the provider issues
// certificates for none of them. While the Gateway has no address, that is not known.
func noAddressCertificates(s observed) bool {
	return len(s.addresses) > 0 && len(addressNames(s)) == 0
}
