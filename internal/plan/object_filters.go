package plan

import (
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// One host is one origin to a browser: what one application says of the host holds for all
// that are served there. So routes take out of answers what an application may say of its
// own host only, and out of requests what only a proxy may say.

const (
	headerPrefix = "X-Forwarded-Prefix"
	headerHSTS   = "Strict-Transport-Security"
	// headerWorkers lets an application have its service worker, which sees and answers
	// all requests below a path, for more than the path that the worker comes from.
	headerWorkers = "Service-Worker-Allowed"
	// headerReports has browsers tell an application of all requests to the host, and
	// headerReceivers says who is told what there is to report of all its pages.
	headerReports   = "NEL"
	headerReceivers = "Report-To"
	// headerElsewhere has browsers ask another address for all that is at the host.
	headerElsewhere = "Alt-Svc"
)

// isShared reports whether more than one application is served at the host, or may come to be.
func (h host) isShared(path string) bool { return path != "/" || h.open || h.old }

// guarded adds to the filters of a route to an application those that keep it, and its
// clients, from speaking for others. Answers are changed on shared hosts only, and where
// the controller is known to do it or is asked to anyway.
func (d *decision) guarded(filters []gatewayv1.HTTPRouteFilter, shared bool) []gatewayv1.HTTPRouteFilter {
	const request, response = gatewayv1.HTTPRouteFilterRequestHeaderModifier, gatewayv1.HTTPRouteFilterResponseHeaderModifier
	filters = removing(filters, request, headerPrefix)
	asked := slices.ContainsFunc(filters, func(f gatewayv1.HTTPRouteFilter) bool { return f.Type == response })
	if shared && (asked || d.class.canChangeAnswers()) {
		filters = removing(filters, response, headerWorkers, headerReports, headerReceivers, headerElsewhere, headerHSTS)
	}
	return filters
}

// removing returns filters that also remove headers, save those that they set themselves. A
// rule has room for one filter of a kind.
func removing(filters []gatewayv1.HTTPRouteFilter, kind gatewayv1.HTTPRouteFilterType, names ...string) []gatewayv1.HTTPRouteFilter {
	i := slices.IndexFunc(filters, func(f gatewayv1.HTTPRouteFilter) bool { return f.Type == kind })
	changed := &gatewayv1.HTTPHeaderFilter{}
	if i >= 0 {
		if found := headersOf(filters[i]); found != nil {
			changed = found.DeepCopy()
		}
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return changes(*changed, name) })
	if len(names) == 0 {
		return filters
	}
	changed.Remove = append(changed.Remove, names...)
	filter := gatewayv1.HTTPRouteFilter{Type: kind, RequestHeaderModifier: changed}
	if kind == gatewayv1.HTTPRouteFilterResponseHeaderModifier {
		filter = gatewayv1.HTTPRouteFilter{Type: kind, ResponseHeaderModifier: changed}
	}
	if i < 0 {
		return append(slices.Clone(filters), filter)
	}
	filters = slices.Clone(filters)
	filters[i] = filter
	return filters
}

func headersOf(filter gatewayv1.HTTPRouteFilter) *gatewayv1.HTTPHeaderFilter {
	if filter.Type == gatewayv1.HTTPRouteFilterResponseHeaderModifier {
		return filter.ResponseHeaderModifier
	}
	return filter.RequestHeaderModifier
}

// changes reports whether a filter says something of a header already.
func changes(filter gatewayv1.HTTPHeaderFilter, name string) bool {
	is := func(h gatewayv1.HTTPHeader) bool { return strings.EqualFold(string(h.Name), name) }
	return slices.ContainsFunc(filter.Set, is) || slices.ContainsFunc(filter.Add, is) ||
		slices.ContainsFunc(filter.Remove, func(one string) bool { return strings.EqualFold(one, name) })
}

// hsts is the value of Strict-Transport-Security, empty for no header: a
// browser that has learnt it would refuse what enforce-https=false allows.
func (d *decision) hsts() string {
	if !d.Config.EnforceHTTPS {
		return ""
	}
	return "max-age=" + strconv.FormatInt(d.Config.HSTSMaxAge, 10)
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
