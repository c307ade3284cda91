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

// placeFor says where an application shall be served, or why it cannot be anywhere.
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

// A liveRoute is one HTTPRoute as it stands, at one of its listeners.
type liveRoute struct {
	host, path string
	secure     bool // on an HTTPS listener
	name       string
	made       time.Time
}

// livePlaces is where the live routes stand.
type livePlaces struct {
	// routes are those that are attached to listeners of the live Gateway, by the
	// application that may be theirs, see state.PlaceKey.
	routes map[string][]liveRoute
	// byName are all routes.
	byName map[string]*gatewayv1.HTTPRoute
	// last are the settings by which the Gateway was last made; nil if they are not known.
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

// of returns the routes that may be the target's: first those at the place of which it was
// last told, by the settings, then the newest. The API server tells the age in seconds.
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

// serves reports whether a route is accepted at a listener that is programmed, each as it
// is now, and since when.
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

// settleTime is how long a place has to be accepted before an old one goes. Controllers may
// accept what their proxies get later: those of Traefik get a configuration every 2 seconds
// at most (providersThrottleDuration), and take up certificates and routes one after the
// other, so that there has to be one in which both places are.
const settleTime = 5 * time.Second

// settledSince reports whether what has been accepted since then has been so for long enough,
// and the application has been told of it, which happens at the end of a run.
func settledSince(s observed, since time.Time) bool {
	return !s.Cluster.Written && s.Now.Sub(since) >= settleTime
}

// parentStatus finds what the controller of our class says of a route at one of our
// listeners. A route may be judged by several controllers, and at Gateways of other
// namespaces that have the name of ours. Of several reports that fit the newest counts:
// the Python charm wrote the namespace into its references, and the report on such a one
// may outlast it.
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
