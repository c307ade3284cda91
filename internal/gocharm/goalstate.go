package gocharm

import (
	"context"
	"fmt"
)

// GoalState is the application as Juju's controller has it now. What other tools say
// about relations and units may come from the unit agent's memory.
type GoalState struct {
	// Units are the statuses of this application's units by name, this unit included.
	Units map[string]string
	// Relations are the applications and units on the other side, with their statuses, by
	// endpoint and name. The name of an application of another model is the URL of its
	// offer, "admin/prod.ca". An application that uses an offer of ours is not listed.
	Relations map[string]map[string]string
}

// Statuses in a GoalState: of a unit that is being removed, and of a suspended relation,
// which looks to the unit as if it were broken.
const (
	Dying     = "dying"
	Suspended = "suspended"
)

// GoalState asks the controller which units the application has, and which applications
// are related.
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
