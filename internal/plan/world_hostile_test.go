package plan_test

import (
	"slices"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world that is about who is whose, and who is told what.

// hold says of each application whether Juju has it in our model, and what it holds.
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
