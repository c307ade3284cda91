package jujutest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// runKind is the kind of run for which a hook context was made.
type runKind string

const (
	runHook   runKind = "hook"
	runAction runKind = "action"
	runExec   runKind = "exec"
)

// hookContext is what the hook tools of one hook, action or exec work on: the unit's view of the
// model, and the changes that are applied together if the charm succeeds. Tools reach it with the
// model's lock held.
type hookContext struct {
	juju         *Juju
	unit         *unit
	kind         runKind
	name         string // hook or action
	id           string
	dispatchPath string
	life         life // of the unit, when it began
	event        *relationEvent
	secretEvent  *secretEvent
	action       *actionRun
	script       string // of an exec

	// members are the joined units of each relation, at the start less the one that departs.
	members map[int][]string
	// broken are the relations that relation-ids leaves out.
	broken map[int]bool
	config map[string]any
	// apps caches remote application bags: they are read once per context.
	apps map[int]map[string]string
	// deposed: is-leader has once said no.
	deposed bool
	pending pending
	calls   []ToolCall
	output  transcript
}

// pending are the buffered changes of a context.
type pending struct {
	units   map[int]map[string]string // own unit bag, by relation
	apps    map[int]map[string]string // own application bag
	state   map[string]*string        // nil deletes
	ports   map[string]bool
	secrets secretChanges
}

// ToolCall is one call of a hook tool, as Observe gets it. Secret values in Args are masked.
type ToolCall struct {
	Tool string
	Args []string
	Code int // exit code; -1 for a request the agent refused
}

func (j *Juju) newContext(u *unit, kind runKind, name string) *hookContext {
	c := &hookContext{
		juju: j, unit: u, kind: kind, name: name, life: u.life,
		members: make(map[int][]string), broken: make(map[int]bool), apps: make(map[int]map[string]string),
		pending: pending{
			units: make(map[int]map[string]string), apps: make(map[int]map[string]string),
			state: make(map[string]*string), ports: make(map[string]bool), secrets: newSecretChanges(),
		},
	}
	c.id = u.name + "-" + name + "-" + j.hex(32)
	if j.traits.decimalContextID {
		c.id = u.name + "-" + name + "-" + strconv.FormatUint(j.rand.Uint64()>>1, 10)
	}
	for id, state := range u.agent.relation {
		r := j.relations[id]
		c.members[id] = sortedKeys(state.members)
		c.broken[id] = !r.isPeer() && (state.dying || r.suspended) && len(state.members) == 0
		pruneCache(u.agent.cache[id], state.members)
	}
	return c
}

// pruneCache keeps the bags of members only: others are read for one hook.
func pruneCache(cache map[string]map[string]string, members map[string]int) {
	maps.DeleteFunc(cache, func(name string, _ map[string]string) bool {
		_, member := members[name]
		return !member
	})
}

// hookContextFor makes the context of a hook and lets its event change the agent's view.
func (j *Juju) hookContextFor(u *unit, h *hook) *hookContext {
	c := j.newContext(u, runHook, h.name)
	c.dispatchPath = "hooks/" + h.name
	c.event, c.secretEvent = h.event, h.secret
	if h.event == nil {
		return c
	}
	id, remote := h.event.relation.id, h.event.remoteUnit
	switch h.kind {
	case "relation-joined":
		if !slices.Contains(c.members[id], remote) {
			c.members[id] = append(c.members[id], remote)
			slices.Sort(c.members[id])
		}
		delete(u.agent.cache[id], remote)
	case "relation-changed":
		delete(u.agent.cache[id], remote)
	case "relation-departed":
		c.members[id] = slices.DeleteFunc(c.members[id], func(name string) bool { return name == remote })
		delete(u.agent.cache[id], remote)
	}
	return c
}

// hookName is JUJU_HOOK_NAME, empty outside hooks.
func (c *hookContext) hookName() string {
	if c.kind == runHook {
		return c.name
	}
	return ""
}

// isLeader is the unit's leadership as the context sees it: once lost, it is lost until the context
// ends.
func (c *hookContext) isLeader() bool {
	if c.unit.app.leader != c.unit.name {
		c.deposed = true
	}
	return !c.deposed
}

