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
	// lineBreak indents the lines of a message after its first, so that none looks like a
	// log entry of its own.
	lineBreak = "\n    "
	// maxListed is the maximum length of one message of a list, in bytes. Escaped, it
	// still fits into a call.
	maxListed = 2 << 10
)

// Log writes a message to the unit's log, at once. Lines after the first are indented, so
// that none looks like an entry of its own. A very long message is cut. An empty message
// makes no call.
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

// LogList writes several messages in few calls, each of up to 16 KiB. A single message is
// written as Log does it. Several are lines indented below the heading, which begins
// every entry. Further lines of a message are indented further.
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
