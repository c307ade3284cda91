package gocharm

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Maximum lengths of texts, in bytes. Escaping may make a text five times as long, and
// Linux takes arguments of less than 128 KiB.
const (
	maxMessage = 16 << 10 // log, action
	maxStatus  = 2 << 10  // status, version
)

// printable returns a text that can be an argument and be shown to people: valid UTF-8,
// with non-printing characters escaped, because text from another charm might play tricks
// on a terminal. Line breaks become lineBreak. A text longer than limit bytes is cut, and
// says so.
func printable(text string, limit int, lineBreak string) string {
	text = strings.TrimRightFunc(strings.ReplaceAll(text, "\r\n", "\n"), unicode.IsSpace)
	more := ""
	if len(text) > limit {
		for limit > 0 && !utf8.RuneStart(text[limit]) {
			limit--
		}
		more = fmt.Sprintf("... (%d bytes more)", len(text)-limit)
		text = text[:limit]
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '\n':
			b.WriteString(lineBreak)
		case r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String() + more
}
