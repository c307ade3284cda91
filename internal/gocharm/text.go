package gocharm

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How long a text may be, in bytes. Escaping may lengthen a text five-fold, and
// Linux takes arguments below 128 KiB.
const (
	maxMessage = 16 << 10 // log, action
	maxStatus  = 2 << 10  // status, version
)

// printable returns a text fit to be an argument and to be shown to people:
// valid UTF-8, with characters that do not print escaped, as text from another
// charm might play tricks on a terminal; line breaks as given; cut after limit
// bytes, saying so.
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
