package plan_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about gateway-route and dns-record.

// routeHosts are what applications on gateway-route name: hosts of their own, and some that ingress
// has at times.
var routeHosts = []string{
	"a.example.com", "b.example.com", "r1.example.net", "r2.example.net", "r3.example.net", "prod-app7.a.example.com", strings.Repeat("long.", 45) + "example.com",
}

func (w *world) addRoute() {
	w.relation++
	r := state.RouteRequirer{RelationID: w.relation, Application: "route-" + strconv.Itoa(w.relation), Waiting: true, Namespace: pick(w, "", "prod", "far")}
	w.routeRequirers = append(w.routeRequirers, r)
}

// writeRoute lets an application on gateway-route write something, invalid at times.
func (w *world) writeRoute() {
	if len(w.routeRequirers) == 0 {
		return
	}
	r := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))]
	*r = state.RouteRequirer{RelationID: r.RelationID, Application: r.Application, Namespace: r.Namespace}
	switch w.random.IntN(6) {
	case 0:
		r.Problem = "hostname: " + pyjson.Excerpt(slander) + " is wrong"
	case 1:
		r.Hostless = true
	case 2:
		r.Hostnames = []string{pick(w, routeHosts...)}
		r.Hostless = true
	case 3:
		r.Waiting = true
	default:
		for _, host := range routeHosts {
			if w.random.IntN(3) == 0 {
				r.Hostnames = append(r.Hostnames, host)
			}
		}
		r.Hostless = len(r.Hostnames) == 0
	}
}

// clashRoute lets an application name hosts whose listeners would have the same name, or the name
// of the listener of the options' host.
func (w *world) clashRoute() {
	if w.random.IntN(10) > 0 || len(w.routeRequirers) == 0 {
		return
	}
	w.alike = true
	r := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))]
	r.Waiting, r.Problem, r.Hostnames = false, "", []string{"x-y.example.net", pick(w, "x.y.example.net", "a-example.com", "prod-app-7-a.example.com")}
}

func (w *world) removeRoute() {
	if n := len(w.routeRequirers); n > 0 {
		i := w.random.IntN(n)
		w.routeRequirers = slices.Delete(w.routeRequirers, i, i+1)
	}
}

func (w *world) changeProviders() {
	if len(w.providers) == 2 {
		w.providers = w.providers[:w.random.IntN(2)]
		return
	}
	w.relation++
	w.providers = append(w.providers, state.DNSProvider{RelationID: w.relation, Application: "dns", Reply: slanderedReply(pick(w, "failure", "conflict", "approved"))})
}

// publish tells the applications what is planned.
func (w *world) publish(relations plan.Relations) {
	for _, one := range relations.URLs {
		w.urls[one.RelationID] = one.URL
	}
	for _, answer := range relations.Routes {
		w.told[answer.RelationID] = answer.Gateway != nil
	}
}

// namedHosts returns the hosts of the applications on gateway-route that are told of the Gateway;
// an empty name is any host.
func namedHosts(s state.State, p plan.Plan, listeners map[gatewayv1.SectionName]gatewayv1.Listener) []string {
	var all []string
	for _, answer := range p.Relations.Routes {
		if answer.Gateway == nil {
			continue
		}
		i := slices.IndexFunc(s.RouteRequirers, func(r state.RouteRequirer) bool { return r.RelationID == answer.RelationID })
		r := s.RouteRequirers[i]
		hosts := slices.Clone(r.Hostnames)
		if r.Hostless && (r.Namespace != "" || len(r.Hostnames) == 0) {
			hosts = append(hosts, "")
		}
		if leavesOut(p, r.RelationID) {
			hosts = slices.DeleteFunc(hosts, func(host string) bool {
				listener, ok := listeners[gatewayv1.SectionName("gateway-http-"+strings.ReplaceAll(host, ".", "-"))]
				return !ok || listenerName(listener) != host
			})
		}
		all = append(all, withinBound(hosts, cmp.Or(s.Config.HostsPerRelation, state.DefaultHostsPerRelation), listeners)...)
	}
	return all
}

// leavesOut reports whether hosts of a relation are left out because it cannot have them.
func leavesOut(p plan.Plan, relation int) bool {
	return slices.ContainsFunc(p.Remarks, func(remark string) bool {
		return strings.Contains(remark, fmt.Sprintf("(relation %d): hosts left out: ", relation))
	})
}

