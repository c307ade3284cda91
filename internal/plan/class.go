package plan

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
)

// A class is the GatewayClass of the Gateway.
type class struct {
	name string // empty: no Gateway can be made
	// object is the class in the cluster; nil if it does not exist (any more).
	object *gatewayv1.GatewayClass
}

// classNamed returns the class of that name, with its object if the cluster has one.
func classNamed(s observed, name string) class {
	found := class{name: name}
	if i := slices.IndexFunc(s.Cluster.Classes, func(c gatewayv1.GatewayClass) bool { return c.Name == name }); i >= 0 {
		found.object = &s.Cluster.Classes[i]
	}
	return found
}

// controller returns the controllerName of the class; empty if the class does not exist.
func (c class) controller() gatewayv1.GatewayController {
	if c.object == nil {
		return ""
	}
	return c.object.Spec.ControllerName
}

// does returns what is known about a trait of the class's controller.
func (c class) does(trait controller.Trait) controller.Answer {
	return controller.Does(c.object, trait)
}

func (c class) isolates() bool { return c.does(controller.ListenerIsolation) == controller.Yes }

// canChangeAnswers reports whether the controller of the class is known to change response headers.
// That is not a core feature: a controller that does not know the filter may answer 500.
func (c class) canChangeAnswers() bool { return c.does(controller.ResponseHeaders) == controller.Yes }
