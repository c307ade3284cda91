package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/address"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about what hostile neighbours do while something else happens.

// meanwhile lets something begin, a neighbour ask for something else, and the first thing end.
func (w *world) meanwhile(begin, end func()) {
	hostile := []func(){w.claim, w.label, w.throng, w.dash, w.nameStanding, w.keepOthers, w.addNeighbour}
	if w.random.IntN(2) == 0 {
		pick(w, hostile...)()
	}
	begin()
	w.aHook()
	pick(w, hostile...)()
	w.aHook()
	end()
	for range 3 {
		w.aHook()
		for _, o := range w.orders {
			if o.state == state.CertificatePending {
				o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.Add(90*24*time.Hour)
			}
		}
	}
}

// anyStranger returns the relation of some application of another model; -1 for none.
func (w *world) anyStranger() int {
	var all []int
	for _, r := range w.requirers {
		if r.Foreign {
			all = append(all, r.RelationID)
		}
	}
	if len(all) == 0 {
		return -1
	}
	return pick(w, all...)
}

// excludeOne lets the operator deny the network of some application of another model, and allow it
// again.
func (w *world) excludeOne() {
	victim := w.anyStranger()
	if victim < 0 {
		return
	}
	at := w.remote(victim).Addresses
	if len(at) == 0 {
		return
	}
	w.meanwhile(
		func() { w.config.CrossModelNetworks = address.Networks(fmt.Sprintf("-%s/32", at[0])) },
		func() { w.config.CrossModelNetworks = "" },
	)
}

// silenceOne replaces the units of an application of another model by units that have not written
// yet, while the network of the old ones is denied.
func (w *world) silenceOne() {
	victim := w.anyStranger()
	if victim < 0 || len(w.remote(victim).Addresses) == 0 {
		return
	}
	at := w.remote(victim).Addresses
	w.meanwhile(
		func() {
			w.remote(victim).Addresses, w.config.CrossModelNetworks = nil, address.Networks(fmt.Sprintf("-%s/32", at[0]))
		},
		func() { w.remote(victim).Addresses, w.config.CrossModelNetworks = at, "" },
	)
}

func (w *world) loseAddress() {
	at := w.addresses
	w.meanwhile(func() { w.addresses = nil }, func() { w.addresses = at })
}

// deleteListeners lets an editor delete the Gateway, or some of its listeners.
func (w *world) deleteListeners() {
	if w.gateway == nil || w.moving() {
		return // What is kept meanwhile is gone with it, until there are certificates.
	}
	if w.random.IntN(2) == 0 {
		w.gateway, w.taken = nil, nil
		return
	}
	w.gateway = w.gateway.DeepCopy()
	w.gateway.Generation++
	w.gateway.Spec.Listeners = slices.DeleteFunc(w.gateway.Spec.Listeners, func(gatewayv1.Listener) bool { return w.random.IntN(2) == 0 })
}

// nameStanding lets an application on gateway-route name existing hosts of others.
func (w *world) nameStanding() {
	if len(w.routeRequirers) == 0 || w.gateway == nil {
		return
	}
	r := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))]
	*r = state.RouteRequirer{RelationID: r.RelationID, Application: r.Application, Namespace: pick(w, "", "prod", "far")}
	for _, listener := range w.gateway.Spec.Listeners {
		host := listenerName(listener)
		if len(r.Hostnames) < 8 && host != "" && !slices.Contains(r.Hostnames, host) && w.random.IntN(3) > 0 {
			r.Hostnames = append(r.Hostnames, host)
		}
	}
	r.Hostless = len(r.Hostnames) == 0
}

// unrelate lets the operator remove the provider of certificates, with HTTPS enforced or not, and
// add it again.
func (w *world) unrelate() {
	enforced := w.config.EnforceHTTPS
	w.meanwhile(
		func() {
			w.related, w.orders, w.key = false, nil, 0
			w.crowd.relations++
			w.config.EnforceHTTPS = w.random.IntN(2) == 0
		},
		func() { w.related, w.config.EnforceHTTPS = true, enforced },
	)
}

