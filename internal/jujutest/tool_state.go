package jujutest

// Limits of a unit's charm state, of state/unitstate and core/quota in Juju's source.
const (
	maxStateKey   = 256
	maxStateValue = 64 << 10
)

// configGet: config-get [key] [--all|-a].
func configGet(inv *invocation) error {
	var flags flagSet
	var out output
	var all bool
	out.register(&flags, "smart")
	flags.bool(&all, "a", "all")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	key := ""
	if len(args) > 0 {
		key, args = args[0], args[1:]
	}
	if key != "" && all {
		return usagef("cannot use argument --all together with key %q", key)
	}
	if err := noMore(args); err != nil {
		return err
	}
	c := inv.ctx
	if c.config == nil { // fixed at the first look
		c.config = c.unit.effectiveConfig()
	}
	if key != "" {
		return inv.print(&out, asNumber(c.config[key]))
	}
	shown := make(map[string]any, len(c.config))
	for name, value := range c.config {
		if value != nil || all {
			shown[name] = asNumber(value)
		}
	}
	return inv.print(&out, shown)
}

// asNumber returns an integer the type it has when it comes out of the agent's JSON: smart and YAML show a
// million as 1e+06.
func asNumber(value any) any {
	switch v := value.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	}
	return value
}

// state is the unit's charm state with the context's own changes.
func (c *hookContext) state() map[string]string {
	state := copyMap(c.unit.state)
	for key, value := range c.pending.state {
		if value == nil {
			delete(state, key)
		} else {
			state[key] = *value
		}
	}
	return state
}

// stateGet: state-get [key] [--strict].
func stateGet(inv *invocation) error {
	var flags flagSet
	var out output
	var strict bool
	out.register(&flags, "smart")
	flags.bool(&strict, "strict")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	key := ""
	if len(args) > 0 {
		key, args = args[0], args[1:]
	}
	if err := noMore(args); err != nil {
		return err
	}
	state := inv.ctx.state()
	if key == "" || key == "-" {
		if len(state) == 0 {
			return inv.print(&out, nil)
		}
		return inv.print(&out, state)
	}
	value, ok := state[key]
	if !ok && strict {
		return failf("%q not found", key)
	}
	return inv.print(&out, value)
}

// stateSet: state-set [--file F|-] k=v ...
func stateSet(inv *invocation) error {
	var flags flagSet
	var file string
	flags.str(&file, "file")
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	values, err := keyValues(args)
	if err != nil {
		return err
	}
	if values, err = inv.settings(file, values); err != nil {
		return err
	}
	for _, key := range sortedKeys(values) {
		if len(key) > maxStateKey {
			return failf("max allowed key length (%d bytes) exceeded", maxStateKey)
		}
		if len(values[key]) > maxStateValue {
			return failf("max allowed value length (%d bytes) exceeded", maxStateValue)
		}
	}
	for key, value := range values {
		inv.ctx.pending.state[key] = &value
	}
	return nil
}

// stateDelete: state-delete <key>.
func stateDelete(inv *invocation) error {
	var flags flagSet
	args, err := flags.parse(inv.args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return nil
	}
	if err := noMore(args[1:]); err != nil {
		return err
	}
	inv.ctx.pending.state[args[0]] = nil
	return nil
}
