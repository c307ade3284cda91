package plan

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// gatewayClass chooses the class, and returns what is wrong with the choice. While something is
// wrong, the class that the Gateway already has stays in use: another class would mean another
// controller and another address.
func gatewayClass(s observed) (class, *Status) {
	if !s.Cluster.Usable() {
		return class{}, nil
	}
	name, status := chooseClass(s)
	return classNamed(s, name), status
}

func chooseClass(s observed) (string, *Status) {
	live := ""
	if s.Cluster.Gateway != nil {
		live = string(s.Cluster.Gateway.Spec.GatewayClassName)
	}
	if s.Record != nil && s.Record.Class != "" {
		live = s.Record.Class // Whoever may edit the Gateway must not move it to another controller.
	}
	wrong := func(p state.Problem) bool { return p.Option == state.OptionGatewayClass }
	if len(s.Problems) > 0 && live != "" || slices.ContainsFunc(s.Problems, wrong) {
		return live, nil
	}
	if wanted := s.Config.GatewayClass; wanted != "" {
		return configuredClass(s, wanted, live)
	}
	return onlyClass(s, live)
}

func configuredClass(s observed, wanted, live string) (string, *Status) {
	i := slices.IndexFunc(s.Cluster.Classes, func(c gatewayv1.GatewayClass) bool { return c.Name == wanted })
	if i < 0 {
		return live, oneOf(s, s.Cluster.Classes)
	}
	accepted := classAccepted(s.Cluster.Classes[i])
	switch {
	case accepted.is(true):
		return wanted, nil
	case accepted.is(false):
		cure := "see `kubectl describe gatewayclass " + wanted + "`"
		if strings.HasPrefix(accepted.Reason, string(gatewayv1.GatewayClassReasonUnsupportedVersion)) {
			cure = "install the CRDs that its controller knows"
		}
		return live, statusOf(blocked(trouble{what: "Gateway class " + wanted + " is not accepted", why: accepted.because(), cure: cure}))
	case overdue(s, changedAt(&s.Cluster.Classes[i])):
		return live, noneAccepted([]string{wanted})
	default:
		return live, statusOf(waiting("Waiting for a controller to accept gateway class " + wanted))
	}
}

// onlyClass chooses a class if the options name none. A class in use is left only if it no longer
// exists: if its controller is away for a while, the Gateway must not move.
func onlyClass(s observed, live string) (string, *Status) {
	var accepted []gatewayv1.GatewayClass
	for _, class := range s.Cluster.Classes {
		if classAccepted(class).is(true) {
			accepted = append(accepted, class)
		}
	}
	all := classNames(s.Cluster.Classes)
	switch {
	case len(accepted) == 1 && slices.Contains(all, live):
		return configuredClass(s, live, live)
	case len(accepted) == 1:
		return accepted[0].Name, nil
	case len(accepted) > 1:
		return live, oneOf(s, accepted)
	case len(all) == 1 && classAccepted(s.Cluster.Classes[0]).is(false):
		return configuredClass(s, all[0], live)
	case len(all) > 0:
		return live, noneAccepted(all)
	default:
		return live, oneOf(s, nil)
	}
}

// noneAccepted returns the status that no controller has accepted any of the classes.
func noneAccepted(classes []string) *Status {
	return statusOf(blocked(trouble{
		what: "No gateway class is accepted by a controller: [" + strings.Join(classes, ",") + "]",
		cure: "see `kubectl describe gatewayclass`",
	}))
}

// oneOf returns the status that asks the operator to choose a class, or to install one.
func oneOf(s observed, classes []gatewayv1.GatewayClass) *Status {
	if len(classes) == 0 {
		return statusOf(blocked(trouble{
			what: "There is no GatewayClass in the cluster", cure: "try `k8s enable gateway`, or install a Gateway API controller",
		}))
	}
	names := classNames(classes)
	choice := state.ExampleOf(state.OptionGatewayClass)
	if len(names) == 1 {
		choice = names[0]
	}
	return statusOf(blocked(trouble{
		what: "Gateway class must be one of: [" + strings.Join(names, ",") + "]",
		cure: configure(s, state.OptionGatewayClass, choice),
	}))
}

// classAccepted returns how the class's controller judges it. A controller that does not know the
// version of the CRDs need not report anything else.
func classAccepted(class gatewayv1.GatewayClass) condition {
	accepted := acceptedOf(class.Status.Conditions, class.Generation)
	supported := conditionOf(class.Status.Conditions, string(gatewayv1.GatewayClassConditionStatusSupportedVersion), class.Generation)
	if !accepted.known && supported.is(false) {
		return supported
	}
	return accepted
}

func classNames(classes []gatewayv1.GatewayClass) []string {
	var names []string
	for _, class := range classes {
		names = append(names, class.Name)
	}
	slices.Sort(names)
	return names
}
