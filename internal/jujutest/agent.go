package jujutest

import "net"

// agent is the local state of a unit agent: what it has told its charm so far. The resolver
// compares it with the controller's state and picks the next hook from the difference, so several
// changes before a hook runs are one event. Everything except what restartAgent forgets is kept on
// the controller.
type agent struct {
	installed bool
	started   bool
	stopping  bool // the pod is asked to go: stop, and then a new pod
	rebooted  bool // the agent has restarted: start again
	stopped   bool // stop has run since start

	leader         bool
	leaderSettings bool // a follower has had its leader-settings-changed
	configHash     string
	updateStatus   bool
	statusSet      bool // the charm has set a status itself

	// pending is the hook that runs before any other: one that failed or was killed, or one that
	// always follows another. A new pod continues with it.
	pending *hook
	inError bool
	problem string // of the failed hook, for status
	busy    bool
	restart bool // when the hook that runs has ended
	// scripts wait for their turn; they come in over execListener.
	scripts      []*execRequest
	execListener net.Listener
	relation     map[int]*relationState
	// created are the relations announced by relation-created. A relation that is suspended and
	// resumed is not announced again.
	created map[int]bool
	// cache holds remote unit bags across hooks, by relation and unit. An event for a unit drops its
	// entry; restarting the agent drops all.
	cache map[int]map[string]map[string]string
}

// relationState is what an agent has told its charm of one relation.
type relationState struct {
	members        map[string]int // version of each joined unit's bag
	appVersion     int
	changedPending string // joined ran for this unit: its changed comes next
	// dying: the relation was being removed when the agent first looked at it, at its start. It does not
	// look again (internal/worker/uniter/runner, contextfactory.go, asks what the agent holds).
	dying bool
	// unnamed: the agent has learned about the relation at its start, and learns the name of the
	// other application only from a remote unit. It also does not know whether it is a peer
	// relation.
	unnamed bool
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
	remoteApp  string // "" when the agent does not know it
	departing  string
}

func newAgent() *agent {
	return &agent{
		relation: make(map[int]*relationState),
		created:  make(map[int]bool),
		cache:    make(map[int]map[string]map[string]string),
	}
}

func plainHook(kind string) *hook { return &hook{kind: kind, name: kind} }

func relationHook(kind string, u *unit, r *relation, remoteUnit string) *hook {
	e, _ := r.end(u.app)
	event := &relationEvent{relation: r, remoteUnit: remoteUnit, remoteApp: r.remote(u.app).app.name}
	if state := u.agent.relation[r.id]; kind == "relation-broken" && state != nil && state.unnamed {
		event.remoteApp = ""
	}
	return &hook{kind: kind, name: e.endpoint.Name + "-" + kind, event: event}
}

// commit records that a hook has succeeded. Only this moves an agent's state forward.
func (j *Juju) commit(u *unit, h *hook) {
	a := u.agent
	a.pending, a.inError, a.problem = nil, false, ""
	switch h.kind {
	case "install":
		a.installed = true
	case "start":
		a.started, a.stopped = true, false
		if !a.statusSet {
			u.status = workloadStatus{Status: "unknown", Since: j.options.Now()}
		}
	case "stop":
		a.stopped = true
		u.status = workloadStatus{Status: "maintenance", Since: j.options.Now()}
	case "upgrade-charm":
		a.pending = plainHook("config-changed")
	case "remove":
		u.life = dead
	case "leader-elected":
		// A unit that loses leadership is not told, neither by an event for that nor as a new
		// follower.
		a.leader, a.leaderSettings = true, true
	case "leader-settings-changed":
		a.leaderSettings = true
	case "config-changed":
		a.configHash = h.configHash
		j.refreshAddresses(u)
		if !a.started {
			a.pending = plainHook("start")
		}
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
		u.agent.created[r.id] = true
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
		if r.suspended && u.app.leader == u.name {
			r.status = "suspended"
		}
	}
}

// leave takes a unit out of a relation: for ever, or until the relation is resumed.
func (j *Juju) leave(u *unit, r *relation) {
	delete(u.agent.relation, r.id)
	delete(u.agent.cache, r.id)
	delete(r.scope, u.name)
}
