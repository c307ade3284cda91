package plan

import (
	"net/netip"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// urls gives what each requirer is told. An application that is not served, or
// not yet, is told nothing: a URL is a promise.
func urls(s state.State, set settings, routing routing) []URL {
	base := baseURL(s, set)
	paths := map[int]string{}
	for _, t := range routing.targets {
		paths[t.RelationID] = t.path
	}
	var all []URL
	for _, requirer := range byAge(s.Requirers) {
		url := URL{RelationID: requirer.RelationID}
		if path := paths[requirer.RelationID]; path != "" && base != "" {
			url.URL = base + path
		}
		all = append(all, url)
	}
	return all
}

// baseURL is the scheme and host that all applications share; empty while there
// is none.
func baseURL(s state.State, set settings) string {
	if secure := set.secureHosts(); len(secure) > 0 {
		return "https://" + secure[0].name
	}
	if set.enforce {
		return ""
	}
	if set.hostname != "" {
		return "http://" + set.hostname
	}
	reachable := addresses(s.Cluster.Gateway)
	switch {
	case len(reachable) == 0:
		return ""
	case strings.Contains(reachable[0], ":"):
		return "http://[" + reachable[0] + "]"
	default:
		return "http://" + reachable[0]
	}
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
