package plan

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// oldRoutes returns the routes of the Python charm as they are, at the listeners planned for their
// hosts, except those whose names planned routes have. Their headers are changed like those of all
// routes. While HTTPS is enforced there are none on plain HTTP; our redirects replace the existing
// ones.
func (d *decision) oldRoutes(planned []*gatewayv1.HTTPRoute) []*gatewayv1.HTTPRoute {
	taken := map[string]bool{}
	for _, route := range planned {
		taken[route.Name] = true
	}
	var all []*gatewayv1.HTTPRoute
	for _, old := range d.old {
		for _, route := range old.routes {
			var listeners []listener
			for _, at := range route.at {
				switch {
				case at.secure:
					listeners = append(listeners, newListener(d.observed, at.host, true))
				case !d.Config.EnforceHTTPS:
					listeners = append(listeners, newListener(d.observed, at.host, false))
				}
			}
			if len(listeners) == 0 || taken[route.Name] {
				continue
			}
			taken[route.Name] = true
			object := httpRoute(d.observed, route.Name, gatewayv1.HTTPRouteRule{}, listeners...)
			object.Spec.Hostnames, object.Spec.Rules = route.Spec.Hostnames, slices.Clone(route.Spec.Rules)
			for i := range object.Spec.ParentRefs {
				if len(object.Spec.Hostnames) == 0 { // See isOfPython.
					object.Spec.ParentRefs[i].Namespace = ptr(gatewayv1.Namespace(d.InNamespace()))
				}
			}
			for i, rule := range object.Spec.Rules {
				if len(rule.BackendRefs) > 0 {
					changed := filtersOf(rule.Filters)
					d.isolate(&changed, true)
					object.Spec.Rules[i].Filters = changed
				}
			}
			all = append(all, object)
		}
	}
	return all
}

// oldServices returns the Services that old routes lead to, as the Python charm made them.
func (d *decision) oldServices() []Object {
	var all []Object
	made := map[string]bool{}
	for _, old := range d.old {
		if made[old.service] {
			continue
		}
		made[old.service] = true
		one := &service{
			TypeMeta:   metav1.TypeMeta{APIVersion: groupVersionCore, Kind: "Service"},
			ObjectMeta: objectMeta(d.observed, old.service),
			Spec:       serviceSpec{Selector: map[string]string{labelJujuApplication: old.backend}},
		}
		for _, port := range old.ports {
			one.Spec.Ports = append(one.Spec.Ports, servicePort{Name: fmt.Sprintf("tcp-%d", port), Protocol: protocolTCP, Port: port, TargetPort: port})
		}
		all = append(all, one)
	}
	return all
}
