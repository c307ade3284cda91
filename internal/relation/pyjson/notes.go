package pyjson

import (
	"fmt"
	"math"
	"strings"
	"unicode"
)

const (
	// maxRemarks bounds what one databag can make the charm write to the log.
	maxRemarks = 20

	// maxText bounds a text of a peer's that is shown to the operator, in characters.
	maxText = 200
)

// Notes collects remarks on what is left out of a databag, for the log: up to a bound,
// and counts the rest. The zero value is empty.
type Notes struct {
	remarks []string
	more    int
}

// Add makes a remark as fmt.Sprintf does.
func (n *Notes) Add(format string, args ...any) {
	if len(n.remarks) == maxRemarks-1 {
		n.more++
		return
	}
	n.remarks = append(n.remarks, fmt.Sprintf(format, args...))
}

// All returns the remarks, the last of them telling how many there was no room for.
func (n *Notes) All() []string {
	if n.more == 0 {
		return n.remarks
	}
	return append(n.remarks, fmt.Sprintf("and %d more", n.more))
}

// Plain returns s as one line that is fit for a log or a status: what controls the
// line or cannot be seen in it counts as space, space is one blank and stands between
// words only, and after maxText characters the rest is cut off. Backquotes, in which the
// charm has commands for the operator to run, become apostrophes.
func Plain(s string) string { return plain(s, maxText) }

func plain(s string, limit int) string {
	var kept []rune
	space := false
	for _, r := range s {
		if r == ' ' || !unicode.IsPrint(r) {
			space = len(kept) > 0
			continue
		}
		if space && len(kept) < limit {
			kept = append(kept, ' ')
		}
		space = false
		if len(kept) == limit {
			return string(kept) + "..."
		}
		kept = append(kept, noCommand(r))
	}
	return string(kept)
}

// Said returns the words of somebody else for a log or a status, in quotes, so that they
// are not taken for the charm's own: on one line, and with none of what ends a quotation, or parts
// what is wrong from what to do about it. It is empty for no words, and as long as s.
func Said(s string) string {
	s = plain(s, math.MaxInt)
	if s == "" {
		return ""
	}
	return `"` + strings.NewReplacer(`"`, "'", ";", ",", `\`, "/").Replace(s) + `"`
}

// Commandless returns s with apostrophes for backquotes: in these the charm has commands for the
// operator to run, and others must not.
func Commandless(s string) string { return strings.ReplaceAll(s, "`", "'") }

// noCommand makes what looks like the beginning or the end of a command an apostrophe.
func noCommand(r rune) rune {
	if r == '`' {
		return '\''
	}
	return r
}
