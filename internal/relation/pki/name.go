package pki

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// SameName reports whether two names in DER are the same for OpenSSL. OpenSSL ignores the string
// type of a part of the name, case in ASCII, and the amount of white space. Go compares the bytes.
func SameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	one, ok := canonical(a)
	if !ok {
		return false
	}
	other, ok := canonical(b)
	return ok && one == other
}

// canonical returns the form in which names are compared.
func canonical(name []byte) (string, bool) {
	var text strings.Builder
	outer := reader{rest: name}
	sets := reader{rest: outer.take(tagSequence).content}
	if outer.failed {
		return "", false
	}
	for sets.more() {
		var parts []string
		for attributes := (reader{rest: sets.take(tagSet).content}); attributes.more(); {
			attribute := reader{rest: attributes.take(tagSequence).content}
			id, value := attribute.take(tagOID), attribute.any()
			if attributes.failed || attribute.failed {
				return "", false
			}
			parts = append(parts, string(id.full)+canonicalValue(value))
		}
		slices.Sort(parts)
		text.WriteString("/" + strings.Join(parts, "+"))
	}
	return text.String(), !sets.failed
}

// canonicalValue returns the text of a string, and the bytes of anything else.
func canonicalValue(value element) string {
	var text string
	switch value.tag {
	case 0x0c, 0x13, 0x16, 0x1a: // UTF8String, PrintableString, IA5String, VisibleString
		text = string(value.content)
	case 0x14: // T61String, which in practice holds Latin-1
		for _, b := range value.content {
			text += string(rune(b))
		}
	case 0x1e: // BMPString
		var units []uint16
		for pair := range slices.Chunk(value.content, 2) {
			if len(pair) == 2 {
				units = append(units, uint16(pair[0])<<8|uint16(pair[1]))
			}
		}
		text = string(utf16.Decode(units))
	case 0x1c: // UniversalString
		for four := range slices.Chunk(value.content, 4) {
			if len(four) == 4 {
				text += string(rune(four[0])<<24 | rune(four[1])<<16 | rune(four[2])<<8 | rune(four[3]))
			}
		}
	default:
		return string(value.full)
	}
	lower := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
	return "\x0c" + strings.Join(strings.FieldsFunc(lower, func(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) }), " ")
}
