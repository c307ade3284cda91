package pki

import (
	"encoding/pem"
	"strings"
)

// The lines of PEM. After each come the type and more dashes.
const (
	begin  = "-----BEGIN "
	end    = "-----END "
	dashes = "-----"
)

// Blocks returns the PEM blocks of a text, in their order. It ignores everything else.
func Blocks(text string) []*pem.Block {
	var all []*pem.Block
	for rest := []byte(Separate(text)); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return all
		}
		all = append(all, block)
	}
}

// First returns the first PEM block of a text; nil if there is none.
func First(text string) *pem.Block {
	block, _ := pem.Decode([]byte(Separate(text)))
	return block
}

// Separate returns text with each line that begins or ends a PEM block on a line of its own;
// otherwise Go ignores the block. It returns text unchanged if that is so already.
func Separate(text string) string {
	var separated strings.Builder
	kept := 0 // up to here text is in separated
	for at := 0; ; {
		next := strings.Index(text[at:], dashes)
		if next < 0 {
			break
		}
		at += next
		word := ""
		for _, one := range []string{begin, end} {
			if strings.HasPrefix(text[at:], one) {
				word = one
			}
		}
		if word == "" {
			at++ // More than five dashes: the line begins with the last of them.
			continue
		}
		if at > 0 && text[at-1] != '\n' {
			separated.WriteString(text[kept:at] + "\n")
			kept = at
		}
		at += len(word)
		kind := strings.Index(text[at:], dashes)
		if kind < 0 {
			break
		}
		if word == begin || strings.ContainsAny(text[at:at+kind], "\r\n") {
			continue
		}
		at += kind + len(dashes)
		if rest := text[at:]; rest != "" && rest[0] != '\n' && !strings.HasPrefix(rest, "\r\n") {
			separated.WriteString(text[kept:at] + "\n")
			kept = at
		}
	}
	if kept == 0 {
		return text
	}
	separated.WriteString(text[kept:])
	return separated.String()
}
