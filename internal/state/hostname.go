package state

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// hostLabel is one label of a host name as Gateway API's listeners take it.
var hostLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// numericEnd matches a name that clients read as an IPv4 address in one of its
// odder forms, or refuse (URL Standard, "ends in a number").
var numericEnd = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)$`)

// NormalizeHostname returns the form in which a host name is served: lower case,
// international names in punycode. It refuses what a Gateway API listener
// cannot hold (Gateway API, type Hostname): IP addresses, a trailing dot, names
// past 253 characters; and what no URL can be made of: wildcards, and names that
// end in a number.
func NormalizeHostname(name string) (string, error) {
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return "", fmt.Errorf("%s is an IP address", Quote(name))
	}
	if strings.Contains(name, "*") {
		return "", fmt.Errorf("%s has a wildcard", Quote(name))
	}
	if len(name) > 4*253 {
		return "", fmt.Errorf("%s is longer than 253 characters", Quote(name))
	}
	ascii, err := lookup.ToASCII(name)
	if err != nil || !utf8.ValidString(name) {
		// The library's error repeats the name; the operator has it already.
		return "", fmt.Errorf("%s is not a DNS name", Quote(name))
	}
	ascii = strings.ToLower(ascii)
	if len(ascii) > 253 {
		return "", fmt.Errorf("%s is longer than 253 characters", Quote(name))
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if !hostLabel.MatchString(label) || !validPunycode(label) {
			return "", fmt.Errorf("%s is not a DNS name", Quote(name))
		}
	}
	if numericEnd.MatchString(ascii) {
		return "", fmt.Errorf("%s ends in a number", Quote(name))
	}
	return ascii, nil
}

// lookup maps names as idna.Lookup does, and lets hyphens stand where IDNA keeps two of
// them for itself: pr--42 and r3---sn-x are names in use, of which only who registers
// international names has to beware.
var lookup = idna.New(idna.MapForLookup(), idna.CheckHyphens(false), idna.BidiRule())

// validPunycode reports whether a label is not encoded, or encodes what IDNA takes, its rules
// for hyphens included.
func validPunycode(label string) bool {
	if !strings.HasPrefix(label, "xn--") {
		return true
	}
	_, err := idna.Lookup.ToASCII(label)
	return err == nil
}

// Quote quotes text that somebody else wrote, for a status or a log: printable,
// and cut to a length that a status message can bear.
func Quote(text string) string {
	const limit = 40
	runes := []rune(pyjson.Commandless(text))
	if len(runes) > limit {
		return fmt.Sprintf("%q…", string(runes[:limit]))
	}
	return fmt.Sprintf("%q", string(runes))
}
