package pki_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/relation/pki"
)

// element returns a value of ASN.1 whose length has so many bytes more than the first.
func element(tag byte, lengthBytes int, content string) string {
	if lengthBytes == 0 {
		return string([]byte{tag, byte(len(content))}) + content
	}
	length := make([]byte, lengthBytes)
	for i, rest := lengthBytes-1, len(content); i >= 0; i, rest = i-1, rest>>8 {
		length[i] = byte(rest)
	}
	return string([]byte{tag, 0x80 | byte(lengthBytes)}) + string(length) + content
}

// commonName returns a name of one part, whose bytes are DER except for its lengths.
func commonName(lengthBytes int, value string) string {
	attribute := element(0x30, lengthBytes, "\x06\x03\x55\x04\x03"+value)
	return element(0x30, lengthBytes, element(0x31, lengthBytes, attribute))
}

// same compares names that have no readable memory after them.
func same(a, b string) bool {
	return pki.SameName(slices.Clip([]byte(a)), slices.Clip([]byte(b)))
}

// A length may have up to four bytes, even if it needs fewer.
func TestLengths(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 31, 127, 128, 255, 256, 1000} {
		text := strings.Repeat("x", size)
		reference := commonName(4, element(0x13, 4, text))
		for lengthBytes := range 6 {
			if size >= 1<<(8*lengthBytes) && lengthBytes > 0 || size > 127 && lengthBytes == 0 {
				continue
			}
			value := element(0x0c, lengthBytes, text)
			if got := same(commonName(4, value), reference); got != (lengthBytes <= 4) {
				t.Errorf("%d characters, %d bytes more of length: same %t", size, lengthBytes, got)
			}
		}
	}
}

// A name that cannot be read to its end equals only itself.
func TestBrokenNames(t *testing.T) {
	t.Parallel()
	const id = "\x06\x03\x55\x04\x03"
	set := func(content string) string { return element(0x31, 0, content) }
	part := func(content string) string { return element(0x31, 1, element(0x30, 1, content)) }
	whole := part(id + "\x0c\x01a")
	for name, sets := range map[string]string{
		"no length":                          part(id + "\x0c"),
		"less than its length":               part(id + "\x0c\x05a"),
		"less than the length of its length": part(id + "\x0c\x82\x01"),
		"no end":                             part(id + "\x0c\x80" + strings.Repeat("a", 128)),
		"a tag of several bytes":             part(id + "\x1f\x01a"),
		"no value":                           part(id),
		"no kind":                            part("\x0c\x01a"),
		"no part":                            set("\x0c\x01a"),
		"no set":                             "\x0c\x01a",
		"a byte too many":                    whole + "\x31",
		"a byte too many in a set":           set(element(0x30, 0, id+"\x0c\x01a") + "\x30"),
	} {
		short, long := element(0x30, 1, sets), element(0x30, 2, sets)
		if same(short, long) || !same(short, short) {
			t.Errorf("%s: is taken for a name", name)
		}
	}
	if !same(element(0x30, 0, whole), element(0x30, 1, whole)) {
		t.Error("what is not broken is not the same")
	}
	for _, none := range []string{"", "\x30", "\x31\x00", "\x30\x05"} {
		if same(none, "\x30\x00") || same("\x30\x00", none) {
			t.Errorf("%q is taken for the empty name", none)
		}
	}
}

// Each string type has bytes of its own for the same text.
func TestKindsOfStrings(t *testing.T) {
	t.Parallel()
	wide := func(text string, size int) string {
		var content []byte
		for _, r := range text {
			all := []byte{byte(r >> 24), byte(r >> 16), byte(r >> 8), byte(r)}
			content = append(content, all[4-size:]...)
		}
		return string(content)
	}
	for _, c := range []struct {
		text    string
		encoded map[byte]string
	}{
		{"Corp Root", map[byte]string{0x0c: "Corp Root", 0x13: "Corp Root", 0x14: "Corp Root", 0x16: "Corp Root", 0x1a: "Corp Root", 0x1e: wide("Corp Root", 2), 0x1c: wide("Corp Root", 4)}},
		{"Žofín", map[byte]string{0x1e: wide("Žofín", 2), 0x1c: wide("Žofín", 4)}},
		{"CA 😀", map[byte]string{0x1e: "\x00C\x00A\x00 \xd8\x3d\xde\x00", 0x1c: wide("CA 😀", 4)}},
		{"cut", map[byte]string{0x1e: wide("cut", 2) + "\x00", 0x1c: wide("cut", 4) + "\x00\x00\x00"}},
	} {
		reference := commonName(0, element(0x0c, 0, c.text))
		for tag, content := range c.encoded {
			if got := commonName(1, element(tag, 0, content)); !same(got, reference) {
				t.Errorf("%q, tag %#x: another name", c.text, tag)
			}
			if got := commonName(1, element(tag+0x20, 0, content)); same(got, reference) {
				t.Errorf("%q, tag %#x: the same name", c.text, tag+0x20)
			}
		}
	}
}

// ASCII letters are the same in both cases, and no others are.
func TestCaseOfNames(t *testing.T) {
	t.Parallel()
	for a, b := range map[string]string{"AMZ": "amz", "@": "`", "[": "{", "\u00c0": "\u00e0"} {
		one, other := commonName(0, element(0x0c, 0, a)), commonName(0, element(0x0c, 0, b))
		if got := same(one, other); got != (a == "AMZ") {
			t.Errorf("%q and %q: same %t", a, b, got)
		}
	}
}

// A part may have several values, in no order; the parts have an order.
func TestOrderOfNames(t *testing.T) {
	t.Parallel()
	attributes := []string{
		element(0x30, 0, "\x06\x03\x55\x04\x03\x0c\x01a"), // CN=a
		element(0x30, 0, "\x06\x03\x55\x04\x0a\x0c\x01b"), // O=b
	}
	inSet := func(attributes []string) string {
		return element(0x30, 0, element(0x31, 0, strings.Join(attributes, "")))
	}
	inSequence := func(attributes []string) string {
		return element(0x30, 0, element(0x31, 0, attributes[0])+element(0x31, 0, attributes[1]))
	}
	turned := slices.Clone(attributes)
	slices.Reverse(turned)
	if !same(inSet(attributes), inSet(turned)) {
		t.Error("values of one part have an order")
	}
	if same(inSequence(attributes), inSequence(turned)) || same(inSet(attributes), inSequence(attributes)) {
		t.Error("parts have no order")
	}
}
