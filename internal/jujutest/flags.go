package jujutest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// flagSet parses a hook tool's arguments the way Juju does (github.com/juju/gnuflag): flags and
// positionals may be mixed, "--" ends the flags, a lone "-" is a positional, values come as
// "--name value", "--name=value", "-n value", "-n=value" or "-nvalue".
type flagSet struct {
	flags map[string]*flagDefinition
}

type flagDefinition struct {
	isBool bool
	set    func(string) error
}

func (f *flagSet) value(set func(string) error, names ...string) {
	f.define(&flagDefinition{set: set}, names)
}

func (f *flagSet) str(target *string, names ...string) {
	f.value(func(v string) error { *target = v; return nil }, names...)
}

func (f *flagSet) bool(target *bool, names ...string) {
	set := func(v string) error {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("invalid syntax")
		}
		*target = b
		return nil
	}
	f.define(&flagDefinition{isBool: true, set: set}, names)
}

func (f *flagSet) define(d *flagDefinition, names []string) {
	if f.flags == nil {
		f.flags = make(map[string]*flagDefinition)
	}
	for _, name := range names {
		f.flags[name] = d
	}
}

// parse sets the flags found in args and returns the positionals. Its errors carry Juju's words and
// are argument errors (exit code 2).
func (f *flagSet) parse(args []string) ([]string, error) {
	var positional []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case arg == "--":
			return append(positional, args...), nil
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			positional = append(positional, arg)
		case strings.HasPrefix(arg, "--"):
			args, err = f.parseLong(arg[2:], args)
		default:
			args, err = f.parseShort(arg[1:], args)
		}
		if err != nil {
			return nil, err
		}
	}
	return positional, nil
}

func (f *flagSet) parseLong(flag string, rest []string) ([]string, error) {
	name, value, hasValue := strings.Cut(flag, "=")
	return f.assign("--"+name, name, value, hasValue, rest)
}

// parseShort reads "-x", "-xvalue", "-x=value" and runs of boolean letters such as "-ax".
func (f *flagSet) parseShort(letters string, rest []string) ([]string, error) {
	for letters != "" {
		_, size := utf8.DecodeRuneInString(letters)
		name := letters[:size]
		letters = letters[size:]
		d, ok := f.flags[name]
		if ok && d.isBool && !strings.HasPrefix(letters, "=") {
			if _, err := f.assign("-"+name, name, "", false, nil); err != nil {
				return nil, err
			}
			continue
		}
		value := strings.TrimPrefix(letters, "=")
		return f.assign("-"+name, name, value, letters != "", rest)
	}
	return rest, nil
}

func (f *flagSet) assign(shown, name, value string, hasValue bool, rest []string) ([]string, error) {
	d, ok := f.flags[name]
	if !ok {
		return nil, usagef("option provided but not defined: %s", shown)
	}
	if !hasValue && d.isBool {
		value, hasValue = "true", true
	}
	if !hasValue {
		if len(rest) == 0 {
			return nil, usagef("option needs an argument: %s", shown)
		}
		value, rest = rest[0], rest[1:]
	}
	if err := d.set(value); err != nil {
		if d.isBool {
			return nil, usagef("invalid boolean value %q for option %s: %v", value, shown, err)
		}
		return nil, usagef("invalid value %q for option %s: %v", value, shown, err)
	}
	return rest, nil
}
