package gocharm

import (
	"context"
	"fmt"
)

// State returns what this unit has stored with SetState. The controller keeps it, so it
// outlives the pod.
func (t *Tools) State(ctx context.Context) (map[string]string, error) {
	var state map[string]string
	if err := t.ask(ctx, &state, "state-get"); err != nil {
		return nil, fmt.Errorf("cannot read stored state: %w", err)
	}
	return notNil(state), nil
}

// SetState stores values. Other keys stay. A key has up to 256 bytes, a value up to 64
// KiB. Without values there is no call.
func (t *Tools) SetState(ctx context.Context, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	if err := t.sendMap(ctx, values, "state-set"); err != nil {
		return fmt.Errorf("cannot store state: %w", err)
	}
	return nil
}

// DeleteState deletes a stored value. It is no error if there is none.
func (t *Tools) DeleteState(ctx context.Context, key string) error {
	if err := t.run(ctx, "state-delete", "--", key); err != nil {
		return fmt.Errorf("cannot delete stored state: %w", err)
	}
	return nil
}
