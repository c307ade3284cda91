package controller

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// An Answer says whether a controller does something.
type Answer int

// The answers. Unknown is for a controller that nobody here has tested for it.
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

// The sources: what the tests of this project measured, with the release that
// docs/reference/controllers.md names; what a release reported of the conformance tests of the
// Gateway API (kubernetes-sigs/gateway-api, conformance/reports); and what the controller's code
// says.
const (
	Measured Source = iota + 1
	Reported
	Read
)

// A Fact is what is known about one trait of a controller.
type Fact struct {
	Does   Answer
	Source Source
	// Claimed says that releases differ, and that the class's claim of the trait's feature tells
	// them apart. Does is then the answer for the releases that claim it.
	Claimed bool
	// Note is for the page: which releases, under which condition.
	Note string
}

// A Controller is one entry of the table.
type Controller struct {
	// Name is its usual name: "Envoy Gateway".
	Name string
	// ID is the controllerName of its GatewayClasses.
	ID gatewayv1.GatewayController
	// Release is the release that Reported facts are about: the name and the release as in
	// testdata/reports.txt; empty if there is no report.
	Release string
	Facts   map[Trait]Fact
}

// ByID finds a controller of the table; nil if it is not in the table.
func ByID(id gatewayv1.GatewayController) *Controller {
	i := slices.IndexFunc(Table, func(c Controller) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &Table[i]
}

// Name returns the usual name of a controller; if it is not in the table, its controllerName.
func Name(id gatewayv1.GatewayController) string {
	if c := ByID(id); c != nil {
		return c.Name
	}
	return string(id)
}

// Does reports whether the controller of a class does what the trait says, according to the table
// and, if the table leaves it open, to the class's own claims. It is Unknown for no class.
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

// claims says whether a class claims a feature. A class that claims nothing at all says nothing:
// its controller may never claim anything, or the CRDs may have no field for it (Gateway API before
// 1.4, standard channel).
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
