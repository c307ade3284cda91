package gocharm

import (
	"context"
	"fmt"
)

// LogLevel is the level of a message in Juju's log.
type LogLevel string

// The levels of Juju's log.
const (
	LevelTrace    LogLevel = "TRACE"
	LevelDebug    LogLevel = "DEBUG"
	LevelInfo     LogLevel = "INFO"
	LevelWarning  LogLevel = "WARNING"
	LevelError    LogLevel = "ERROR"
	LevelCritical LogLevel = "CRITICAL"
)

// Log writes a message to the unit's log, at once. Lines after the first are
// indented, so that none can be taken for an entry of its own; a very long
// message is cut; an empty one is no call.
func (t *Tools) Log(ctx context.Context, level LogLevel, message string) error {
	message = printable(message, maxMessage, "\n    ")
	if message == "" {
		return nil
	}
	if err := t.run(ctx, "juju-log", "--log-level="+string(level), "--", message); err != nil {
		return fmt.Errorf("cannot write log: %w", err)
	}
	return nil
}
