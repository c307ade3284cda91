package jujutest

import (
	"slices"
)

// relationIDs: relation-ids [endpoint].
func relationIDs(inv *invocation) error {
	var flags flagSet
	var out output
	out.register(&flags, "smart")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	c := inv.ctx
	name := ""
	if c.event != nil {
		end, _ := c.event.relation.end(c.unit.app)
		name = end.endpoint.Name
	}
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	if name == "" {
		return usagef("no endpoint name specified")
	}
	if err := noMore(args); err != nil {
		return err
	}
	ids := []string{}
	for id := range c.unit.agent.relation {
		r := c.juju.relations[id]
		end, _ := r.end(c.unit.app)
		if end.endpoint.Name != name || (c.broken[id] && !c.juju.traits.listsBroken) {
			continue
		}
		ids = append(ids, r.key(c.unit.app))
	}
	slices.Sort(ids)
	return inv.print(&out, ids)
}

// relationList: relation-list [-r] [--app].
func relationList(inv *invocation) error {
	var flags flagSet
	var out output
	var app bool
	var id int
	out.register(&flags, "smart")
	flags.bool(&app, "app")
	inv.ctx.relationFlag(&flags, &id)
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if id < 0 {
		return usagef("no relation id specified")
	}
	if err := noMore(args); err != nil {
		return err
	}
	c := inv.ctx
	r, ok := c.relation(id)
	if !ok {
		return failf("relation %d not found", id)
	}
	if app {
		return inv.print(&out, r.remote(c.unit.app).app.name)
	}
	return inv.print(&out, append([]string{}, c.members[id]...))
}

// relationGet: relation-get [-r] [--app] [key|-] [unit|app].
func relationGet(inv *invocation) error {
	var flags flagSet
	var out output
	var app bool
	var id int
	out.register(&flags, "smart")
	flags.bool(&app, "app")
	inv.ctx.relationFlag(&flags, &id)
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if id < 0 {
		return usagef("no relation id specified")
	}
	key := ""
	if len(args) > 0 {
		key, args = args[0], args[1:]
	}
	target := ""
	if len(args) > 0 {
		target, args = args[0], args[1:]
	}
	if target, app, err = inv.ctx.bagTarget(target, app); err != nil {
		return err
	}
	if err := noMore(args); err != nil {
		return err
	}
	bag, err := inv.ctx.readBag(id, target, app)
	if err != nil {
		return err
	}
	if key == "" || key == "-" {
		return inv.print(&out, bag)
	}
	if value, ok := bag[key]; ok {
		return inv.print(&out, value)
	}
	return inv.print(&out, nil)
}

// bagTarget decides whose bag relation-get reads: by default that of the event's unit, in an event
// without one that of the remote application.
func (c *hookContext) bagTarget(name string, app bool) (string, bool, error) {
	if name == "" && c.event != nil {
		name = c.event.remoteUnit
		if name == "" && c.event.remoteApp != "" {
			return c.event.remoteApp, true, nil
		}
	}
	switch {
	case name == "":
		return "", false, usagef("no unit or application specified")
	case isApplicationName(name):
		if !app {
			return "", false, usagef("expected unit name, got application name %q", name)
		}
		return name, true, nil
	case !isUnitName(name):
		return "", false, usagef("invalid unit name %q", name)
	case app:
		return applicationOf(name), true, nil
	}
	return name, false, nil
}

func (c *hookContext) readBag(id int, target string, app bool) (map[string]string, error) {
	r, ok := c.relation(id)
	if !ok {
		return nil, failf("relation %d not found", id)
	}
	if err := c.juju.faults.takeDenial(c.unit.name, id); err != nil {
		return nil, err
	}
	if app {
		return c.appBag(r, target)
	}
	return c.unitBag(r, target)
}

// relationSet: relation-set [-r] [--app] [--file F|-] k=v ...
func relationSet(inv *invocation) error {
	var flags flagSet
	var app bool
	var id int
	var file, format string
	flags.bool(&app, "app")
	flags.str(&file, "file")
	flags.str(&format, "format")
	inv.ctx.relationFlag(&flags, &id)
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if id < 0 {
		return usagef("no relation id specified")
	}
	values, err := keyValues(args)
	if err != nil {
		return err
	}
	if values, err = inv.settings(file, values); err != nil {
		return err
	}
	if format != "" {
		inv.stderr.WriteString("--format flag deprecated for command \"relation-set\"\n")
	}
	c := inv.ctx
	r, ok := c.relation(id)
	if !ok {
		return failf("relation %d not found", id)
	}
	if r.gone {
		return c.goneRelation(id)
	}
	if !app {
		buffer(c.pending.units, id, values)
		return nil
	}
	if c.juju.traits.refusesBrokenBag && c.breaks(id) {
		return failf("cannot read relation application settings: permission denied")
	}
	if !c.isLeader() {
		return failf("cannot write relation settings")
	}
	buffer(c.pending.apps, id, values)
	return nil
}

// relationModelGet: relation-model-get [-r].
func relationModelGet(inv *invocation) error {
	var flags flagSet
	var out output
	var id int
	out.register(&flags, "smart")
	inv.ctx.relationFlag(&flags, &id)
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if id < 0 {
		return usagef("no relation id specified")
	}
	if err := noMore(args); err != nil {
		return err
	}
	c := inv.ctx
	r, ok := c.relation(id)
	if !ok || r.gone {
		return failf("relation %d not found", id)
	}
	uuid := r.remote(c.unit.app).app.modelUUID
	if uuid == "" {
		uuid = c.juju.options.ModelUUID
	}
	return inv.print(&out, map[string]string{"uuid": uuid})
}
