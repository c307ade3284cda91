package pyjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of what is read from another application's databag. Real databags are far smaller: an
// ingress requirer writes some hundred bytes, and a certificate with its chain takes some ten
// kilobytes.
const (
	MaxBag     = 4 << 20  // bytes of all keys and values of a bag
	MaxEntry   = 64 << 10 // bytes of one value, or of one element of a list
	MaxEntries = 1000     // keys of a bag, elements of a list
)

// ErrTrailing says that a value continues after its JSON document.
var ErrTrailing = errors.New("more than one JSON document")

// CheckBag returns an error if the databag as a whole exceeds the limits. Readers check single
// values, because some of them may be long lists.
func CheckBag(bag map[string]string) error {
	if len(bag) > MaxEntries {
		return fmt.Errorf("databag has %d keys, more than %d", len(bag), MaxEntries)
	}
	size := 0
	for key, value := range bag {
		size += len(key) + len(value)
	}
	if size > MaxBag {
		return fmt.Errorf("databag has %d bytes, more than %d", size, MaxBag)
	}
	return nil
}

// Unmarshal decodes text, which must be one JSON document, into v; numbers in an interface become
// json.Number. White space around the document is fine, anything else is ErrTrailing. NaN and
// Infinity, which Python accepts, are errors.
func Unmarshal(text string, v any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return ErrTrailing
	}
	return nil
}

// List returns the elements of the JSON array text, undecoded. It reads them one by one, so that a
// list of millions is refused before it is built in memory.
func List(text string) ([]json.RawMessage, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	token, err := decoder.Token()
	if err != nil {
		return nil, errors.New("not JSON")
	}
	if token != json.Delim('[') {
		return nil, errors.New("not a list")
	}
	var elements []json.RawMessage
	for decoder.More() {
		if len(elements) == MaxEntries {
			return nil, fmt.Errorf("more than %d entries", MaxEntries)
		}
		var element json.RawMessage
		if err := decoder.Decode(&element); err != nil {
			return nil, errors.New("not JSON")
		}
		elements = append(elements, element)
	}
	if _, err := decoder.Token(); err != nil { // the closing bracket
		return nil, errors.New("not JSON")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrTrailing
	}
	return elements, nil
}

// Object returns the members of the JSON object text, undecoded. Names are case-sensitive, as in
// Python and unlike in a Go struct. If two members have the same name, the last counts.
func Object(text string) (map[string]json.RawMessage, error) {
	if len(text) > MaxEntry {
		return nil, fmt.Errorf("longer than %d bytes", MaxEntry)
	}
	var members map[string]json.RawMessage
	if err := Unmarshal(text, &members); err != nil || members == nil {
		return nil, errors.New("not a JSON object")
	}
	return members, nil
}

// String returns the JSON string text, and whether text is one.
func String(text string) (string, bool) {
	var value any
	if err := Unmarshal(text, &value); err != nil {
		return "", false
	}
	s, ok := value.(string)
	return s, ok
}

// Bool returns the boolean text, and whether text is one. Besides true and false it accepts 1, 0
// and the words that pydantic accepts, because the Python charms accept them and a requirer that
// they serve must stay served.
func Bool(text string) (value, ok bool) {
	var decoded any
	if err := Unmarshal(text, &decoded); err != nil {
		return false, false
	}
	switch v := decoded.(type) {
	case bool:
		return v, true
	case json.Number:
		return v == "1", v == "1" || v == "0"
	case string:
		switch strings.ToLower(v) {
		case "true", "t", "yes", "y", "on", "1":
			return true, true
		case "false", "f", "no", "n", "off", "0":
			return false, true
		}
	}
	return false, false
}

// Int returns the whole number text, and whether text is one within the limits. Floats (8080.0,
// 1e3), booleans and quoted numbers are not.
func Int(text string, minimum, maximum int) (int, bool) {
	var decoded any
	if err := Unmarshal(text, &decoded); err != nil {
		return 0, false
	}
	number, ok := decoded.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(number.String())
	return n, err == nil && minimum <= n && n <= maximum
}

// IsNull reports whether text is the JSON null, which Python's None becomes.
func IsNull(text string) bool {
	return strings.Trim(text, " \t\r\n") == "null"
}

// Excerpt returns s for a message to the operator: quoted, ASCII, cut after 40 bytes, and with
// apostrophes instead of backquotes. The charm repeats text of other applications in no other form.
func Excerpt(s string) string {
	const limit = 40
	s = strings.Map(noCommand, s)
	if len(s) <= limit {
		return strconv.QuoteToASCII(s)
	}
	return strconv.QuoteToASCII(s[:limit]) + "..."
}