// secureRoutes returns the hosts of applications on gateway-route that have an HTTPS listener which
// accepts their routes.
func (w *world) secureRoutes() []string {
	var all []string
	if w.gateway == nil {
		return nil
	}
	for _, r := range w.routeRequirers {
		hosts := slices.Clone(r.Hostnames)
		if r.Hostless {
			hosts = append(hosts, "")
		}
		for _, listener := range w.gateway.Spec.Listeners {
			host := listenerName(listener)
			if listener.Protocol == gatewayv1.HTTPSProtocolType && w.told[r.RelationID] && admits(listener, r.Namespace) && slices.Contains(hosts, host) {
				all = append(all, fmt.Sprintf("%s at %q", r.Application, host))
			}
		}
	}
	return all
}

// lostRoute returns the first application on gateway-route that had an HTTPS listener for a host
// which it still names, and has none any more, although there is room.
func (w *world) lostRoute(before []string) string {
	now := w.secureRoutes()
	for _, one := range before {
		i := slices.IndexFunc(w.routeRequirers, func(r state.RouteRequirer) bool {
			return r.Servable() && slices.Contains(hostsAt(r), one)
		})
		if i >= 0 && w.roomy() && !slices.Contains(now, one) {
			return one
		}
	}
	return ""
}

func hostsAt(r state.RouteRequirer) []string {
	var all []string
	for _, host := range r.Hostnames {
		all = append(all, fmt.Sprintf("%s at %q", r.Application, host))
	}
	if r.Hostless && r.Namespace != "" { // Otherwise it depends on which hosts exist.
		all = append(all, fmt.Sprintf("%s at %q", r.Application, ""))
	}
	return all
}

// admits reports whether a listener accepts routes of a namespace; of any if it is empty.
func admits(listener gatewayv1.Listener, namespace string) bool {
	allowed := listener.AllowedRoutes.Namespaces
	switch *allowed.From {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSame:
		return namespace == "prod"
	default:
		return slices.Contains(allowed.Selector.MatchExpressions[0].Values, namespace)
	}
}

// checkOpen checks that a listener accepts routes of the namespaces where applications that are
// told of the Gateway write them, or of all if one of these is unknown; and that no listener for
// any host is open to all beside a restricted one, unless the class isolates them.
func checkOpen(s state.State, p plan.Plan, listeners map[gatewayv1.SectionName]gatewayv1.Listener) string {
	wanted := map[string][]string{} // namespaces by host
	perhaps := map[string]bool{}    // hosts of applications that name more than they may have
	for _, answer := range p.Relations.Routes {
		i := slices.IndexFunc(s.RouteRequirers, func(r state.RouteRequirer) bool { return r.RelationID == answer.RelationID })
		if answer.Gateway == nil {
			continue
		}
		r := s.RouteRequirers[i]
		for _, host := range r.Hostnames {
			if leavesOut(p, r.RelationID) || len(r.Hostnames)+1 > cmp.Or(s.Config.HostsPerRelation, state.DefaultHostsPerRelation) {
				perhaps[host], perhaps[""] = true, true
			}
			wanted[host] = append(wanted[host], r.Namespace)
		}
		if r.Hostless {
			wanted[""] = append(wanted[""], r.Namespace)
		}
	}
	isolates := slices.ContainsFunc(s.Cluster.Classes[0].Status.SupportedFeatures, func(f gatewayv1.SupportedFeature) bool { return f.Name == isolation })
	closed := ""
	for _, listener := range listeners {
		if listener.Hostname != nil && !admits(listener, "") {
			closed = listenerName(listener)
		}
	}
	for _, listener := range listeners {
		host := listenerName(listener)
		switch all := admits(listener, ""); {
		case host == "" && all && !isolates && closed != "":
			return fmt.Sprintf("listener %s opens %s to all", listener.Name, closed)
		case all && !slices.Contains(wanted[host], ""):
			return fmt.Sprintf("listener %s is open to all, and wanted by %q", listener.Name, wanted[host])
		case perhaps[host]:
			continue
		case all && isolates, !all && host == "":
		case all != slices.Contains(wanted[host], ""):
			return fmt.Sprintf("listener %s is open to all: %t; wanted by %q", listener.Name, all, wanted[host])
		}
		for _, namespace := range []string{"prod", "far", "elsewhere"} {
			admitted := admits(listener, namespace)
			if wants := namespace == "prod" || admits(listener, "") || slices.Contains(wanted[host], namespace); admitted != wants {
				return fmt.Sprintf("listener %s admits %s: %t; wanted by %q", listener.Name, namespace, admitted, wanted[host])
			}
		}
	}
	return ""
}