// relation returns a relation the unit is in.
func (c *hookContext) relation(id int) (*relation, bool) {
	if _, ok := c.unit.agent.relation[id]; !ok {
		return nil, false
	}
	r, ok := c.juju.relations[id]
	return r, ok
}

// parseRelationID reads "ingress:3", "3" or "anything:3": only the number counts.
func (c *hookContext) parseRelationID(text string) (int, error) {
	number := text[strings.LastIndex(text, ":")+1:]
	id, err := strconv.Atoi(number)
	if err != nil {
		return 0, errors.New("invalid relation id")
	}
	if _, ok := c.relation(id); !ok {
		return 0, errors.New("relation not found")
	}
	return id, nil
}

// relationFlag registers -r, whose default is the relation of the hook.
func (c *hookContext) relationFlag(f *flagSet, id *int) {
	*id = -1
	if c.event != nil {
		*id = c.event.relation.id
	}
	f.value(func(text string) error {
		parsed, err := c.parseRelationID(text)
		*id = parsed
		return err
	}, "r", "relation")
}

// breaks reports whether this is the relation's relation-broken.
func (c *hookContext) breaks(id int) bool {
	return c.kind == runHook && c.event != nil && c.event.relation.id == id && strings.HasSuffix(c.name, "-relation-broken")
}

// goneRelation is the error of reading a relation that was removed by force.
func (c *hookContext) goneRelation(id int) error {
	if strings.Contains(c.juju.traits.goneRelation, "%d") {
		return failf(c.juju.traits.goneRelation, id)
	}
	return failf("%s", c.juju.traits.goneRelation)
}

// unitBag returns a unit's databag if the permission matrix lets this unit read it: its own with what
// it has just written, remote units' (also those that have left), its own application's other units'
// only in a peer relation.
func (c *hookContext) unitBag(r *relation, name string) (map[string]string, error) {
	if r.gone {
		return nil, c.goneRelation(r.id)
	}
	if name == c.unit.name {
		return merged(r.units[name].data, c.pending.units[r.id]), nil
	}
	own := applicationOf(name) == c.unit.app.name
	b, ok := r.units[name]
	if !ok || own != r.isPeer() {
		return nil, failf("permission denied")
	}
	cache := c.unit.agent.cache
	if cache[r.id] == nil {
		cache[r.id] = make(map[string]map[string]string)
	}
	if cache[r.id][name] == nil {
		cache[r.id][name] = copyMap(b.data)
	}
	return cache[r.id][name], nil
}

// appBag returns an application's databag: the remote one to any unit, the own one to the leader, in a
// peer relation to every unit.
func (c *hookContext) appBag(r *relation, name string) (map[string]string, error) {
	if r.gone {
		return nil, c.goneRelation(r.id)
	}
	b, ok := r.apps[name]
	if !ok {
		return nil, failf("permission denied")
	}
	if name == c.unit.app.name {
		if !r.isPeer() && !c.isLeader() {
			return nil, failf("permission denied")
		}
		return merged(b.data, c.pending.apps[r.id]), nil
	}
	if c.apps[r.id] == nil {
		c.apps[r.id] = copyMap(b.data)
	}
	return c.apps[r.id], nil
}

// merged applies buffered changes to a copy of a bag; "" deletes.
func merged(data, changes map[string]string) map[string]string {
	all := copyMap(data)
	for key, value := range changes {
		if value == "" {
			delete(all, key)
		} else {
			all[key] = value
		}
	}
	return all
}

// record notes a tool call for Observe.
func (c *hookContext) record(request ToolRequest, code int) {
	c.calls = append(c.calls, ToolCall{
		Tool: request.CommandName, Args: maskSecrets(request.CommandName, request.Args), Code: code,
	})
}

// maskSecrets hides the values of secret-add and secret-set.
func maskSecrets(tool string, args []string) []string {
	masked := slices.Clone(args)
	if tool != "secret-add" && tool != "secret-set" {
		return masked
	}
	for i, arg := range masked {
		key, _, ok := strings.Cut(arg, "=")
		if ok && !strings.HasPrefix(arg, "-") && !strings.HasSuffix(key, "#file") {
			masked[i] = fmt.Sprintf("%s=***", key)
		}
	}
	return masked
}
