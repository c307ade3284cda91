package jujutest

import (
	"context"
	"fmt"
	"strconv"
)

// SetConfig sets options of an application as juju config does. Values have the option's type or
// are strings. An unknown option or a value of another type is an error and changes nothing.
func (j *Juju) SetConfig(ctx context.Context, app string, values map[string]any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := j.application(app)
	if err != nil {
		return err
	}
	return a.setConfig(values)
}

// ResetConfig returns options to their defaults.
func (j *Juju) ResetConfig(ctx context.Context, app string, names ...string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := j.application(app)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := a.option(name); err != nil {
			return err
		}
	}
	for _, name := range names {
		delete(a.config, name)
	}
	return nil
}

// Trust grants or removes the application's cluster permissions. config-changed follows.
func (j *Juju) Trust(ctx context.Context, app string, trusted bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	a, err := j.application(app)
	if err != nil {
		return err
	}
	a.trust = trusted
	return nil
}

func (a *application) option(name string) (charmOption, error) {
	if a.charm == nil {
		return charmOption{}, fmt.Errorf("application %q is scripted and has no options", a.name)
	}
	option, ok := a.charm.options[name]
	if !ok {
		return charmOption{}, fmt.Errorf("unknown option %q", name)
	}
	return option, nil
}

func (a *application) setConfig(values map[string]any) error {
	typed := make(map[string]any, len(values))
	for _, name := range sortedKeys(values) {
		option, err := a.option(name)
		if err != nil {
			return err
		}
		if typed[name], err = option.coerce(name, values[name]); err != nil {
			return err
		}
	}
	for name, value := range typed {
		a.config[name] = value
	}
	return nil
}

// effectiveConfig returns every option of the charm in the unit's pod; options without a value are nil.
func (u *unit) effectiveConfig() map[string]any {
	config := make(map[string]any, len(u.charm.options))
	for name, option := range u.charm.options {
		config[name] = nil
		if option.Default != nil {
			// Checked when the charm was read.
			config[name], _ = option.coerce(name, option.Default)
		}
		if value, ok := u.app.config[name]; ok {
			config[name] = value
		}
	}
	return config
}

// configHash changes with everything that config-changed tells a charm of.
func (u *unit) configHash() string {
	text := u.address + "\n" + strconv.FormatBool(u.app.trust) + "\n"
	config := u.effectiveConfig()
	for _, name := range sortedKeys(config) {
		text += fmt.Sprintf("%s=%#v\n", name, config[name])
	}
	return shortHash(text)
}
