package plan

import (
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// To a browser one host is one origin: what one application says about the host applies to all
// applications there. So routes remove from responses what an application may only say about a host
// of its own, and from requests what only a proxy may say.

const (
	headerPrefix = "X-Forwarded-Prefix"
	headerHSTS   = "Strict-Transport-Security"
	// headerWorkers lets an application use its service worker, which sees and answers all requests
	// below a path, for more than the path that the worker comes from.
	headerWorkers = "Service-Worker-Allowed"
	// headerReports makes browsers report all requests to the host to one application.
	// headerReceivers says who gets the reports about all pages of an application.
	headerReports   = "NEL"
	headerReceivers = "Report-To"
	// headerElsewhere makes browsers ask another address for everything at the host.
	headerElsewhere = "Alt-Svc"
)

// A filters is what one rule of a route changes in requests and responses. It has at most one
// filter of each kind: the API server accepts no more.
type filters []gatewayv1.HTTPRouteFilter

const (
	onRequest  = gatewayv1.HTTPRouteFilterRequestHeaderModifier
	onResponse = gatewayv1.HTTPRouteFilterResponseHeaderModifier
)

// filtersOf returns a copy of the filters of a live rule.
func filtersOf(live []gatewayv1.HTTPRouteFilter) filters {
	all := make(filters, len(live))
	for i := range live {
		live[i].DeepCopyInto(&all[i])
	}
	return all
}

// set replaces a header: to add it could make two headers of one.
func (f *filters) set(kind gatewayv1.HTTPRouteFilterType, name, value string) {
	headers := f.headers(kind)
	headers.Set = slices.DeleteFunc(headers.Set, func(h gatewayv1.HTTPHeader) bool { return strings.EqualFold(string(h.Name), name) })
	headers.Set = append(headers.Set, gatewayv1.HTTPHeader{Name: gatewayv1.HTTPHeaderName(name), Value: value})
}

// remove removes headers, except those that the filters change already.
func (f *filters) remove(kind gatewayv1.HTTPRouteFilterType, names ...string) {
	for _, name := range names {
		if headers := f.headers(kind); !changes(*headers, name) {
			headers.Remove = append(headers.Remove, name)
		}
	}
}

// stripPrefix removes the path that the rule matches.
func (f *filters) stripPrefix() {
	f.of(gatewayv1.HTTPRouteFilterURLRewrite).URLRewrite = &gatewayv1.HTTPURLRewriteFilter{
		Path: &gatewayv1.HTTPPathModifier{Type: gatewayv1.PrefixMatchHTTPPathModifier, ReplacePrefixMatch: ptr("/")},
	}
}

// headers returns what the filters change in the headers of requests, or of responses.
func (f *filters) headers(kind gatewayv1.HTTPRouteFilterType) *gatewayv1.HTTPHeaderFilter {
	modifier := &f.of(kind).RequestHeaderModifier
	if kind == onResponse {
		modifier = &f.of(kind).ResponseHeaderModifier
	}
	if *modifier == nil {
		*modifier = &gatewayv1.HTTPHeaderFilter{}
	}
	return *modifier
}

// of returns the filter of a kind, a new one if there is none.
func (f *filters) of(kind gatewayv1.HTTPRouteFilterType) *gatewayv1.HTTPRouteFilter {
	if !f.have(kind) {
		*f = append(*f, gatewayv1.HTTPRouteFilter{Type: kind})
	}
	return &(*f)[slices.IndexFunc(*f, func(one gatewayv1.HTTPRouteFilter) bool { return one.Type == kind })]
}

func (f *filters) have(kind gatewayv1.HTTPRouteFilterType) bool {
	return slices.ContainsFunc(*f, func(one gatewayv1.HTTPRouteFilter) bool { return one.Type == kind })
}

// changes reports whether a filter changes a header already.
func changes(filter gatewayv1.HTTPHeaderFilter, name string) bool {
	is := func(h gatewayv1.HTTPHeader) bool { return strings.EqualFold(string(h.Name), name) }
	return slices.ContainsFunc(filter.Set, is) || slices.ContainsFunc(filter.Add, is) ||
		slices.ContainsFunc(filter.Remove, func(one string) bool { return strings.EqualFold(one, name) })
}

// isShared reports whether more than one application is served at the host, or may be in the
// future.
func (h host) isShared(path string) bool { return path != "/" || h.paths || h.open || h.old }

// isolate adds to the filters of a rule that leads to an application. The added filters keep the
// application, and its clients, from speaking for others. Responses are changed only on shared
// hosts, and only if the controller is known to support that or the rule asks for it anyway.
func (d *decision) isolate(f *filters, shared bool) {
	f.remove(onRequest, headerPrefix)
	if shared && (f.have(onResponse) || d.class.canChangeAnswers()) {
		f.remove(onResponse, headerWorkers, headerReports, headerReceivers, headerElsewhere, headerHSTS)
	}
}

// hsts returns the value of Strict-Transport-Security; empty for no header. A browser that has
// learnt the header would refuse the plain HTTP that enforce-https=false allows.
func (d *decision) hsts() string {
	if !d.Config.EnforceHTTPS {
		return ""
	}
	return "max-age=" + strconv.FormatInt(d.Config.HSTSMaxAge, 10)
}
