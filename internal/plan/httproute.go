package plan

import (
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// httpRoutes gives the redirect to HTTPS, and for every target a route on an HTTPS
// listener and, unless HTTPS is enforced, one on HTTP. Each route names its
// listeners: Cilium has served routes without a section name on plain HTTP too.
func httpRoutes(s state.State, set settings, routing routing) []Object {
	// Whoever writes its own routes redirects by itself.
	secure := slices.DeleteFunc(set.secureHosts(), func(h host) bool { return !h.own })
	var all []Object
	if set.enforce && len(secure) > 0 {
		all = append(all, httpRoute(s, redirectRouteName(s.Application), httpParents(s, secure), redirectRule("/")))
	}
	for _, t := range routing.targets {
		at := set.placeOf(t)
		if at.secure {
			parents := []gatewayv1.ParentReference{parent(s, httpsListenerName(s, at.host))}
			all = append(all, httpRoute(s, t.https, parents, forwardRule(t, at.path, hsts(set))))
		}
		switch parents := httpParents(s, set.httpHosts(t, at)); {
		case set.enforce || len(parents) == 0:
		case !t.RedirectHTTPS || !s.Certificates.Related:
			all = append(all, httpRoute(s, t.http, parents, forwardRule(t, at.path, "")))
		case at.secure:
			parents = []gatewayv1.ParentReference{parent(s, httpListenerName(s.Application, at.host))}
			all = append(all, httpRoute(s, t.http, parents, redirectRule(at.path)))
		default:
			// Whoever asks for the redirect is not served in clear for want of
			// a certificate, if there is somebody to issue one.
		}
	}
	return all
}

// servedAt is where an application can be reached.
type servedAt struct {
	host, path string
	secure     bool // over HTTPS
}

// placeOf says where a target is served: where it shall be or, while there is no
// certificate for that, where it has been.
func (set settings) placeOf(t target) servedAt {
	at := servedAt{host: t.host, path: t.path}
	if h := set.host(t.host); h != nil && h.secure() {
		at.secure = true
		return at
	}
	if t.kept == nil {
		return at
	}
	if h := set.host(t.kept.host); h != nil && h.secure() {
		return servedAt{host: t.kept.host, path: t.kept.path, secure: true}
	}
	return at
}

// httpHosts gives the hosts on which a target is served in clear, unless HTTPS is
// enforced: where it is served over HTTPS and, if only the host is to change,
// already on the new one.
func (set settings) httpHosts(t target, at servedAt) []host {
	var all []host
	for _, h := range set.hosts {
		if h.http && (h.name == at.host || h.name == t.host && at.path == t.path) {
			all = append(all, h)
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
	var all []gatewayv1.ParentReference
	for _, h := range hosts {
		all = append(all, parent(s, httpListenerName(s.Application, h.name)))
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

// forwardRule sends a path to the target's Services, each as much. With a stripped
// prefix the application is told of it, as proxies do, so that it can make links.
func forwardRule(t target, path, hsts string) gatewayv1.HTTPRouteRule {
	rule := gatewayv1.HTTPRouteRule{Matches: prefixMatch(path)}
	for _, b := range t.backends {
		rule.BackendRefs = append(rule.BackendRefs, gatewayv1.HTTPBackendRef{
			BackendRef: gatewayv1.BackendRef{
				BackendObjectReference: gatewayv1.BackendObjectReference{
					Group: ptr(gatewayv1.Group("")),
					Kind:  ptr(gatewayv1.Kind("Service")),
					Name:  gatewayv1.ObjectName(b.service),
					Port:  ptr(gatewayv1.PortNumber(portOf(t))),
				},
				Weight: ptr(int32(1)),
			},
		})
	}
	if t.StripPrefix && path != "/" {
		rule.Filters = append(rule.Filters, setRequestHeader("X-Forwarded-Prefix", path), stripPrefix())
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
