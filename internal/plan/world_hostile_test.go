package plan_test

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about which application is which, and what each is told.

// hold says for each application whether Juju lists it in our model, and what place it holds.
func (w *world) hold(s *state.State) {
	for i := range s.Requirers {
		r := &s.Requirers[i]
		r.Local = !r.Foreign
		r.Holds = slices.Contains(r.Places(), state.PlaceOfURL(w.urls[r.RelationID]))
	}
	for i := range s.RouteRequirers {
		r := &s.RouteRequirers[i]
		r.Told = w.told[r.RelationID]
	}
}
