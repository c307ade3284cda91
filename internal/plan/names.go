package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Limits of names. Object names stay within a DNS label, because controllers copy them into labels
// and into names of their own. Cilium does so with the name of a Secret, and does not serve a
// Secret whose name is longer. Listener names may be as long as a DNS subdomain.
const (
	maxLabelName     = 63
	maxSubdomainName = 253
)

// maxListeners is how many listeners a Gateway can have (Gateway API, GatewaySpec.listeners).
// maxHosts is how many hosts these serve over both HTTP and HTTPS.
const (
	maxListeners = 64
	maxHosts     = maxListeners / 2
)

// bounded cuts a name that is too long and adds a hash of the whole name, which makes it unique
// again.
func bounded(name string, limit int) string { return state.BoundedName(name, limit) }

func hash(text string) string { return state.ShortHash(text) }

func withHash(name, key string, limit int) string { return bounded(name+"-"+hash(key), limit) }

// Listener names are a contract: the routes of ingress-configurator charms refer to them by
// sectionName, and the Python charm made the same names. Dashes make the names ambiguous: two hosts
// can lead to the same one. If applications attach routes to one of the two listeners, and only we
// attach routes to the other, the other gets a hash of its host.

func httpListenerName(s observed, host string) string {
	if host == "" {
		return s.Application + "-http"
	}
	return bounded(s.Application+"-http-"+listenerLabel(s, host), maxSubdomainName)
}

// listenerLabel returns what stands for a host in the names of its listeners: the host with dashes
// or, if another host to which applications attach routes has that label, the same with a hash.
// Somebody can choose a host whose label equals the one with the hash, so further hashes follow.
// Existing listeners keep their names.
func listenerLabel(s observed, host string) string {
	plain := dashed(host)
	if host == "" {
		return plain
	}
	label := func(i int) string {
		if i == 0 {
			return plain
		}
		return plain + "-" + hash(host+strings.Repeat("+", i-1))
	}
	for _, listener := range listenersOf(s) {
		for i := 0; i < maxHosts && listener.Hostname != nil && string(*listener.Hostname) == host; i++ {
			if names := listenerNames(s, label(i)); slices.Contains(names[:], string(listener.Name)) {
				return label(i)
			}
		}
	}
	i := 0
	for i < maxHosts && clashes(s, label(i), host) {
		i++
	}
	return label(i)
}

// clashes reports whether another host has the label: applications attach routes to that host, and
// its listeners have, or are to have, names with this label.
func clashes(s observed, label, host string) bool {
	names := listenerNames(s, label)
	return isNeededByAnother(s, label, host) || slices.ContainsFunc(listenersOf(s), func(l gatewayv1.Listener) bool {
		return l.Hostname != nil && string(*l.Hostname) != host && slices.Contains(names[:], string(l.Name)) && isOpen(s, l)
	})
}

// isNeededByAnother reports whether an application with routes of its own has another host
// with the same label, and none has this host. The listener of the other host may be missing:
// anybody who may edit the Gateway may have deleted it.
func isNeededByAnother(s observed, label, host string) bool {
	another := false
	for _, r := range s.RouteRequirers {
		for _, name := range r.Has {
			if name == host {
				return false
			}
			another = another || dashed(name) == label
		}
	}
	return another
}

// listenerNames returns the names of the HTTP and the HTTPS listener with a label. Names that are
// too long are cut, each with a hash of its own.
func listenerNames(s observed, label string) [2]string {
	return [2]string{bounded(s.Application+"-http-"+label, maxSubdomainName), bounded(s.Application+"-https-"+label, maxSubdomainName)}
}

// sameWhenCut reports whether two labels lead to a common listener name because the names are cut.
// That needs at least one label that is too long.
func sameWhenCut(s observed, label, other string) bool {
	if len(s.Application+"-https-")+max(len(label), len(other)) <= maxSubdomainName {
		return false
	}
	a, b := listenerNames(s, label), listenerNames(s, other)
	return a[0] == b[0] || a[1] == b[1]
}

