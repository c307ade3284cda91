package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An option is one of the charm's options, with everything about it except what it does.
type option struct {
	name string
	// example is a value for a command that sets the option.
	example string
	// held options stay as they are served while any option is wrong; see [Config.Held].
	held bool
	// parse reads a value from config-get, nil for an option that is not set, into its field. If it
	// returns an error, the field has a value that does no harm.
	parse func(c *Config, value any) error
	// show returns a value for parse; nil for the default.
	show func(c Config) any
}

// bound returns an option that is a number from 1 to a maximum. Zero is the default too.
func bound(name string, byDefault, most int, field func(*Config) *int) option {
	return option{
		name: name, example: fmt.Sprint(byDefault), held: true,
		parse: func(c *Config, value any) error {
			number, err := optionNumber(value, int64(byDefault), 1, int64(most))
			if err != nil {
				number = int64(byDefault)
			}
			*field(c) = int(number)
			return err
		},
		show: func(c Config) any {
			if number := *field(&c); number != 0 && number != byDefault {
				return number
			}
			return nil
		},
	}
}

// ParseConfig validates the options as config-get returns them. The problems name each option that
// is not valid; the caller then keeps what is served as it is, see [Config.Held].
func ParseConfig(values map[string]any) (Config, []Problem) {
	var config Config
	var problems []Problem
	for _, o := range options {
		if err := o.parse(&config, values[o.name]); err != nil {
			// The operator knows the value, and a status has no room for it.
			value, _ := values[o.name].(string)
			message := strings.TrimPrefix(err.Error(), Quote(strings.TrimSpace(value))+" ")
			problems = append(problems, Problem{Option: o.name, Message: message})
		}
	}
	return config, problems
}

// ExampleOf returns a value for a command that sets an option: "CLASS", or a valid value.
func ExampleOf(name string) string {
	i := slices.IndexFunc(options, func(o option) bool { return o.name == name })
	return options[i].example
}

// Held returns the options that are in force while some are wrong: all options that affect what is
// served stay as they are. Options are set together: a right option beside a wrong one is half of
// what was meant, and may take traffic down. enforce-https takes effect at once, because it keeps
// traffic from being served over plain HTTP.
func (c Config) Held(served Config) Config {
	for _, o := range options {
		if o.held {
			c.take(o, served)
		}
	}
	return c
}

// With returns the options with one of them as it is served.
func (c Config) With(name string, served Config) Config {
	for _, o := range options {
		if o.name == name && o.held {
			c.take(o, served)
		}
	}
	return c
}

// take sets one option to what another Config has.
func (c *Config) take(o option, from Config) {
	if err := o.parse(c, o.show(from)); err != nil {
		panic(err) // parse reads what show returns.
	}
}

// Note writes the held options as a JSON object, by their names. It leaves out options that have
// their default, except the two that the first release always wrote. If the host is unknown, it
// leaves out the host.
func (c Config) Note(hostKnown bool) string {
	var text strings.Builder
	for _, o := range options {
		value := o.show(c)
		if !o.held || value == nil || o.name == OptionExternalHostname && !hostKnown {
			continue
		}
		member, err := json.Marshal(map[string]any{o.name: value})
		if err != nil {
			panic(err) // Strings and numbers always marshal.
		}
		text.WriteString("," + string(member[1:len(member)-1]))
	}
	return "{" + strings.TrimPrefix(text.String(), ",") + "}"
}

// ReadNote reads what [Config.Note] wrote. Others can edit that text: ok is false for text that no
// Config writes, because its values would end up in every object.
func ReadNote(text string) (config Config, hostKnown, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil || decoder.More() {
		return Config{}, false, false
	}
	config, problems := ParseConfig(values)
	for _, o := range options {
		given, noted := values[o.name]
		if noted && o.held && fmt.Sprint(given) != fmt.Sprint(o.show(config)) {
			return Config{}, false, false
		}
	}
	_, hostKnown = values[OptionExternalHostname].(string)
	return config, hostKnown, len(problems) == 0
}

func optionString(value any) (string, error) {
	switch value := value.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(value), nil
	default:
		return "", errors.New("must be text")
	}
}

// optionNumber reads a number within limits; nil is the default.
func optionNumber(value any, byDefault, least, most int64) (int64, error) {
	var number int64
	var err error
	switch given := value.(type) {
	case nil:
		return byDefault, nil
	case json.Number:
		number, err = given.Int64()
	case int:
		number = int64(given)
	case int64:
		number = given
	default:
		err = errors.New("not a number")
	}
	if err != nil || number < least || number > most {
		return 0, fmt.Errorf("is %d to %d", least, most)
	}
	return number, nil
}
