package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// placeFor returns where an application is to be served, or why it cannot be served anywhere.
func placeFor(config state.Config, r state.Requirer) (host, path, problem string) {
	if config.RoutingMode != state.RoutingSubdomain || config.ExternalHostname == "" {
		return config.ExternalHostname, r.Path(), ""
	}
	host = r.Label() + "." + config.ExternalHostname
	if len(host) > maxSubdomainName {
		return "", "", fmt.Sprintf("its host would be longer than %d characters", maxSubdomainName)
	}
	return host, "/", ""
}

// A liveRoute is one HTTPRoute in the cluster, at one of its listeners.
type liveRoute struct {
	host, path string
	secure     bool // on an HTTPS listener
	name       string
	made       time.Time
}

// livePlaces says where the live routes are.
type livePlaces struct {
	// routes are those attached to listeners of the live Gateway, by the application that they may
	// belong to; see state.PlaceKey.
	routes map[string][]liveRoute
	// byName are all live routes.
	byName map[string]*gatewayv1.HTTPRoute
	// last are the settings from which the Gateway was last made; nil if unknown.
	last *state.Config
}

func livePlacesOf(s observed) livePlaces {
	all := livePlaces{routes: map[string][]liveRoute{}, byName: liveRoutes(s)}
	if last := lastServed(s); last.hostKnown {
		all.last = &last.Config
	}
	if s.Cluster.Gateway == nil {
		return all
	}
	listeners := map[gatewayv1.SectionName]gatewayv1.Listener{}
	for _, listener := range s.Cluster.Gateway.Spec.Listeners {
		listeners[listener.Name] = listener
	}
	for i := range s.Cluster.Routes {
		route := &s.Cluster.Routes[i]
		for _, parent := range route.Spec.ParentRefs {
			if parent.SectionName == nil {
				continue
			}
			listener, ok := listeners[*parent.SectionName]
			if !ok {
				continue
			}
			live := liveRoute{path: pathOf(route), secure: listener.Protocol == gatewayv1.HTTPSProtocolType, name: route.Name, made: route.CreationTimestamp.Time}
			if listener.Hostname != nil {
				live.host = string(*listener.Hostname)
			}
			key := state.PlaceKey(live.host, live.path)
			all.routes[key] = append(all.routes[key], live)
		}
	}
	return all
}

// routesOf returns the routes that may belong to the target: first those at the place that its
// application was last told, according to the settings, then the newest. The API server stores ages
// in seconds.
func (live livePlaces) routesOf(t target) []liveRoute {
	order := func(liveRoute) int { return 0 }
	if live.last != nil {
		host, path, _ := placeFor(*live.last, t.Requirer)
		order = func(r liveRoute) int {
			if r.host == host && r.path == path {
				return 0
			}
			return 1
		}
	}
	all := slices.Clone(live.routes[t.Path()])
	all = append(all, live.routes[state.PlaceKey(t.Label(), "/")]...)
	slices.SortStableFunc(all, func(a, b liveRoute) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), b.made.Compare(a.made), cmp.Compare(a.name, b.name), cmp.Compare(a.host, b.host))
	})
	return all
}

// serves reports whether a route is accepted at a listener that is programmed, both in their
// present form, and since when.
func (live livePlaces) serves(d *decision, name, listener, path string) (since time.Time, serves bool) {
	route := live.byName[name]
	if route == nil || !hasListener(d.observed, listener) || pathOf(route) != path {
		return since, false
	}
	report := d.parentStatus(route, listener)
	if report == nil {
		return since, false
	}
	accepted := acceptedOf(report.Conditions, route.Generation)
	if !accepted.is(true) {
		return since, false
	}
	for _, l := range d.Cluster.Gateway.Status.Listeners {
		programmed := conditionOf(l.Conditions, string(gatewayv1.ListenerConditionProgrammed), d.Cluster.Gateway.Generation)
		if string(l.Name) == listener && programmed.is(true) {
			since = accepted.LastTransitionTime.Time
			if at := programmed.LastTransitionTime.Time; at.After(since) {
				since = at
			}
			return since, true
		}
	}
	return since, false
}

// settleTime is how long a place has to be accepted before the previous one is removed. Controllers
// may accept what their proxies get later. Traefik's proxies get a configuration every 2 seconds at
// most (providersThrottleDuration), and take up certificates and routes one after the other, so one
// configuration has to contain both places.
const settleTime = 5 * time.Second

// settledSince reports whether what was accepted at that time has been accepted for long enough,
// and the application has been told its new URL. That happens at the end of a run.
func settledSince(s observed, since time.Time) bool {
	return !s.Cluster.Written && s.Now.Sub(since) >= settleTime
}

// parentStatus returns what the controller of our class reports on a route at one of our listeners.
// Several controllers may judge a route, also at Gateways of the same name in other namespaces. If
// several reports fit, the newest counts: the Python charm wrote the namespace into its references,
// and the report on such a reference may outlast it.
func (d *decision) parentStatus(live *gatewayv1.HTTPRoute, listener string) *gatewayv1.RouteParentStatus {
	id := d.class.controller()
	var fitting []gatewayv1.RouteParentStatus
	for _, parent := range live.Status.Parents {
		ref := parent.ParentRef
		if isOurGateway(d.observed, ref) && ref.SectionName != nil && string(*ref.SectionName) == listener && parent.ControllerName == id {
			fitting = append(fitting, parent)
		}
	}
	newest := newestOf(fitting, func(r gatewayv1.RouteParentStatus) []metav1.Condition { return r.Conditions }, live.Generation)
	if len(newest) == 0 {
		return nil
	}
	return &newest[0]
}
