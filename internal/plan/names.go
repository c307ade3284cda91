package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Bounds of names. All objects stay within a DNS label because controllers copy their
// names into labels and names of their own: Cilium that of a Secret, and serves none whose
// name is longer. Listeners may be as long as a DNS subdomain.
const (
	maxLabelName     = 63
	maxSubdomainName = 253
)

// maxListeners is how many listeners a Gateway can have (Gateway API,
// GatewaySpec.listeners), and maxHosts how many hosts they serve over HTTP and HTTPS.
const (
	maxListeners = 64
	maxHosts     = maxListeners / 2
)

// bounded cuts a name that is too long and makes it unique again with a hash
// of the whole.
func bounded(name string, limit int) string { return state.BoundedName(name, limit) }

func hash(text string) string { return state.ShortHash(text) }

func withHash(name, key string, limit int) string { return bounded(name+"-"+hash(key), limit) }

// Listener names are a contract: the routes of ingress-configurator charms
// name them as their section. The Python charm made the same ones. The dashes leave them
// ambiguous: where a listener to which such routes are attached has the name of one that
// is for our own routes alone, the latter gets a hash of its host.

func httpListenerName(s observed, host string) string {
	if host == "" {
		return s.Application + "-http"
	}
	return bounded(s.Application+"-http-"+listenerLabel(s, host), maxSubdomainName)
}

// listenerLabel is how a host stands in the names of its listeners: by itself or, where another to
// which routes are attached stands so, with a hash. Others can name a host that stands as this one
// with its hash, so there are more of them. Listeners that are there keep their names.
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

// clashes reports whether a listener to which routes are attached, and that is for another host, has a name
// in which that host stands so, or is to have it.
func clashes(s observed, label, host string) bool {
	names := listenerNames(s, label)
	return isNeededByAnother(s, label, host) || slices.ContainsFunc(listenersOf(s), func(l gatewayv1.Listener) bool {
		return l.Hostname != nil && string(*l.Hostname) != host && slices.Contains(names[:], string(l.Name)) && isOpen(s, l)
	})
}

// standsForAnother reports whether an application which is told of the Gateway names another host that
// stands so in the names of its listeners, and none names this one. That listener may be missing:
// whoever may edit the Gateway may have deleted it.
func isNeededByAnother(s observed, label, host string) bool {
	another := false
	for _, r := range s.RouteRequirers {
		for _, name := range r.Hostnames {
			attached := r.Told || r.Holds
			if attached && name == host {
				return false
			}
			another = another || attached && dashed(name) == label
		}
	}
	return another
}

// labelled are the names of the listeners of a host that stands in them so. They are cut where
// they are too long, each to a hash of its own.
func listenerNames(s observed, label string) [2]string {
	return [2]string{bounded(s.Application+"-http-"+label, maxSubdomainName), bounded(s.Application+"-https-"+label, maxSubdomainName)}
}

// alikeCut reports whether two hosts, of which one is so long that the names of its listeners are cut,
// would have a listener of the same name.
func sameWhenCut(s observed, label, other string) bool {
	if len(s.Application+"-https-")+max(len(label), len(other)) <= maxSubdomainName {
		return false
	}
	a, b := listenerNames(s, label), listenerNames(s, other)
	return a[0] == b[0] || a[1] == b[1]
}

// httpsListenerName is, without a host, made of an address of the Gateway, as the Python
// charm does it.
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

// addressLabel is an address as names have it.
func addressLabel(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() {
		return address
	}
	return strings.ReplaceAll(ip.StringExpanded(), ":", "-")
}

// readsAsAddress reports whether a host stands in the names of its listeners as some IP address
// does in that of the listener for any host.
func looksLikeAddress(host string) bool {
	label := dashed(host)
	for _, separator := range []string{".", ":"} {
		if ip, err := netip.ParseAddr(strings.ReplaceAll(label, "-", separator)); err == nil && dashed(addressLabel(ip.String())) == label {
			return true
		}
	}
	return false
}

// namingAddress is the IP address of the Gateway that the HTTPS listener for any host is
// named after, and its Secret: the one that it is named after now or, where the Gateway
// does not have that any more, the first. It is empty while there is none.
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

// serviceName is the Python charm's within a model. A requirer of another model
// may have the name of one of ours, so there the model is part of it.
func serviceName(s observed, r state.Requirer) string {
	return bounded(serviceStem(s, r)+"-service", maxLabelName)
}

// unitServiceName is that of the Service for one unit. No name of an application ends in
// a number after a dash.
func unitServiceName(s observed, r state.Requirer, unit int) string {
	return bounded(fmt.Sprintf("%s-%d-service", serviceStem(s, r), unit), maxLabelName)
}

func serviceStem(s observed, r state.Requirer) string {
	if isRemote(s, r) {
		return s.Application + "-" + r.Model + "-" + r.Name
	}
	return s.Application + "-" + r.Name
}

// redirectRouteName is that of the redirect of one host. With a host it has a hash, since
// dashes could make it that of another host, or of an application's route. Without one it
// is the name that the Python charm gave to one redirect for all hosts. A name that is
// somebody else's, or that of an application's route, gets a hash, too, or another.
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

// AuthoritiesName is the name of the ConfigMap.
func AuthoritiesName(application string) string {
	return bounded(application+"-backend-ca", maxLabelName)
}
