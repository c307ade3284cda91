package tlscertificates

import (
	"fmt"
	"unicode"
)

const (
	// maxRemarks bounds what one databag can make the charm write to the log.
	maxRemarks = 20

	// maxText bounds a text of the provider's that is shown to the operator.
	maxText = 200
)

// notes collects remarks up to a bound and counts the rest.
type notes struct {
	remarks []string
	more    int
}

func (n *notes) add(format string, args ...any) {
	if len(n.remarks) == maxRemarks-1 {
		n.more++
		return
	}
	n.remarks = append(n.remarks, fmt.Sprintf(format, args...))
}

// all returns the remarks, the last of them telling how many there was no room for.
func (n *notes) all() []string {
	if n.more == 0 {
		return n.remarks
	}
	return append(n.remarks, fmt.Sprintf("and %d more", n.more))
}

// plain returns s fit for a line of a log or a status: no characters that control the
// line or cannot be seen in it, and not longer than maxText characters.
func plain(s string) string {
	var kept []rune
	for _, r := range s {
		if len(kept) == maxText {
			return string(kept) + "..."
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		kept = append(kept, r)
	}
	return string(kept)
}
