package plan

import (
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// httpRoutes gives the redirect to HTTPS, and for every target a route on the
// HTTPS listeners and, unless HTTPS is enforced, one on the HTTP listeners.
// Each route names its listeners: Cilium has served routes without a section
// name on plain HTTP too.
func httpRoutes(s state.State, set settings, routing routing) []Object {
	secure := set.secureHosts()
	var all []Object
	if set.enforce && len(secure) > 0 {
		all = append(all, httpRoute(s, redirectRouteName(s.Application), httpParents(s, secure), redirectRule("/")))
	}
	for _, t := range routing.targets {
		if len(secure) > 0 {
			all = append(all, httpRoute(s, t.https, httpsParents(s, secure), forwardRule(t, hsts(set))))
		}
		switch {
		case set.enforce:
		case t.RedirectHTTPS && len(secure) > 0:
			all = append(all, httpRoute(s, t.http, httpParents(s, secure), redirectRule(t.path)))
		default:
			all = append(all, httpRoute(s, t.http, httpParents(s, set.hosts), forwardRule(t, "")))
		}
	}
	return all
}

func httpRoute(s state.State, name string, parents []gatewayv1.ParentReference, rule gatewayv1.HTTPRouteRule) *gatewayv1.HTTPRoute {
	return &gatewayv1.HTTPRoute{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "HTTPRoute"},
		ObjectMeta: objectMeta(s, name),
		Spec: gatewayv1.HTTPRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: parents},
			Rules:           []gatewayv1.HTTPRouteRule{rule},
		},
	}
}

func httpParents(s state.State, hosts []host) []gatewayv1.ParentReference {
	if len(hosts) == 0 {
		return []gatewayv1.ParentReference{parent(s, httpListenerName(s.Application, ""))}
	}
	var all []gatewayv1.ParentReference
	for _, h := range hosts {
		all = append(all, parent(s, httpListenerName(s.Application, h.name)))
	}
	return all
}

func httpsParents(s state.State, hosts []host) []gatewayv1.ParentReference {
	var all []gatewayv1.ParentReference
	for _, h := range hosts {
		all = append(all, parent(s, httpsListenerName(s.Application, h.name)))
	}
	return all
}

func parent(s state.State, listener string) gatewayv1.ParentReference {
	return gatewayv1.ParentReference{
		Group:       ptr(gatewayv1.Group(gatewayv1.GroupName)),
		Kind:        ptr(gatewayv1.Kind("Gateway")),
		Name:        gatewayv1.ObjectName(s.Application),
		SectionName: ptr(gatewayv1.SectionName(listener)),
	}
}

// movedPermanently is the only permanent redirect that all bundles of the
// Gateway API know.
const movedPermanently = 301

// redirectRule sends every request below the path to HTTPS.
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

// forwardRule sends the target's path to its Service. With a stripped prefix
// the application is told of it, as proxies do, so that it can make links.
func forwardRule(t target, hsts string) gatewayv1.HTTPRouteRule {
	rule := gatewayv1.HTTPRouteRule{
		Matches: prefixMatch(t.path),
		BackendRefs: []gatewayv1.HTTPBackendRef{{
			BackendRef: gatewayv1.BackendRef{
				BackendObjectReference: gatewayv1.BackendObjectReference{
					Group: ptr(gatewayv1.Group("")),
					Kind:  ptr(gatewayv1.Kind("Service")),
					Name:  gatewayv1.ObjectName(t.service),
					Port:  ptr(gatewayv1.PortNumber(servicePort(t))),
				},
				Weight: ptr(int32(1)),
			},
		}},
	}
	if t.StripPrefix {
		rule.Filters = append(rule.Filters, setRequestHeader("X-Forwarded-Prefix", t.path), stripPrefix())
	}
	if hsts != "" {
		rule.Filters = append(rule.Filters, setResponseHeader("Strict-Transport-Security", hsts))
	}
	return rule
}

// hsts is the value of Strict-Transport-Security, empty for no header: a
// browser that has learnt it would refuse what enforce-https=false allows.
func hsts(set settings) string {
	if !set.enforce {
		return ""
	}
	return "max-age=" + strconv.FormatInt(set.hsts, 10)
}

func prefixMatch(path string) []gatewayv1.HTTPRouteMatch {
	return []gatewayv1.HTTPRouteMatch{{
		Path: &gatewayv1.HTTPPathMatch{Type: ptr(gatewayv1.PathMatchPathPrefix), Value: ptr(path)},
	}}
}

func stripPrefix() gatewayv1.HTTPRouteFilter {
	return gatewayv1.HTTPRouteFilter{
		Type: gatewayv1.HTTPRouteFilterURLRewrite,
		URLRewrite: &gatewayv1.HTTPURLRewriteFilter{
			Path: &gatewayv1.HTTPPathModifier{
				Type:               gatewayv1.PrefixMatchHTTPPathModifier,
				ReplacePrefixMatch: ptr("/"),
			},
		},
	}
}

func setRequestHeader(name, value string) gatewayv1.HTTPRouteFilter {
	return gatewayv1.HTTPRouteFilter{
		Type:                  gatewayv1.HTTPRouteFilterRequestHeaderModifier,
		RequestHeaderModifier: setHeader(name, value),
	}
}

// setResponseHeader replaces what the application itself sends; adding would
// make two headers of one.
func setResponseHeader(name, value string) gatewayv1.HTTPRouteFilter {
	return gatewayv1.HTTPRouteFilter{
		Type:                   gatewayv1.HTTPRouteFilterResponseHeaderModifier,
		ResponseHeaderModifier: setHeader(name, value),
	}
}

func setHeader(name, value string) *gatewayv1.HTTPHeaderFilter {
	return &gatewayv1.HTTPHeaderFilter{
		Set: []gatewayv1.HTTPHeader{{Name: gatewayv1.HTTPHeaderName(name), Value: value}},
	}
}