// isolation is the feature of a class that sends requests only to the listener that fits best.
const isolation = "GatewayHTTPListenerIsolation"

// roomy reports whether a Gateway has listeners for all, and for what is kept.
func (w *world) roomy() bool { return len(w.requirers)+len(routeHosts)+1+w.crowded() <= 32 }

func listenerName(listener gatewayv1.Listener) string {
	if listener.Hostname == nil {
		return ""
	}
	return string(*listener.Hostname)
}

// checkAnswers checks that applications that are told of the Gateway find the listeners by name,
// that no other listener is open, and that we serve what we redirect.
func checkAnswers(s state.State, p plan.Plan, listeners map[gatewayv1.SectionName]gatewayv1.Listener) string {
	named := namedHosts(s, p, listeners)
	for _, host := range named {
		name := "gateway-http"
		if host != "" {
			name += "-" + strings.ReplaceAll(host, ".", "-")
		}
		if listener, ok := listeners[gatewayv1.SectionName(name)]; !ok || listenerName(listener) != host {
			return fmt.Sprintf("told of a Gateway without listener %s for %q", name, host)
		}
	}
	told := s.Cluster.Gateway != nil && len(s.Cluster.Gateway.Status.Addresses) > 0 && !p.KeepObjects
	if told {
		if problem := checkOpen(s, p, listeners); problem != "" {
			return problem
		}
	}
	forwarded := map[string]bool{}
	for _, route := range routesOf(p) {
		for _, parent := range route.Spec.ParentRefs {
			listener := listeners[*parent.SectionName]
			forwarded[listenerName(listener)] = forwarded[listenerName(listener)] || forwards(route)
		}
	}
	for _, route := range routesOf(p) {
		for _, parent := range route.Spec.ParentRefs {
			host := listenerName(listeners[*parent.SectionName])
			if route.Name == "gateway-http" && slices.Contains(named, host) && !forwarded[host] {
				return fmt.Sprintf("redirected for others: %q", host)
			}
		}
	}
	return checkRecords(s, p, listeners)
}

// checkRecords checks that DNS records are requested exactly for hosts that have a listener, and no
// certificate for addresses that nobody needs.
func checkRecords(s state.State, p plan.Plan, listeners map[gatewayv1.SectionName]gatewayv1.Listener) string {
	for _, wanted := range p.Relations.DNS {
		for _, record := range wanted.Records {
			if !slices.ContainsFunc(s.Cluster.Gateway.Status.Addresses, func(a gatewayv1.GatewayStatusAddress) bool { return a.Value == record.Address.String() }) {
				return fmt.Sprintf("a record for an address that is none of the Gateway's: %v", record)
			}
		}
		for _, listener := range listeners {
			host := listenerName(listener)
			has := slices.ContainsFunc(wanted.Records, func(r dnsrecord.Record) bool { return r.Hostname == host })
			if wants := host != "" && len(wanted.Records) > 0; has != wants {
				return fmt.Sprintf("a record for %q: %t", host, has)
			}
		}
	}
	needed := len(s.Requirers) > 0 || len(s.RouteRequirers) == 0 || slices.ContainsFunc(s.RouteRequirers, func(r state.RouteRequirer) bool { return r.Hostless })
	if r := p.Relations.Requests; r != nil && !needed {
		for _, names := range r.Create {
			if _, err := netip.ParseAddr(names[0]); err == nil {
				return fmt.Sprintf("a certificate for %v, which nobody needs", names)
			}
		}
	}
	return ""
}

// stale returns a relation that holds something which is no longer true.
func (w *world) stale(p plan.Plan) string {
	for _, r := range w.routeRequirers {
		if w.told[r.RelationID] && !r.Servable() && !p.KeepObjects {
			return r.Application
		}
	}
	return ""
}
