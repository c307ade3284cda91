package gocharm

import (
	"context"
	"fmt"
)

// IsLeader reports whether this unit leads its application. A yes is valid for half a
// minute: a later write may fail with ErrNotLeader.
func (t *Tools) IsLeader(ctx context.Context) (bool, error) {
	var leader bool
	if err := t.ask(ctx, &leader, "is-leader"); err != nil {
		return false, fmt.Errorf("cannot read leadership: %w", err)
	}
	return leader, nil
}
