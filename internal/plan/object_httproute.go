package plan

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// httpRoutes returns the redirects to HTTPS and, for every target at each of its places, a route on
// the HTTPS listener and, unless HTTPS is enforced, one on HTTP. Each route names its one listener:
// Cilium has served routes without a sectionName on plain HTTP too.
func (d *decision) httpRoutes() []*gatewayv1.HTTPRoute {
	all := d.redirects()
	ofHosts := map[string]bool{}
	for _, one := range all {
		ofHosts[one.Name] = true
	}
	// An application can choose its names so that its route gets the name of the redirect of a host
	// that is new in this run. The next run finds the redirect, and chooses another name.
	isRedirect := func(route *gatewayv1.HTTPRoute) bool { return ofHosts[route.Name] }
	for _, t := range d.targets {
		for _, r := range t.rules {
			for _, at := range r.places() {
				all = append(all, slices.DeleteFunc(d.routesAt(t, r, at), isRedirect)...)
			}
		}
	}
	return all
}

// routesAt returns the routes of a rule of a target at one of its places.
func (d *decision) routesAt(t target, r rule, at place) []*gatewayv1.HTTPRoute {
	h := d.host(at.host)
	if h == nil {
		return nil
	}
	var all []*gatewayv1.HTTPRoute
	forward := func(route, hsts string) gatewayv1.HTTPRouteRule {
		rule := gatewayv1.HTTPRouteRule{Matches: prefixMatch(at.path), BackendRefs: d.staged(t, route, backendRefs(t, r))}
		rule.Filters = d.filters(t, at.path, hsts, h.isShared(at.path))
		return rule
	}
	if secure := h.listener(true); secure != nil {
		all = append(all, httpRoute(d.observed, at.https, forward(at.https, d.hsts()), *secure))
	}
	switch clear := h.listener(false); {
	case d.Config.EnforceHTTPS || clear == nil:
	case t.inClear(d):
		all = append(all, httpRoute(d.observed, at.http, forward(at.http, ""), *clear))
	case h.secure():
		all = append(all, httpRoute(d.observed, at.http, redirectRule(at.path), *clear))
	default:
		// An application that asks for the redirect is not served over plain HTTP while it has no
		// certificate, if there is a provider to issue one.
	}
	return all
}

// redirects returns, if HTTPS is enforced, a route for each host served over HTTPS that redirects
// to HTTPS. Applications that write routes of their own redirect by themselves.
func (d *decision) redirects() []*gatewayv1.HTTPRoute {
	if !d.Config.EnforceHTTPS {
		return nil
	}
	secure := slices.DeleteFunc(d.secureHosts(), func(h host) bool { return !h.own || h.listener(false) == nil })
	all := d.sharedRedirect(secure)
	for _, h := range secure {
		all = append(all, httpRoute(d.observed, redirectRouteName(d.observed, h.name), redirectRule("/"), *h.listener(false)))
	}
	return all
}

// sharedRedirect returns the single redirect for all hosts that earlier releases made, for the
// hosts whose own redirect is not accepted yet. It returns none if the redirect of a host has that
// name.
func (d *decision) sharedRedirect(secure []host) []*gatewayv1.HTTPRoute {
	name := redirectRouteName(d.observed, "")
	i := slices.IndexFunc(d.Cluster.Routes, func(r gatewayv1.HTTPRoute) bool { return r.Name == name })
	if i < 0 || forwards(&d.Cluster.Routes[i]) || slices.ContainsFunc(secure, func(h host) bool { return h.name == "" }) {
		return nil
	}
	live, shared := livePlacesOf(d.observed), &d.Cluster.Routes[i]
	var listeners []listener
	for _, h := range secure {
		l := h.listener(false)
		if !isAttached(shared, l.name) || !hasListener(d.observed, l.name) {
			continue
		}
		since, serves := live.serves(d, redirectRouteName(d.observed, h.name), l.name, "/")
		if !serves || !settledSince(d.observed, since) {
			listeners = append(listeners, *l)
		}
	}
	if len(listeners) == 0 {
		return nil
	}
	return []*gatewayv1.HTTPRoute{httpRoute(d.observed, name, redirectRule("/"), listeners...)}
}

func httpRoute(s observed, name string, rule gatewayv1.HTTPRouteRule, listeners ...listener) *gatewayv1.HTTPRoute {
	var parents []gatewayv1.ParentReference
	for _, l := range listeners {
		parents = append(parents, gatewayv1.ParentReference{
			Group:       ptr(gatewayv1.Group(gatewayv1.GroupName)),
			Kind:        ptr(gatewayv1.Kind("Gateway")),
			Name:        gatewayv1.ObjectName(l.parent),
			SectionName: ptr(gatewayv1.SectionName(l.name)),
		})
	}
	return &gatewayv1.HTTPRoute{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "HTTPRoute"},
		ObjectMeta: objectMeta(s, name),
		Spec: gatewayv1.HTTPRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: parents},
			Rules:           []gatewayv1.HTTPRouteRule{rule},
		},
	}
}

// movedPermanently is the only permanent redirect that all bundles of the Gateway API know.
const movedPermanently = 301

// redirectRule returns the rule that redirects every request below the path to HTTPS.
func redirectRule(path string) gatewayv1.HTTPRouteRule {
	return gatewayv1.HTTPRouteRule{
		Matches: prefixMatch(path),
		Filters: []gatewayv1.HTTPRouteFilter{{
			Type: gatewayv1.HTTPRouteFilterRequestRedirect,
			RequestRedirect: &gatewayv1.HTTPRequestRedirectFilter{
				Scheme:     ptr("https"),
				StatusCode: ptr(movedPermanently),
			},
		}},
	}
}

// filters returns the filters of a rule that leads to a target. If the prefix is stripped, a header
// tells the application, as usual with proxies, so that it can make links. The value of hsts is for
// HTTPS only.
func (d *decision) filters(t target, path, hsts string, shared bool) filters {
	var f filters
	if t.StripPrefix && path != "/" {
		f.set(onRequest, headerPrefix, path)
		f.stripPrefix()
	}
	if hsts != "" {
		f.set(onResponse, headerHSTS, hsts)
	}
	d.isolate(&f, shared)
	return f
}

// backendRefs returns the Services that a rule leads to, all with the same weight.
func backendRefs(t target, r rule) []gatewayv1.HTTPBackendRef {
	var all []gatewayv1.HTTPBackendRef
	for _, b := range r.backends {
		all = append(all, backendRef(b.service, gatewayv1.PortNumber(portOf(t)), 1))
	}
	return all
}

func prefixMatch(path string) []gatewayv1.HTTPRouteMatch {
	return []gatewayv1.HTTPRouteMatch{{
		Path: &gatewayv1.HTTPPathMatch{Type: ptr(gatewayv1.PathMatchPathPrefix), Value: ptr(path)},
	}}
}
