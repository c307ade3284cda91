package gatewayroute

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Lengths of DNS names, in characters. International names have fewer characters than their form in
// DNS, so this is only a first check.
const (
	maxName  = 253
	maxLabel = 63
)

// numericEnd matches a name that clients read as an IPv4 address in one of its unusual forms, or
// refuse (URL Standard, "ends in a number").
var numericEnd = regexp.MustCompile(`(?i)\.([0-9]+|0x[0-9a-f]*)$`)

// checkHostname returns what is wrong with a host name. It accepts what the Python library accepts,
// including upper case and letters beyond ASCII, with two differences: it refuses underscores,
// which a Gateway's listeners cannot hold, and accepts a last label of one letter.
//
// It refuses signs that are not letters, wherever they are: zero width joiners and marks of
// direction, which a terminal does not show, and also the dots, slashes and circled digits of other
// scripts, which normal form turns into ASCII. Whoever needs such a name can write it in punycode.
func checkHostname(name string) error {
	if name == "" {
		return errors.New("empty; a DNS name is needed")
	}
	if utf8.RuneCountInString(name) > maxName {
		return fmt.Errorf("longer than %d characters", maxName)
	}
	shown := pyjson.Excerpt(name)
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return fmt.Errorf("%s is an IP address; a DNS name is needed", shown)
	}
	if strings.Contains(name, "*") {
		return fmt.Errorf("%s has a wildcard; a full DNS name is needed", shown)
	}
	if strings.HasSuffix(name, ".") {
		return fmt.Errorf("%s ends in a dot", shown)
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return fmt.Errorf("%s is not a DNS name", shown)
		}
	}
	if len(labels) == 1 {
		return fmt.Errorf("%s has no domain; a full DNS name is needed", shown)
	}
	if numericEnd.MatchString(name) {
		return fmt.Errorf("%s ends in a number, and would be taken for an IP address", shown)
	}
	return nil
}

// isLabel reports whether label is one of the parts between the dots of a host name: letters with
// their accents and digits, of any script, and hyphens except at its ends.
func isLabel(label string) bool {
	if label == "" || utf8.RuneCountInString(label) > maxLabel {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(label); unicode.IsMark(first) {
		return false
	}
	if strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
		return false
	}
	for _, r := range label {
		if r != '-' && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return true
}
