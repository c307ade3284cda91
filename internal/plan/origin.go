package plan

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
	"github.com/canonical/gateway-api-integrator/internal/state"
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

// canChangeAnswers reports whether the controller of the class is known to change the headers of
// answers. It is no core feature: one that does not know the filter may answer 500.
func (c class) canChangeAnswers() bool { return c.does(controller.ResponseHeaders) == controller.Yes }

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

// headersRemark tells the log that answers are left as they are; empty where they are not.
func (d *decision) headersRemark() string {
	shares := func(t target) bool {
		h := d.host(t.host)
		return h != nil && h.isShared(t.path)
	}
	if d.Config.EnforceHTTPS || d.class.name == "" || d.class.canChangeAnswers() || !slices.ContainsFunc(d.targets, shares) {
		return ""
	}
	return "gateway class " + state.Quote(d.class.name) + " is not known to change the headers of answers: " +
		strings.Join([]string{headerHSTS, headerWorkers, headerReports, headerReceivers}, ", ") + " and " + headerElsewhere + " of one application reach the host of all"
}
