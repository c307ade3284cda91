package jujutest

import "net"

// agent is the local state of a unit agent: what its charm has been told so far. The resolver
// compares it with the controller's state and picks the next hook from the difference, so several
// changes before a hook runs are one event.
type agent struct {
	installed bool
	started   bool
	// stopping, upgrading: a refresh first stops the old charm, then upgrades to the new one; a lost
	// pod only upgrades.
	stopping  bool
	upgrading bool
	rebooted  bool // the container restarted: start again
	stopped   bool // stop has run on the way out

	leader         bool
	leaderSettings bool // a follower has had its leader-settings-changed
	configHash     string
	updateStatus   bool
	statusSet      bool // the charm has set a status itself

	failed  *hook // to be run again before anything else
	inError bool
	problem string // of the failed hook, for status
	busy    bool
	// scripts wait for their turn; they come in over execListener.
	scripts      []*execRequest
	execListener net.Listener
	relation     map[int]*relationState
	// cache holds remote unit bags across hooks, by relation and unit. An event for a unit drops its
	// entry; restarting the agent drops all.
	cache map[int]map[string]map[string]string
}

// relationState is what an agent has told its charm of one relation.
type relationState struct {
	created        bool
	members        map[string]int // version of each joined unit's bag
	appVersion     int
	changedPending string // joined ran for this unit: its changed comes next
}

// hook is one event for one unit.
type hook struct {
	kind    string // "relation-changed", "config-changed"
	name    string // "ingress-relation-changed"
	event   *relationEvent
	secret  *secretEvent
	version int // of the bag announced by joined and changed
	// configHash of what config-changed was run for; a change during the hook causes another one.
	configHash string
}

// relationEvent is the relation part of a hook.
type relationEvent struct {
	relation   *relation
	remoteUnit string
	departing  string
}

func newAgent() *agent {
	return &agent{
		relation: make(map[int]*relationState),
		cache:    make(map[int]map[string]map[string]string),
	}
}

// restartAgent forgets what a unit agent keeps in memory. What it has told its charm is kept on the
// controller, and compared with the relations that are there (internal/worker/uniter/relation,
// loadInitialState): those that have gone are forgotten in silence, with a hook that was to run for them.
func (j *Juju) restartAgent(u *unit) {
	a := u.agent
	a.cache = make(map[int]map[string]map[string]string)
	for id := range a.relation {
		if r := j.relations[id]; r.gone {
			j.leave(u, r)
			if a.failed != nil && a.failed.event != nil && a.failed.event.relation == r {
				a.failed, a.inError, a.problem = nil, false, ""
			}
		}
	}
}

func plainHook(kind string) *hook { return &hook{kind: kind, name: kind} }

func relationHook(kind string, u *unit, r *relation, remoteUnit string) *hook {
	e, _ := r.end(u.app)
	return &hook{
		kind: kind, name: e.endpoint.Name + "-" + kind,
		event: &relationEvent{relation: r, remoteUnit: remoteUnit},
	}
}

// commit records that a hook has succeeded. Only this moves an agent's state forward.
func (j *Juju) commit(u *unit, h *hook) {
	a := u.agent
	if a.failed == h {
		a.failed = nil
	}
	if a.failed == nil {
		a.inError, a.problem = false, ""
	}
	switch h.kind {
	case "install":
		a.installed = true
	case "start":
		a.started, a.rebooted = true, false
		if !a.statusSet {
			u.status = workloadStatus{Status: "unknown", Since: j.options.Now()}
		}
	case "stop":
		a.stopped = true
	case "upgrade-charm":
		a.upgrading, a.configHash = false, ""
	case "remove":
		u.life = dead
	case "leader-elected":
		// A leader that loses is not told, neither by this event's counterpart nor as a new follower.
		a.leader, a.leaderSettings = true, true
	case "leader-settings-changed":
		a.leaderSettings = true
	case "config-changed":
		a.configHash = h.configHash
		j.refreshAddresses(u)
	case "update-status":
		a.updateStatus = false
	}
	if h.event != nil {
		j.commitRelation(u, h)
	}
	if h.secret != nil {
		h.secret.commit(u)
	}
}

func (j *Juju) commitRelation(u *unit, h *hook) {
	r := h.event.relation
	state, ok := u.agent.relation[r.id]
	if !ok {
		return
	}
	remote := h.event.remoteUnit
	switch h.kind {
	case "relation-created":
		state.created = true
	case "relation-joined":
		state.members[remote] = h.version
		state.changedPending = remote
	case "relation-changed":
		if remote == "" {
			state.appVersion = h.version
			return
		}
		if _, joined := state.members[remote]; joined {
			state.members[remote] = h.version
		}
		if state.changedPending == remote {
			state.changedPending = ""
		}
	case "relation-departed":
		delete(state.members, remote)
	case "relation-broken":
		j.leave(u, r)
	}
}

// leave takes a unit out of a relation for good.
func (j *Juju) leave(u *unit, r *relation) {
	delete(u.agent.relation, r.id)
	delete(u.agent.cache, r.id)
	delete(r.scope, u.name)
}
