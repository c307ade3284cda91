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

const (
	// lineBreak indents the lines of a message after its first, so that none can be
	// taken for an entry of its own.
	lineBreak = "\n    "
	// maxListed is how long one message of a list may be, in bytes: escaped, it still
	// fits into a call.
	maxListed = 2 << 10
)

// Log writes a message to the unit's log, at once. Lines after the first are
// indented, so that none can be taken for an entry of its own; a very long
// message is cut; an empty one is no call.
func (t *Tools) Log(ctx context.Context, level LogLevel, message string) error {
	message = printable(message, maxMessage, lineBreak)
	if message == "" {
		return nil
	}
	if err := t.run(ctx, "juju-log", "--log-level="+string(level), "--", message); err != nil {
		return fmt.Errorf("cannot write log: %w", err)
	}
	return nil
}

// LogList writes messages that come together in few calls, each of up to 16 KiB: a
// single one as Log does, several as lines indented below the heading, which begins
// every entry. A message with lines of its own has them indented further.
func (t *Tools) LogList(ctx context.Context, level LogLevel, heading string, messages []string) error {
	if len(messages) == 1 {
		return t.Log(ctx, level, messages[0])
	}
	entry := heading
	for _, message := range messages {
		message = printable(message, maxListed, lineBreak)
		if message == "" {
			continue
		}
		if entry != heading && len(entry)+len(message) >= maxMessage {
			if err := t.Log(ctx, level, entry); err != nil {
				return err
			}
			entry = heading
		}
		entry += "\n" + message
	}
	if entry == heading {
		return nil
	}
	return t.Log(ctx, level, entry)
}