// unserve lets an application of another model ask for what it cannot have now, while something
// else happens, and then for what it had.
func (w *world) unserve() {
	victim := w.anyStranger()
	if victim < 0 {
		return
	}
	before := *w.remote(victim)
	w.meanwhile(func() {
		r := w.remote(victim)
		if r.Addresses = nil; w.random.IntN(2) == 0 {
			r.Scheme, r.Hosts = "https", []string{"unit.example"}
		}
	}, func() {
		r := w.remote(victim)
		r.Scheme, r.Hosts, r.Addresses = before.Scheme, before.Hosts, before.Addresses
	})
}

// nameOneMore lets an application name another host too.
func (w *world) nameOneMore() {
	if n := len(w.routeRequirers); n > 0 {
		r := &w.routeRequirers[w.random.IntN(n)]
		host := fmt.Sprintf("m%d.example.org", w.random.IntN(4))
		if w.gateway != nil && w.random.IntN(2) == 0 && len(w.gateway.Spec.Listeners) > 0 {
			host = listenerName(pick(w, w.gateway.Spec.Listeners...))
		}
		if host != "" && r.Servable() && !r.Hostless && len(r.Hostnames) < 8 && !slices.Contains(r.Hostnames, host) {
			r.Hostnames = append(slices.Clone(r.Hostnames), host)
		}
	}
}

// forgeListeners lets an editor change the hosts, or the names, of listeners.
func (w *world) forgeListeners() {
	if w.gateway == nil || w.moving() {
		return
	}
	var others []string
	for _, r := range w.routeRequirers {
		others = append(others, r.Hostnames...)
	}
	w.gateway = w.gateway.DeepCopy()
	w.gateway.Generation++
	for i := range w.gateway.Spec.Listeners {
		l := &w.gateway.Spec.Listeners[i]
		if w.random.IntN(2) == 0 || l.Hostname == nil {
			continue
		}
		name := string(*l.Hostname)
		for _, other := range others {
			if other != name && strings.ReplaceAll(other, ".", "-") == strings.ReplaceAll(name, ".", "-") {
				h, from := gatewayv1.Hostname(other), gatewayv1.NamespacesFromAll
				l.Hostname, l.AllowedRoutes.Namespaces = &h, &gatewayv1.RouteNamespaces{From: &from}
			}
		}
		if w.random.IntN(4) == 0 {
			l.Name += gatewayv1.SectionName("-" + state.ShortHash(name))
		}
	}
}

// moving reports whether some application is not served yet where it is to be.
func (w *world) moving() bool {
	return slices.ContainsFunc(w.requirers, func(r state.Requirer) bool {
		_, rest, _ := strings.Cut(w.urls[r.RelationID], "://")
		host, path, told := strings.Cut(rest, "/")
		subdomain := w.config.RoutingMode == state.RoutingSubdomain
		return told && ((path == "") != subdomain || strings.HasSuffix(host, "."+w.config.ExternalHostname) != subdomain || !subdomain && host != w.config.ExternalHostname)
	}) || slices.ContainsFunc(w.orders, func(o *order) bool { return o.state == state.CertificatePending })
}

// forgeAnyRoute has an editor make a route that looks like one that the charm has, or has found, for some
// application at some host.
func (w *world) forgeAnyRoute() {
	if w.gateway == nil || !slices.ContainsFunc(w.routes, forwards) {
		return
	}
	var secure []string
	for _, l := range w.gateway.Spec.Listeners {
		if l.TLS != nil {
			secure = append(secure, listenerName(l))
		}
	}
	var services []string
	for name := range w.services {
		services = append(services, name)
	}
	slices.Sort(services)
	if len(secure) == 0 || len(services) == 0 {
		return
	}
	r, host := pick(w, w.requirers...), pick(w, secure...)
	name := state.BoundedName("gateway-"+r.Model+"-"+r.Name, 40)
	w.forgeRoute(name+pick(w, "", "-x"), host, pick(w, r.Path(), "/"), pick(w, services...))
	if w.random.IntN(3) == 0 {
		w.routes[len(w.routes)-1].Spec.Hostnames = []gatewayv1.Hostname{gatewayv1.Hostname(host)}
	}
}
