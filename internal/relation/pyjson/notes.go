package pyjson

import (
	"fmt"
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
// words only, and after maxText characters the rest is cut off.
func Plain(s string) string {
	var kept []rune
	space := false
	for _, r := range s {
		if r == ' ' || !unicode.IsPrint(r) {
			space = len(kept) > 0
			continue
		}
		if space && len(kept) < maxText {
			kept = append(kept, ' ')
		}
		space = false
		if len(kept) == maxText {
			return string(kept) + "..."
		}
		kept = append(kept, r)
	}
	return string(kept)
}
