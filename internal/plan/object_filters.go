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

// A filters is what one rule of a route changes of requests and answers. It has one filter of a
// kind at most: the API server takes no more.
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

// set has a header replaced: adding would make two headers of one.
func (f *filters) set(kind gatewayv1.HTTPRouteFilterType, name, value string) {
	headers := f.headers(kind)
	headers.Set = append(headers.Set, gatewayv1.HTTPHeader{Name: gatewayv1.HTTPHeaderName(name), Value: value})
}

// remove has headers removed, save those that the filters change already.
func (f *filters) remove(kind gatewayv1.HTTPRouteFilterType, names ...string) {
	for _, name := range names {
		if headers := f.headers(kind); !changes(*headers, name) {
			headers.Remove = append(headers.Remove, name)
		}
	}
}

// stripPrefix has the path that the rule matches taken off.
func (f *filters) stripPrefix() {
	f.of(gatewayv1.HTTPRouteFilterURLRewrite).URLRewrite = &gatewayv1.HTTPURLRewriteFilter{
		Path: &gatewayv1.HTTPPathModifier{Type: gatewayv1.PrefixMatchHTTPPathModifier, ReplacePrefixMatch: ptr("/")},
	}
}

// headers returns what the filters change of the headers of requests, or of answers.
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

// changes reports whether a filter says something of a header already.
func changes(filter gatewayv1.HTTPHeaderFilter, name string) bool {
	is := func(h gatewayv1.HTTPHeader) bool { return strings.EqualFold(string(h.Name), name) }
	return slices.ContainsFunc(filter.Set, is) || slices.ContainsFunc(filter.Add, is) ||
		slices.ContainsFunc(filter.Remove, func(one string) bool { return strings.EqualFold(one, name) })
}

// isShared reports whether more than one application is served at the host, or may come to be.
func (h host) isShared(path string) bool { return path != "/" || h.open || h.old }

// isolate adds to the filters of a rule that leads to an application those that keep it, and its
// clients, from speaking for others. Answers are changed on shared hosts only, and where
// the controller is known to do it or is asked to anyway.
func (d *decision) isolate(f *filters, shared bool) {
	f.remove(onRequest, headerPrefix)
	if shared && (f.have(onResponse) || d.class.canChangeAnswers()) {
		f.remove(onResponse, headerWorkers, headerReports, headerReceivers, headerElsewhere, headerHSTS)
	}
}

// hsts is the value of Strict-Transport-Security, empty for no header: a
// browser that has learnt it would refuse what enforce-https=false allows.
func (d *decision) hsts() string {
	if !d.Config.EnforceHTTPS {
		return ""
	}
	return "max-age=" + strconv.FormatInt(d.Config.HSTSMaxAge, 10)
}
