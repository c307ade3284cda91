package charm_test

import (
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// A unit that is scaled away leaves the application's relations, which stay.
func TestLeavingUnitTakesNothingDown(t *testing.T) {
	t.Parallel()
	departed := func(unit string) gocharm.Event {
		return gocharm.Event{Kind: gocharm.RelationDeparted, Relation: &gocharm.EventRelation{
			Endpoint: "gateway", ID: "gateway:1", RemoteApp: "shop", RemoteUnit: "shop/0", DepartingUnit: unit,
		}}
	}
	broken := gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{
		Endpoint: "gateway", ID: "gateway:1", RemoteApp: "shop",
	}}
	tests := map[string]struct {
		departing string
		deleted   int
	}{
		"the unit":    {departing: own + "/0", deleted: 0},
		"the other's": {departing: "shop/0", deleted: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			w.units["gateway:1"] = nil
			w.run(departed(test.departing))
			w.run(broken)
			if deleted := deletions(w.writes()); len(deleted) != test.deleted {
				t.Errorf("deleted %q, not %d", deleted, test.deleted)
			}
		})
	}
}