// httpsListenerName returns the name of a host's HTTPS listener. Without a host it contains an
// address of the Gateway, as in the Python charm.
func httpsListenerName(s observed, host string) string {
	if host != "" {
		return bounded(s.Application+"-https-"+listenerLabel(s, host), maxSubdomainName)
	}
	if address := namingAddress(s); address != "" {
		return addressListenerName(s.Application, address)
	}
	if listener := secureListener(s, ""); listener != nil {
		return string(listener.Name)
	}
	return s.Application + "-https"
}

func addressListenerName(application, address string) string {
	return application + "-https-" + dashed(addressLabel(address))
}

// addressLabel returns an address in the form that names have.
func addressLabel(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() {
		return address
	}
	return strings.ReplaceAll(ip.StringExpanded(), ":", "-")
}

// looksLikeAddress reports whether a host has the same label as some IP address. The listener for
// any host has an IP address in its name.
func looksLikeAddress(host string) bool {
	label := dashed(host)
	for _, separator := range []string{".", ":"} {
		if ip, err := netip.ParseAddr(strings.ReplaceAll(label, "-", separator)); err == nil && dashed(addressLabel(ip.String())) == label {
			return true
		}
	}
	return false
}

// namingAddress returns the IP address in the names of the HTTPS listener for any host and of its
// Secret: the present one as long as the Gateway has that address, else the first address. It is
// empty while the Gateway has no IP address.
func namingAddress(s observed) string {
	ips := slices.DeleteFunc(slices.Clone(s.addresses), isName)
	if listener := secureListener(s, ""); listener != nil {
		for _, ip := range ips {
			if string(listener.Name) == addressListenerName(s.Application, ip) {
				return ip
			}
		}
	}
	if len(ips) == 0 {
		return ""
	}
	return ips[0]
}

func dashed(host string) string { return strings.ReplaceAll(host, ".", "-") }

// serviceName returns the name of an application's Service. Within our model it is the Python
// charm's. An application of another model may have the name of one of ours, so the name contains
// the model.
func serviceName(s observed, r state.Requirer) string {
	return bounded(serviceStem(s, r)+"-service", maxLabelName)
}

// unitServiceName returns the name of the Service for one unit. It is unambiguous, because no
// application name ends in a dash and a number.
func unitServiceName(s observed, r state.Requirer, unit int) string {
	return bounded(fmt.Sprintf("%s-%d-service", serviceStem(s, r), unit), maxLabelName)
}

func serviceStem(s observed, r state.Requirer) string {
	if isRemote(s, r) {
		return s.Application + "-" + r.Model + "-" + r.Name
	}
	return s.Application + "-" + r.Name
}

// redirectRouteName returns the name of a host's redirect. With a host it contains a hash, because
// dashes could make it the name of another host's redirect, or of an application's route. Without a
// host it is the name that the Python charm gave to its single redirect for all hosts. If the name
// belongs to somebody else, or to an application's route, a hash (or another one) is added.
func redirectRouteName(s observed, host string) string {
	name := bounded(s.Application+"-http", maxLabelName)
	if host != "" {
		suffix := "-" + hash(host)
		name = bounded(s.Application+"-http-"+dashed(host), maxLabelName-len(suffix)) + suffix
	}
	hashed := withHash(name, "redirect", maxLabelName)
	for i := range s.Cluster.Routes {
		route := &s.Cluster.Routes[i]
		if route.Name == hashed && !forwards(route) || route.Name == name && forwards(route) {
			return hashed
		}
	}
	if s.Cluster.ForeignOf("HTTPRoute", name) != nil {
		return hashed
	}
	return name
}

func routeName(application string, r state.Requirer) string {
	return bounded(application+"-"+r.Model+"-"+r.Name, maxLabelName)
}

func httpRouteName(application string, r state.Requirer) string {
	return bounded(application+"-"+r.Model+"-"+r.Name+"-http", maxLabelName)
}

// AuthoritiesName returns the name of the ConfigMap with the authorities.
func AuthoritiesName(application string) string {
	return bounded(application+"-backend-ca", maxLabelName)
}
