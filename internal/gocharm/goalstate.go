package gocharm

import (
	"context"
	"fmt"
)

// GoalState is the application as Juju's controller has it at this moment. What other
// tools tell of relations and units may be what the unit agent remembers.
type GoalState struct {
	// Units are the statuses of this application's units, this one among them, by name.
	Units map[string]string
	// Relations are the other sides' applications and units, and their statuses, by
	// endpoint and name. An application of another model has the URL of its offer for a
	// name, "admin/prod.ca"; one that uses an offer of ours is not told of.
	Relations map[string]map[string]string
}

// Statuses in a GoalState: of a unit that is being removed, and of a relation that is
// suspended, which looks to the unit as if it were broken.
const (
	Dying     = "dying"
	Suspended = "suspended"
)

// GoalState asks the controller which units the application has, and who is related.
func (t *Tools) GoalState(ctx context.Context) (GoalState, error) {
	type goals map[string]struct {
		Status string `json:"status"`
	}
	var answer struct {
		Units     goals            `json:"units"`
		Relations map[string]goals `json:"relations"`
	}
	if err := t.ask(ctx, &answer, "goal-state"); err != nil {
		return GoalState{}, fmt.Errorf("cannot read goal state: %w", err)
	}
	statuses := func(g goals) map[string]string {
		m := make(map[string]string, len(g))
		for name, goal := range g {
			m[name] = goal.Status
		}
		return m
	}
	state := GoalState{Units: statuses(answer.Units), Relations: map[string]map[string]string{}}
	for endpoint, g := range answer.Relations {
		state.Relations[endpoint] = statuses(g)
	}
	return state, nil
}
