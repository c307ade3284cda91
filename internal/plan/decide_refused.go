package plan

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// Objects that the API server has refused. A refused object of one application leaves out that
// application; a refused shared object affects all.

// leaveRefused leaves out the applications that have a refused object. It runs when everything else
// is decided: hosts and certificate requests stay as they are, so that the next event can try
// again.
func (d *decision) leaveRefused() {
	owned := map[int]bool{} // refusals
	var served []target
	for _, t := range d.targets {
		var first *state.Refusal
		stands := true
		for i := range d.Cluster.Refusals {
			if one := &d.Cluster.Refusals[i]; t.owns(d.observed, *one) {
				owned[i], stands = true, stands && one.Stands
				if first == nil {
					first = one
				}
			}
		}
		if first == nil {
			served = append(served, t)
			continue
		}
		if stands && d.hasLiveRoutes(t) {
			d.servedAsBefore = append(d.servedAsBefore, t)
		}
		reason, cure := whyRefused(d.observed, *first)
		d.omit("ingress", t.Application, t.RelationID, reason, cure)
	}
	d.targets = served
	for i, one := range d.Cluster.Refusals {
		if !owned[i] || one.Permission && !forBackendTLS(one) {
			d.refused = append(d.refused, one)
		}
	}
}

// owns reports whether an object is the target's, or one without which the target cannot be served.
func (t target) owns(s observed, one state.Refusal) bool {
	if strings.HasPrefix(one.Action, "delete ") {
		return false // An object that is not wanted belongs to nobody.
	}
	switch one.Kind {
	case "HTTPRoute":
		return slices.Contains(t.routeNames(), one.Name)
	case "Service":
		return t.leadsTo(one.Name)
	case "BackendTLSPolicy":
		return speaksTLS(t.Requirer) && t.leadsTo(one.Name)
	case "ConfigMap":
		return speaksTLS(t.Requirer)
	case "EndpointSlice":
		return t.remote && slices.ContainsFunc(t.backends(), func(b backend) bool { return b.hasSlice(one.Name) })
	default:
		return false
	}
}

// placeOf returns the place in a target's URL, which is that of its first rule, and whether it is
// served there over HTTPS.
func (d *decision) placeOf(t target) (at place, secure bool) { return d.currentPlace(t.rules[0]) }

// currentPlace returns the place at which a rule is served, and whether that is over HTTPS. Until
// the rule is served at its own place, that is its previous place.
func (d *decision) currentPlace(r rule) (at place, secure bool) {
	at = r.place
	if r.previous != nil && !r.served && d.host(r.previous.host) != nil {
		at = *r.previous
	}
	h := d.host(at.host)
	return at, h != nil && h.secure()
}

// hasLiveRoutes reports whether the target's live routes are where it is served.
func (d *decision) hasLiveRoutes(t target) bool {
	return !slices.ContainsFunc(t.rules, func(r rule) bool { return !d.hasLiveRoute(r) })
}

// hasLiveRoute reports whether a rule's live route is where the rule is served.
func (d *decision) hasLiveRoute(r rule) bool {
	at, secure := d.currentPlace(r)
	name, listener := at.http, newListener(d.observed, at.host, secure).name
	if secure {
		name = at.https
	}
	return hasListener(d.observed, listener) && slices.ContainsFunc(d.Cluster.Routes, func(route gatewayv1.HTTPRoute) bool {
		return route.Name == name && pathOf(&route) == at.path && isAttached(&route, listener)
	})
}

// listensFor reports whether the live Gateway has the listeners of a host.
func (d *decision) listensFor(host string) bool {
	h := d.host(host)
	lacks := func(l listener) bool {
		return !slices.ContainsFunc(listenersOf(d.observed), func(live gatewayv1.Listener) bool { return string(live.Name) == l.name && hostOf(live) == host })
	}
	return h != nil && !slices.ContainsFunc(h.listeners, lacks)
}

// whyRefused returns why an application is not served as it asks, and the cure.
func whyRefused(s observed, one state.Refusal) (reason, cure string) {
	if one.Permission && forBackendTLS(one) {
		return "scheme https, but the charm may not " + one.Action, trustCommand(s)
	}
	return "refused by the API server: " + pyjson.Said(one.Reason), seeLog
}

// forBackendTLS reports whether only applications that speak TLS need such an object.
func forBackendTLS(one state.Refusal) bool {
	return (one.Kind == "BackendTLSPolicy" || one.Kind == "ConfigMap") && !strings.HasPrefix(one.Action, "delete ")
}
