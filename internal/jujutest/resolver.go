package jujutest

// pick chooses the next hook of any unit: at random among the units that have one, and never of the
// units in skip. It returns nil, nil when nothing is left to do.
func (j *Juju) pick(skip map[*unit]bool) (*unit, *hook) {
	units := make(map[string]*unit)
	for _, u := range j.agents() {
		if !skip[u] {
			units[u.name] = u
		}
	}
	for _, name := range shuffled(j, units) {
		if h := j.nextHook(units[name]); h != nil {
			return units[name], h
		}
	}
	return nil, nil
}

// nextHook is the resolver: it returns the hook that a unit runs next, in the priority of
// internal/worker/uniter/resolver.go, or nil. RunAction runs actions at once. A queued juju-exec
// counts as a hook here; it runs also while the unit is in error.
func (j *Juju) nextHook(u *unit) *hook {
	a := u.agent
	if u.life == dead {
		return nil
	}
	j.dropStale(u)
	if a.rebooted {
		// An agent that restarts has its charm start again, when it has nothing else to end first.
		if a.started && a.pending == nil {
			return plainHook("start")
		}
		a.rebooted = a.started
	}
	if a.pending == nil && a.installed {
		if h := j.urgentHook(u); h != nil {
			return h
		}
	}
	switch {
	case a.installed && len(a.scripts) > 0:
		return plainHook(execTool)
	case a.stopping:
		return plainHook("stop")
	case a.pending != nil:
		return a.pending.now(u)
	case !a.installed:
		return plainHook("install")
	case u.life == dying:
		return j.lastHooks(u)
	}
	if u.configHash() != a.configHash {
		return plainHook("config-changed").now(u)
	}
	if h := j.nextRelationHook(u); h != nil {
		return h
	}
	if a.updateStatus {
		return plainHook("update-status")
	}
	return nil
}

// now is the hook as it runs at this moment: config-changed is for the configuration there is.
func (h *hook) now(u *unit) *hook {
	if h.kind == "config-changed" {
		h.configHash = u.configHash()
	}
	return h
}

// dropStale forgets a hook that was to come again and whose reason has gone: what only a leader gets,
// after a handover.
func (j *Juju) dropStale(u *unit) {
	h := u.agent.pending
	if h == nil || u.app.leader == u.name {
		return
	}
	if h.kind == "leader-elected" || (h.secret != nil && h.secret.leaderOnly) {
		u.agent.pending, u.agent.inError, u.agent.problem = nil, false, ""
	}
}

// urgentHook returns the hooks that come before actions: relation-created, leadership, secrets.
func (j *Juju) urgentHook(u *unit) *hook {
	if u.life != alive {
		return nil
	}
	if h := j.relationCreated(u); h != nil {
		return h
	}
	if h := j.leadership(u); h != nil {
		return h
	}
	return j.nextSecretHook(u)
}

func (j *Juju) leadership(u *unit) *hook {
	a := u.agent
	if u.app.leader == u.name {
		if !a.leader {
			return plainHook("leader-elected")
		}
		return nil
	}
	// A unit that loses leadership is not told.
	a.leader = false
	if j.traits.leaderSettings && !a.leaderSettings {
		return plainHook("leader-settings-changed")
	}
	return nil
}

// lastHooks returns the last hooks of a dying unit: departed and broken for its relations, stop,
// remove.
func (j *Juju) lastHooks(u *unit) *hook {
	if h := j.nextRelationHook(u); h != nil {
		return h
	}
	if u.agent.started && !u.agent.stopped {
		return plainHook("stop")
	}
	return plainHook("remove")
}

// relationCreated lets a unit enter the relations its application has, and returns the next
// relation-created hook.
func (j *Juju) relationCreated(u *unit) *hook {
	for _, id := range sortedKeys(j.relations) {
		r := j.relations[id]
		if _, ok := r.end(u.app); !ok || r.life != alive || r.suspended || u.agent.relation[id] != nil {
			continue
		}
		r.enter(u, j.addressKeys(u))
		u.agent.relation[id] = &relationState{members: make(map[string]int)}
	}
	for _, id := range shuffled(j, u.agent.relation) {
		r := j.relations[id]
		if !u.agent.created[id] && r.life == alive {
			return relationHook("relation-created", u, r, "")
		}
	}
	return nil
}

// nextRelationHook returns the next hook of any relation but relation-created.
func (j *Juju) nextRelationHook(u *unit) *hook {
	for _, id := range shuffled(j, u.agent.relation) {
		if h := j.relationHookOf(u, j.relations[id], u.agent.relation[id]); h != nil {
			return h
		}
	}
	return nil
}

// relationHookOf orders the events within one relation: changed after joined, departed, broken,
// the application's changed, joined, changed.
func (j *Juju) relationHookOf(u *unit, r *relation, state *relationState) *hook {
	if r.ghost {
		return nil // no watcher tells of it
	}
	breaking := r.life == dying || r.suspended || u.life == dying
	if breaking && (!u.agent.created[r.id] || (r.isPeer() && !state.unnamed && len(state.members) == 0)) {
		// Never announced, or a peer relation, which does not break: the unit leaves in silence. An agent
		// that has restarted does not know a peer relation for one, and has it break.
		j.leave(u, r)
		return nil
	}
	remote := r.visible(u)
	if name := state.changedPending; name != "" {
		return changed(u, r, name, r.units[name].version)
	}
	for _, name := range sortedKeys(state.members) {
		if _, there := remote[name]; there && !breaking {
			continue
		}
		h := relationHook("relation-departed", u, r, name)
		h.event.departing = name
		if u.life == dying || u.app.life == dying {
			h.event.departing = u.name
		}
		return h
	}
	if breaking {
		return relationHook("relation-broken", u, r, "")
	}
	app := r.apps[r.remote(u.app).app.name]
	if app.version > state.appVersion && (state.appVersion > 0 || len(app.data) > 0) {
		return changed(u, r, "", app.version)
	}
	for _, name := range sortedKeys(remote) {
		if _, joined := state.members[name]; !joined {
			h := relationHook("relation-joined", u, r, name)
			h.version = remote[name]
			return h
		}
	}
	for _, name := range sortedKeys(remote) {
		if remote[name] > state.members[name] {
			return changed(u, r, name, remote[name])
		}
	}
	return nil
}

func changed(u *unit, r *relation, remoteUnit string, version int) *hook {
	h := relationHook("relation-changed", u, r, remoteUnit)
	h.version = version
	return h
}
