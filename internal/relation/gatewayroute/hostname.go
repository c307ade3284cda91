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

// Lengths of DNS names, in characters. Those of international names are shorter
// than what DNS has in their place, so this is no more than a first bound.
const (
	maxName  = 253
	maxLabel = 63
)

// numericEnd matches a name that clients read as an IPv4 address in one of its
// odder forms, or refuse (URL Standard, "ends in a number").
var numericEnd = regexp.MustCompile(`(?i)\.([0-9]+|0x[0-9a-f]*)$`)

// checkHostname returns what is wrong with a host name. It takes what the Python
// library takes, upper case and letters beyond ASCII included, with two
// differences: underscores, which a Gateway's listeners cannot hold, are refused,
// and a last label of one letter is taken.
//
// Signs that are letters to nobody are refused wherever they stand: zero width
// joiners and marks of direction, which hide in a terminal, as well as the dots,
// slashes and circled digits of other scripts, which normal form turns into ASCII.
// Whoever needs such a name can write it in punycode.
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

// isLabel reports whether label may stand between the dots of a host name: letters,
// with their accents, and digits of any script, and hyphens but at its ends.
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
