package gocharm

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// actionKey matches the keys that Juju allows for the results of an action.
var actionKey = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

// ActionParams returns the parameters of the running action, with the defaults of its
// schema. Numbers are json.Number.
func (t *Tools) ActionParams(ctx context.Context) (map[string]any, error) {
	var params map[string]any
	if err := t.ask(ctx, &params, "action-get"); err != nil {
		return nil, fmt.Errorf("cannot read action parameters: %w", err)
	}
	return notNil(params), nil
}

// SetActionResults adds to the results of the running action. Results are for the
// operator, and go as arguments: never put a secret in them. A dot in a key makes a tree.
// Without results there is no call.
func (t *Tools) SetActionResults(ctx context.Context, results map[string]string) error {
	if len(results) == 0 {
		return nil
	}
	var args []string
	for _, key := range slices.Sorted(maps.Keys(results)) {
		if !actionKey.MatchString(key) {
			return fmt.Errorf("cannot set action results: %q is not a key for one", key)
		}
		args = append(args, key+"="+results[key])
	}
	if err := t.run(ctx, "action-set", args...); err != nil {
		return fmt.Errorf("cannot set action results: %w", err)
	}
	return nil
}

// FailAction marks the running action as failed and tells the operator why. The process
// must then end with 0, or Juju drops the message.
func (t *Tools) FailAction(ctx context.Context, message string) error {
	var args []string
	if message = printable(message, maxMessage, "\n"); message != "" {
		args = append(args, "--", message)
	}
	if err := t.run(ctx, "action-fail", args...); err != nil {
		return fmt.Errorf("cannot fail action: %w", err)
	}
	return nil
}
