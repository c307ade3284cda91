package pyjson

import (
	"fmt"
	"math"
	"strings"
	"unicode"
)

const (
	// maxRemarks limits what one databag can make the charm write to the log.
	maxRemarks = 20

	// maxText limits a text of another application that the operator sees, in characters.
	maxText = 200
)

// Notes collects remarks for the log on what is left out of a databag, up to a limit, and counts
// the rest. The zero value is empty.
type Notes struct {
	remarks []string
	more    int
}

// Add adds a remark; its arguments are those of fmt.Sprintf.
func (n *Notes) Add(format string, args ...any) {
	if len(n.remarks) == maxRemarks-1 {
		n.more++
		return
	}
	n.remarks = append(n.remarks, fmt.Sprintf(format, args...))
}

// All returns the remarks. The last one says how many more there were.
func (n *Notes) All() []string {
	if n.more == 0 {
		return n.remarks
	}
	return append(n.remarks, fmt.Sprintf("and %d more", n.more))
}

// Plain returns s as one line for a log or a status. Control characters and invisible characters
// count as space, several spaces become one, and spaces at the ends are removed. After maxText
// characters the rest is cut off. Backquotes become apostrophes, because the charm puts commands
// for the operator into backquotes.
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

// Said returns somebody else's words for a log or a status, in quotes, so that nobody takes them
// for the charm's own. They are on one line, and contain nothing that ends a quotation, or that
// separates what is wrong from what to do about it. The result is empty for no words, and otherwise
// not shortened.
func Said(s string) string {
	s = plain(s, math.MaxInt)
	if s == "" {
		return ""
	}
	return `"` + strings.NewReplacer(`"`, "'", ";", ",", `\`, "/").Replace(s) + `"`
}

// Commandless returns s with apostrophes instead of backquotes: the charm puts commands for the
// operator into backquotes, and others must not.
func Commandless(s string) string { return strings.ReplaceAll(s, "`", "'") }

// noCommand turns a backquote, which begins or ends a command, into an apostrophe.
func noCommand(r rune) rune {
	if r == '`' {
		return '\''
	}
	return r
}
