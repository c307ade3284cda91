package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An option is one of the charm's options: all that there is to know of it, but what it does.
type option struct {
	name string
	// example stands for a value in a command that sets the option.
	example string
	// held options stay as they are served while any option is wrong; see [Config.Held].
	held bool
	// parse reads a value as config-get gives it, nil for one that is not set, into its field.
	// With an error the field has a value that does no harm.
	parse func(c *Config, value any) error
	// show is the value that parse reads, nil for the default.
	show func(c Config) any
}

// bound is an option that is a number from 1 to the most that it may be. Zero is the default too.
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

// ParseConfig validates the options as config-get gives them. Each option that is not valid is
// named in the problems; the caller then keeps what is served as it is, see [Config.Held].
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

// ExampleOf stands for a value in a command that sets an option: "CLASS", or a value that is right.
func ExampleOf(name string) string {
	i := slices.IndexFunc(options, func(o option) bool { return o.name == name })
	return options[i].example
}

// Held returns the options that are in force while some are wrong: those on which what is served
// depends all stay as they are. Options are set together: one that is right beside one
// that is wrong is half of what was meant, and may take traffic down. enforce-https counts at
// once, since it is what keeps traffic out of the clear.
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
		panic(err) // What show gives is what parse reads.
	}
}

// Note writes down the options that are held, as a JSON object by their names. Those that
// have their default are left out, but for the two that the first release wrote always.
// Without the host it is the one of a Gateway that no option tells.
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

// ReadNote reads what [Config.Note] wrote. Others can edit it: ok is false for what no Config
// writes, since it would end in every object.
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

// optionNumber reads a number in bounds; nil is the default.
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
