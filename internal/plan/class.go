package plan

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/controller"
)

// A class is the GatewayClass that the Gateway is made of.
type class struct {
	name string // empty: no Gateway can be made
	// object is the class in the cluster, nil for one that is not there (any more).
	object *gatewayv1.GatewayClass
}

// classNamed finds a class of the cluster.
func classNamed(s observed, name string) class {
	found := class{name: name}
	if i := slices.IndexFunc(s.Cluster.Classes, func(c gatewayv1.GatewayClass) bool { return c.Name == name }); i >= 0 {
		found.object = &s.Cluster.Classes[i]
	}
	return found
}

// controller is the controllerName of the class, empty for a class that is not there.
func (c class) controller() gatewayv1.GatewayController {
	if c.object == nil {
		return ""
	}
	return c.object.Spec.ControllerName
}

// does tells what the controller of the class does, as far as anybody knows.
func (c class) does(trait controller.Trait) controller.Answer {
	return controller.Does(c.object, trait)
}

func (c class) isolates() bool { return c.does(controller.ListenerIsolation) == controller.Yes }

// canChangeAnswers reports whether the controller of the class is known to change the headers of
// answers. It is no core feature: one that does not know the filter may answer 500.
func (c class) canChangeAnswers() bool { return c.does(controller.ResponseHeaders) == controller.Yes }
