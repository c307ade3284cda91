package gocharm

import (
	"context"
	"fmt"
)

// Config returns the charm's options that are set or have a default. Values are string,
// bool or json.Number; a secret's value is a string, its URI. They do not change while
// the hook runs.
func (t *Tools) Config(ctx context.Context) (map[string]any, error) {
	var config map[string]any
	if err := t.ask(ctx, &config, "config-get"); err != nil {
		return nil, fmt.Errorf("cannot read config: %w", err)
	}
	return notNil(config), nil
}
