package plan

import (
	"crypto/sha256"
	"encoding/hex"
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

// bounded cuts a name that is too long and makes it unique again with a hash
// of the whole.
func bounded(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	suffix := "-" + hash(name)
	return strings.TrimRight(name[:limit-len(suffix)], "-.") + suffix
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// Listener names are a contract: the routes of ingress-configurator charms
// name them as their section. The Python charm made the same ones.

func httpListenerName(gateway, host string) string {
	if host == "" {
		return gateway + "-http"
	}
	return bounded(gateway+"-http-"+dashed(host), maxSubdomainName)
}

// httpsListenerName is, without a host, made of an address of the Gateway, as the Python
// charm does it.
func httpsListenerName(s state.State, host string) string {
	if host != "" {
		return bounded(s.Application+"-https-"+dashed(host), maxSubdomainName)
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

// namingAddress is the IP address of the Gateway that the HTTPS listener for any host is
// named after, and its Secret: the one that it is named after now or, where the Gateway
// does not have that any more, the first. It is empty while there is none.
func namingAddress(s state.State) string {
	ips := slices.DeleteFunc(addresses(s.Cluster.Gateway), isName)
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

// secureListener gives the live HTTPS listener of a host, "" for any; nil for none.
func secureListener(s state.State, host string) *gatewayv1.Listener {
	if s.Cluster.Gateway == nil {
		return nil
	}
	listeners := s.Cluster.Gateway.Spec.Listeners
	i := slices.IndexFunc(listeners, func(l gatewayv1.Listener) bool {
		name := gatewayv1.Hostname("")
		if l.Hostname != nil {
			name = *l.Hostname
		}
		return l.Protocol == gatewayv1.HTTPSProtocolType && string(name) == host
	})
	if i < 0 {
		return nil
	}
	return &listeners[i]
}

func dashed(host string) string { return strings.ReplaceAll(host, ".", "-") }

// serviceName is the Python charm's within a model. A requirer of another model
// may have the name of one of ours, so there the model is part of it.
func serviceName(s state.State, r state.Requirer) string {
	return bounded(serviceStem(s, r)+"-service", maxLabelName)
}

// unitServiceName is that of the Service for one unit. No name of an application ends in
// a number after a dash.
func unitServiceName(s state.State, r state.Requirer, unit int) string {
	return bounded(fmt.Sprintf("%s-%d-service", serviceStem(s, r), unit), maxLabelName)
}

func serviceStem(s state.State, r state.Requirer) string {
	if isRemote(s, r) {
		return s.Application + "-" + r.Model + "-" + r.Name
	}
	return s.Application + "-" + r.Name
}

// redirectRouteName is that of the redirect of one host. With a host it has a hash, since
// dashes could make it that of another host, or of an application's route. Without one it
// is the name that the Python charm gave to one redirect for all hosts. A name that is
// somebody else's gets a hash, too, or another.
func redirectRouteName(s state.State, host string) string {
	name := bounded(s.Application+"-http", maxLabelName)
	if host != "" {
		suffix := "-" + hash(host)
		name = bounded(s.Application+"-http-"+dashed(host), maxLabelName-len(suffix)) + suffix
	}
	hashed := withHash(name, "redirect", maxLabelName)
	stands := slices.ContainsFunc(s.Cluster.Routes, func(r gatewayv1.HTTPRoute) bool { return r.Name == hashed })
	if stands || s.Cluster.ForeignOf("HTTPRoute", name) != nil {
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

// A namer keeps object names apart. Joined with dashes, different applications can come to
// the same name: "web-http", and the HTTP route of "web"; "internal-web" of an instance
// "gw", and "web" of an instance "gw-internal". The newer one, or the one whose name is
// another instance's by now, then gets a hash of what tells them apart.
type namer struct {
	taken   map[string]bool // kind and name, in this plan
	foreign map[string]bool // not ours
	ours    map[string]bool // as we have them in the cluster
}

// The kinds of names that a namer keeps apart. A Service shares its name with its policy
// and, but for the end, with its EndpointSlices.
const (
	serviceNames = "service"
	routeNames   = "route"
)

func newNamer(s state.State) namer {
	n := namer{taken: map[string]bool{}, foreign: map[string]bool{}, ours: map[string]bool{}}
	for _, one := range s.Cluster.Foreign {
		switch one.Kind {
		case "Service", "BackendTLSPolicy":
			n.foreign[serviceNames+"/"+one.Name] = true
		case "EndpointSlice":
			if i := strings.LastIndex(one.Name, "-ipv"); i > 0 {
				n.foreign[serviceNames+"/"+one.Name[:i]] = true
			}
		case "HTTPRoute":
			n.foreign[routeNames+"/"+one.Name] = true
		}
	}
	for name := range s.Cluster.Services {
		n.ours[serviceNames+"/"+name] = true
	}
	for i := range s.Cluster.Routes {
		n.ours[routeNames+"/"+s.Cluster.Routes[i].Name] = true
	}
	return n
}

// unique gives the name or, where that is taken, one with a hash of the key. A name with
// a hash that is in use stays though the one without is free now: what is renamed is made
// anew.
func (n namer) unique(kind, name, key string, limit int) string {
	free := func(name string) bool { return !n.taken[kind+"/"+name] && !n.foreign[kind+"/"+name] }
	if hashed := withHash(name, key, limit); free(hashed) && n.ours[kind+"/"+hashed] {
		name = hashed
	}
	for !free(name) {
		name = withHash(name, key, limit)
		key += "+"
	}
	n.taken[kind+"/"+name] = true
	return name
}

func withHash(name, key string, limit int) string { return bounded(name+"-"+hash(key), limit) }
