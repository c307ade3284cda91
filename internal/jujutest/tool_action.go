package jujutest

import (
	"regexp"
	"strings"
)

// actionRun is an action while it runs.
type actionRun struct {
	name    string
	id      string
	params  map[string]any
	results map[string]string // by dotted key
	failed  bool
	message string
	log     []string
}

// actionKey is one part of a result's dotted key.
var actionKey = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$`)

// reservedResults are written by Juju.
var reservedResults = map[string]bool{
	"stdout": true, "stderr": true, "stdout-encoding": true, "stderr-encoding": true,
}

// runningAction returns the action of the context or what the action tools say outside one.
func (c *hookContext) runningAction() (*actionRun, error) {
	if c.action == nil {
		return nil, failf("not running an action")
	}
	return c.action, nil
}

// actionGet: action-get [a.b.c].
func actionGet(inv *invocation) error {
	var flags flagSet
	var out output
	out.register(&flags, "smart")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	var path []string
	if len(args) > 0 {
		path, args = strings.Split(args[0], "."), args[1:]
	}
	if err := noMore(args); err != nil {
		return err
	}
	action, err := inv.ctx.runningAction()
	if err != nil {
		return err
	}
	var value any = action.params
	for _, key := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return inv.print(&out, nil)
		}
		value = object[key]
	}
	return inv.print(&out, value)
}

// actionSet: action-set k=v a.b=v ...
func actionSet(inv *invocation) error {
	var flags flagSet
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	values := make([][2]string, 0, len(args))
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return usagef("argument %q must be of the form key...=value", arg)
		}
		for part := range strings.SplitSeq(key, ".") {
			if !actionKey.MatchString(part) {
				return usagef("key %q must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric, hyphens and periods", part)
			}
		}
		if reservedResults[key] {
			return usagef("cannot set reserved action key %q", key)
		}
		values = append(values, [2]string{key, value})
	}
	action, err := inv.ctx.runningAction()
	if err != nil {
		return err
	}
	for _, v := range values {
		action.set(v[0], v[1])
	}
	return nil
}

// set keeps one leaf of the results' tree; what was a branch or a leaf in its place goes.
func (a *actionRun) set(key, value string) {
	for old := range a.results {
		if strings.HasPrefix(old, key+".") || strings.HasPrefix(key, old+".") {
			delete(a.results, old)
		}
	}
	a.results[key] = value
}

// actionFail: action-fail [message].
func actionFail(inv *invocation) error {
	var flags flagSet
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	message := "action failed without reason given, check action for errors"
	if len(args) > 0 {
		message, args = args[0], args[1:]
	}
	if err := noMore(args); err != nil {
		return err
	}
	action, err := inv.ctx.runningAction()
	if err != nil {
		return err
	}
	action.failed, action.message = true, message
	return nil
}

// actionLog: action-log words...
func actionLog(inv *invocation) error {
	var flags flagSet
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("no message specified")
	}
	action, err := inv.ctx.runningAction()
	if err != nil {
		return err
	}
	action.log = append(action.log, strings.Join(args, " "))
	return nil
}
