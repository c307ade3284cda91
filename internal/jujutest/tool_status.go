package jujutest

import (
	"strings"
)

// isLeader: is-leader.
func isLeader(inv *invocation) error {
	var flags flagSet
	var out output
	out.register(&flags, "smart")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if err := noMore(args); err != nil {
		return err
	}
	return inv.print(&out, inv.ctx.isLeader())
}

// statusSet: status-set [--application] <status> [message].
func statusSet(inv *invocation) error {
	var flags flagSet
	var application bool
	flags.bool(&application, "application")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("invalid args, require <status> [message]")
	}
	switch args[0] {
	case "maintenance", "blocked", "waiting", "active":
	default:
		return usagef("invalid status %q, expected one of [maintenance blocked waiting active]", args[0])
	}
	c := inv.ctx
	status := workloadStatus{Status: args[0], Since: c.juju.options.Now()}
	if len(args) > 1 {
		status.Message = args[1]
		if err := noMore(args[2:]); err != nil {
			return err
		}
	}
	if application {
		if !c.isLeader() {
			return errNotLeader()
		}
		c.unit.app.status = &status
		return nil
	}
	c.unit.status = status
	c.unit.agent.statusSet = true
	return nil
}

// statusGet: status-get [--include-data] [--application].
func statusGet(inv *invocation) error {
	var flags flagSet
	var out output
	var data, application bool
	out.register(&flags, "smart")
	flags.bool(&data, "include-data")
	flags.bool(&application, "application")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if err := noMore(args); err != nil {
		return err
	}
	c := inv.ctx
	if application {
		if !c.isLeader() {
			return failf("finding application status: this unit is not the leader")
		}
		return inv.print(&out, map[string]any{"application-status": c.unit.app.statusDetails(data)})
	}
	if out.format == "smart" && !data {
		return inv.print(&out, c.unit.status.Status)
	}
	return inv.print(&out, c.unit.status.details(data))
}

func (s workloadStatus) details(withData bool) map[string]any {
	details := map[string]any{"status": s.Status}
	if withData {
		details["message"] = s.Message
		details["status-data"] = map[string]any{}
	}
	return details
}

func (a *application) statusDetails(withData bool) map[string]any {
	details := a.workload().details(withData)
	units := make(map[string]any, len(a.units))
	for _, u := range a.units {
		units[u.name] = u.workload().details(withData)
	}
	details["units"] = units
	return details
}

// jujuLog: juju-log [--debug] [-l LEVEL] words...
func jujuLog(inv *invocation) error {
	var flags flagSet
	var debug bool
	var format string
	level := "INFO"
	flags.bool(&debug, "debug")
	flags.str(&level, "l", "log-level")
	flags.str(&format, "format")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("no message specified")
	}
	if debug {
		level = "DEBUG"
	}
	c := inv.ctx
	logger := "unit." + c.unit.name + ".juju-log"
	level = strings.ToUpper(level)
	switch level {
	case "TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL":
	default:
		c.juju.logUnit(c.unit, "WARNING", logger, "Specified log level of \""+level+"\" is not valid")
		level = "INFO"
	}
	message := strings.Join(args, " ")
	if c.event != nil {
		message = c.event.relation.key(c.unit.app) + ": " + message
	}
	c.output.add(level + " " + message)
	c.juju.logUnit(c.unit, level, logger, message)
	return nil
}

// applicationVersionSet: application-version-set <version>.
func applicationVersionSet(inv *invocation) error {
	var flags flagSet
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("no version specified")
	}
	if err := noMore(args[1:]); err != nil {
		return err
	}
	inv.ctx.unit.version = args[0]
	return nil
}
