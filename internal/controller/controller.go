package controller

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// An Answer says whether a controller does something.
type Answer int

// The answers. Unknown is that of a controller of which nobody here has seen it.
const (
	Unknown Answer = iota
	Yes
	No
)

func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case No:
		return "no"
	default:
		return "not known"
	}
}

// A Source is where a fact comes from.
type Source int

// The sources: what the tests of this project saw, with the release that
// docs/reference/controllers.md names; what a release passed of the conformance tests of the
// Gateway API (kubernetes-sigs/gateway-api, conformance/reports); and what the controller's
// code says.
const (
	Measured Source = iota + 1
	Reported
	Read
)

// A Fact is what is known of one trait of a controller.
type Fact struct {
	Does   Answer
	Source Source
	// Claimed says that releases differ, and that the class's claim of the trait's feature
	// tells them apart; Does is then the answer of those that claim it.
	Claimed bool
	// Note is for the page: which releases, under which condition.
	Note string
}

// A Controller is one of the table.
type Controller struct {
	// Name is what it is called: "Envoy Gateway".
	Name string
	// ID is the controllerName of its GatewayClasses.
	ID gatewayv1.GatewayController
	// Release is the one that Reported facts are of: the name and the release as in
	// testdata/reports.txt; empty where there is no report.
	Release string
	Facts   map[Trait]Fact
}

// ByID finds a controller of the table; nil for one that is not there.
func ByID(id gatewayv1.GatewayController) *Controller {
	i := slices.IndexFunc(Table, func(c Controller) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &Table[i]
}

// Name is what a controller is called; of one that is not in the table its controllerName.
func Name(id gatewayv1.GatewayController) string {
	if c := ByID(id); c != nil {
		return c.Name
	}
	return string(id)
}

// Does reports whether the controller of a class does what the trait says, by the table, and by
// the class's own claims where the table leaves it open. It is Unknown for no class.
func Does(class *gatewayv1.GatewayClass, trait Trait) Answer {
	if class == nil {
		return Unknown
	}
	claim := claims(class, trait.feature())
	if c := ByID(class.Spec.ControllerName); c != nil {
		fact := c.Facts[trait]
		switch {
		case fact.Does == Unknown:
		case fact.Claimed && claim != fact.Does:
			return claim
		default:
			return fact.Does
		}
	}
	return claim
}

// claims says whether a class claims a feature. One that claims nothing at all says nothing:
// it may be of a controller that never does, or the CRDs have no room for it (Gateway API
// before 1.4, standard channel).
func claims(class *gatewayv1.GatewayClass, feature string) Answer {
	all := class.Status.SupportedFeatures
	switch {
	case feature == "" || len(all) == 0:
		return Unknown
	case slices.ContainsFunc(all, func(f gatewayv1.SupportedFeature) bool { return string(f.Name) == feature }):
		return Yes
	default:
		return No
	}
}
