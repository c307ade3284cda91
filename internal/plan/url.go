package plan

import (
	"net/netip"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// urls returns what each requirer is told. An application that is not served, or
// not yet, is told nothing: a URL is a promise.
func (d *decision) urls() []URL {
	told := map[int]string{}
	unchanged := map[int]bool{}
	for _, t := range slices.Concat(d.targets, d.held) {
		if t.Holds || !d.Cluster.Written || d.standsAt(t) { // Else its route comes in the next run.
			told[t.RelationID] = d.urlOf(t)
		}
		unchanged[t.RelationID] = gatewayStays(d.State) && !d.standsAt(t)
	}
	var all []URL
	for _, requirer := range requirersByAge(d.State) {
		if unchanged[requirer.RelationID] {
			continue // It may be served where it has been.
		}
		all = append(all, URL{RelationID: requirer.RelationID, URL: told[requirer.RelationID]})
	}
	return all
}

// urlOf is the address of an application; empty while there is none.
func (d *decision) urlOf(t target) string {
	at, secure := d.placeOf(t)
	scheme := "http://"
	switch {
	case secure:
		scheme = "https://"
	case d.unsure, !t.inClear(d):
		return ""
	}
	if h := d.host(at.host); !secure && h != nil && !h.http {
		return "" // There was no room for its listener.
	}
	if at.host != "" {
		return scheme + at.host + at.path
	}
	reachable := addresses(d.Cluster.Gateway)
	if secure {
		reachable = d.host("").covered(reachable)
	}
	switch {
	case len(reachable) == 0:
		return ""
	case strings.Contains(reachable[0], ":"):
		return scheme + "[" + reachable[0] + "]" + at.path
	default:
		return scheme + reachable[0] + at.path
	}
}

// covered returns those of the Gateway's addresses that the certificate served is good
// for. There are none for a while when all of them have changed: the next is asked
// for then, and what it will be good for is the best there is to tell.
func (h host) covered(addresses []string) []string {
	var good []string
	for _, address := range addresses {
		if h.issued != nil && slices.Contains(h.issued.Hosts, address) || h.live != nil && h.live.Covers(address) {
			good = append(good, address)
		}
	}
	switch {
	case len(good) > 0:
		return good
	case len(h.names) == 0:
		return addresses
	}
	return slices.DeleteFunc(slices.Clone(addresses), func(address string) bool { return !slices.Contains(h.names, address) })
}

// addressNames are what a certificate for the Gateway's addresses is asked for,
// sorted: its IP addresses or, where it has none or the provider issues none for
// such, a DNS name that it has: always the same of several.
func addressNames(s state.State) []string {
	var ips, names []string
	for _, address := range addresses(s.Cluster.Gateway) {
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
func addressesInVain(s state.State) bool {
	return len(addresses(s.Cluster.Gateway)) > 0 && len(addressNames(s)) == 0
}

// isName reports whether an address is a DNS name.
func isName(address string) bool {
	_, err := netip.ParseAddr(address)
	return err != nil
}

// addresses are those under which the Gateway can be reached: IP addresses
// first, then names, without what no URL can be made of. A name within the
// cluster is no use to a client outside.
func addresses(gateway *gatewayv1.Gateway) []string {
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
