package jujutest

import "time"

// goalState: goal-state. It is read from the controller (apiserver/facades/agent/uniter,
// oneGoalState), so it knows what the agent does not: units that are being removed are "dying", and
// a relation that was removed by force is not in it, although relation-ids still lists it.
func goalState(inv *invocation) error {
	var flags flagSet
	var out output
	out.register(&flags, "yaml")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if err := noMore(args); err != nil {
		return err
	}
	app := inv.ctx.unit.app
	relations := make(map[string]map[string]any)
	for _, id := range sortedKeys(inv.ctx.juju.relations) {
		r := inv.ctx.juju.relations[id]
		end, ok := r.end(app)
		if !ok || r.gone || r.isPeer() {
			continue // Peers are the application's units, which are listed anyway.
		}
		remote := r.remote(app).app
		key := remote.name
		if remote.modelUUID != "" {
			if end.endpoint.Role == roleProvides {
				continue // The offering side does not see its consumers.
			}
			key = remote.offerURL()
		}
		goals := relations[end.endpoint.Name]
		if goals == nil {
			goals = make(map[string]any)
			relations[end.endpoint.Name] = goals
		}
		goals[key] = goal(r.status, r.since)
		if remote.modelUUID == "" {
			remote.unitGoals(goals)
		}
	}
	units := make(map[string]any)
	app.unitGoals(units)
	return inv.print(&out, map[string]any{"units": units, "relations": relations})
}

// unitGoals adds the units that are not dead.
func (a *application) unitGoals(goals map[string]any) {
	for _, u := range a.units {
		if u.life == dead {
			continue
		}
		status := u.workload()
		if u.life == dying {
			status.Status = "dying"
		}
		goals[u.name] = goal(status.Status, status.Since)
	}
}

func goal(status string, since time.Time) map[string]string {
	return map[string]string{"status": status, "since": since.UTC().Format(time.DateTime + "Z")}
}
