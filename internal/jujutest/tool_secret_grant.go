package jujutest

import (
	"maps"
	"strconv"
)

// secretGrant: secret-grant <id> [-r REL] [--unit U].
func secretGrant(inv *invocation) error {
	c := inv.ctx
	var flags flagSet
	var unit string
	var relationID int
	c.relationFlag(&flags, &relationID)
	flags.str(&unit, "unit")
	id, err := inv.oneSecret(&flags)
	if err != nil {
		return err
	}
	if relationID < 0 {
		return usagef("no relation id specified")
	}
	if err := c.mayManage(id); err != nil {
		return err
	}
	if c.juju.secrets[id] == nil && c.pending.secrets.created[id] == nil {
		return errSecretNotFound(id)
	}
	r, ok := c.relation(relationID)
	if !ok {
		return failf("relation %d not found", relationID)
	}
	remote := r.remote(c.unit.app).app
	entity := remote.name
	if unit != "" {
		if !isUnitName(unit) || applicationOf(unit) != remote.name {
			return usagef("unit %q is not in the relation", unit)
		}
		entity = unit
	} else if c.hasUnitGrants(id, remote.name) {
		return failf("any unit level grants need to be revoked before granting access to the corresponding application")
	}
	c.pending.secrets.grants = append(c.pending.secrets.grants, secretGrantChange{id: id, entity: entity, relation: relationID})
	return nil
}

func (c *hookContext) hasUnitGrants(id, app string) bool {
	access := make(map[string]int)
	if s := c.juju.secrets[id]; s != nil {
		maps.Copy(access, s.access)
	}
	view := secret{access: access}
	for _, g := range c.pending.secrets.grants {
		if g.id == id {
			view.grant(g)
		}
	}
	for entity := range view.access {
		if isUnitName(entity) && applicationOf(entity) == app {
			return true
		}
	}
	return false
}

// oneSecret parses a tool's flags and its one positional, a secret id.
func (inv *invocation) oneSecret(flags *flagSet) (string, error) {
	args, err := flags.parse(inv.args)
	if err != nil {
		return "", err
	}
	if len(args) == 0 {
		return "", usagef("missing secret URI")
	}
	if err := noMore(args[1:]); err != nil {
		return "", err
	}
	return parseSecretID(args[0])
}

// secretRevoke: secret-revoke <id> [-r REL | --app A] [--unit U]; in a relation hook that relation.
func secretRevoke(inv *invocation) error {
	c := inv.ctx
	var flags flagSet
	var unit, app string
	var relationID int
	c.relationFlag(&flags, &relationID)
	flags.str(&unit, "unit")
	flags.str(&app, "app", "application")
	id, err := inv.oneSecret(&flags)
	if err != nil {
		return err
	}
	switch {
	case app != "" && !isApplicationName(app):
		return usagef("application %q not valid", app)
	case unit != "" && !isUnitName(unit):
		return usagef("unit %q not valid", unit)
	case app != "" && unit != "":
		return usagef("specify only one of application or unit")
	case app != "" && relationID >= 0:
		return usagef("do not specify both relation and app")
	case app == "" && unit == "" && relationID < 0:
		return usagef("missing relation or application or unit")
	}
	if err := c.mayManage(id); err != nil {
		return err
	}
	c.pending.secrets.grants = append(c.pending.secrets.grants,
		secretGrantChange{id: id, entity: unit + app, relation: relationID, revoke: true})
	return nil
}

// secretRemove: secret-remove <id> [--revision N].
func secretRemove(inv *invocation) error {
	c := inv.ctx
	var flags flagSet
	var revision int
	flags.value(func(text string) (err error) { revision, err = strconv.Atoi(text); return err }, "revision")
	id, err := inv.oneSecret(&flags)
	if err != nil {
		return err
	}
	if err := c.mayManage(id); err != nil {
		return err
	}
	// An id that nobody knows is not refused here but by the flush. That of a secret made in this very
	// hook is such a one: the agent forgets that it was to be made, and asks for its removal.
	if revision == 0 {
		c.pending.secrets.remove(id)
		return nil
	}
	c.pending.secrets.removeRevision(id, revision)
	return nil
}
