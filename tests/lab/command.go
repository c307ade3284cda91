package lab

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// command is a command of Juju as a status message names it.
var command = regexp.MustCompile("`juju (trust|config|integrate) ([^`]+)`")

// ErrNoCommand: a message has no command of Juju that Obey can run.
var ErrNoCommand = errors.New("no command to run")

// Obey runs the command in backquotes in a status message, as the operator would, and settles.
// Words in capitals are for the operator to choose, and are looked up in choices.
func (l *Lab) Obey(ctx context.Context, message string, choices map[string]string) error {
	match := command.FindStringSubmatch(message)
	if match == nil {
		return fmt.Errorf("%w in %q", ErrNoCommand, message)
	}
	words := strings.Fields(match[2])
	for i, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		if !assigned {
			name, value = "", word
		}
		choice, chosen := choices[value]
		switch {
		case chosen && assigned:
			words[i] = name + "=" + choice
		case chosen:
			words[i] = choice
		case value != "" && value == strings.ToUpper(value) && value != strings.ToLower(value):
			return fmt.Errorf("%q leaves %s to the operator, who has not chosen", match[0], value)
		}
	}
	if err := l.run(ctx, match[1], words); err != nil {
		return fmt.Errorf("cannot run %s: %w", match[0], err)
	}
	return l.Settle(ctx)
}

func (l *Lab) run(ctx context.Context, verb string, words []string) error {
	switch {
	case verb == "trust" && len(words) == 2 && words[1] == "--scope=cluster":
		return l.Trust(ctx, words[0])
	case verb == "integrate" && len(words) == 2:
		return l.Relate(ctx, words[0], words[1])
	case verb == "config" && len(words) == 2:
		option, value, ok := strings.Cut(words[1], "=")
		if ok {
			return l.Juju.SetConfig(ctx, words[0], map[string]any{option: value})
		}
	}
	return errors.New("no command of Juju that is known here")
}
