package plan

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// objects are all objects that the application is to have in the cluster.
type objects struct {
	secrets  []Object
	gateway  *gatewayv1.Gateway
	policies []Object // and the ConfigMap that they refer to
	services []Object // and their EndpointSlices
	routes   []*gatewayv1.HTTPRoute
}

// planned is a decision with the objects that were built from it, for statuses and reports about
// both.
type planned struct {
	*decision
	objects objects
}

// build returns the objects of a decision.
func (d *decision) build() objects {
	o := objects{
		secrets:  d.secrets(),
		gateway:  d.gateway(),
		policies: d.backendPolicies(),
		services: append(d.services(), d.oldServices()...),
		routes:   d.httpRoutes(),
	}
	o.routes = append(o.routes, d.oldRoutes(o.routes)...)
	return o
}

// inOrder returns the objects in the order in which they can be created: an object comes after
// those that it refers to.
func (o objects) inOrder() []Object {
	all := append([]Object{}, o.secrets...)
	all = append(all, o.gateway)
	all = append(all, o.policies...)
	all = append(all, o.services...)
	for _, route := range o.routes {
		all = append(all, route)
	}
	return all
}
