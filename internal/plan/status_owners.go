package plan

import (
	"fmt"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// ownersOf returns the applications that have a host; none for the host of the options, and for one
// that nobody asks for any more.
func (d *decision) ownersOf(host string) []string {
	if !d.idle && slices.Contains(d.optionHosts(), host) {
		return nil
	}
	var all []string
	for _, t := range d.targets {
		if t.isAt(host) {
			all = append(all, t.Application)
		}
	}
	for _, t := range d.routes {
		if slices.Contains(t.hosts, host) {
			all = append(all, t.Application)
		}
	}
	for _, old := range d.old {
		if len(d.targets)+len(d.routes) > 0 && slices.Contains(old.hosts, host) {
			all = append(all, old.application)
		}
	}
	return all
}

// ownersAt returns the applications that have the host of one of our routes, found by the route's
// only listener; none if the route has several.
func (d *decision) ownersAt(parents []gatewayv1.ParentReference) []string {
	for _, h := range d.hosts {
		if len(parents) == 1 && string(*parents[0].SectionName) == newListener(d.observed, h.name, false).name {
			return d.ownersOf(h.name)
		}
	}
	return nil
}

// counts says how many applications are served, if not of the planned ones are not served after
// all.
func (r routing) counts(not int) string {
	planned := len(r.targets) + len(r.routes)
	return fmt.Sprintf("%d of %d applications served", planned-not, planned+len(r.omitted)+len(r.withoutData))
}

// others says how many applications are served while the given number waits; empty if none is.
func (r routing) others(waiting int) string {
	switch {
	case waiting >= len(r.targets)+len(r.routes):
		return ""
	case waiting == 0 && len(r.omitted)+len(r.withoutData) == 0:
		return "all applications served"
	default:
		return r.counts(waiting)
	}
}

// namesWithoutData returns the applications that have not written anything yet, on one interface
// or, if iface is empty, on any.
func (r routing) namesWithoutData(iface string) string {
	var names []string
	for _, one := range r.withoutData {
		if one.reason == "" && (iface == "" || one.iface == iface) {
			names = append(names, one.application)
		}
	}
	return strings.Join(names, ", ")
}

// isLeftOut reports whether an application is not among those that are planned to be served.
func (r routing) isLeftOut(application string) bool {
	return !slices.ContainsFunc(r.targets, func(t target) bool { return t.Application == application }) &&
		!slices.ContainsFunc(r.routes, func(t routeTarget) bool { return t.Application == application })
}
