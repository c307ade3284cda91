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

// hostLabel is one label of a host name that Gateway API listeners accept.
var hostLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// numericEnd matches a name that clients read as an IPv4 address in one of its unusual forms, or
// refuse (URL Standard, "ends in a number").
var numericEnd = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)$`)

// NormalizeHostname returns the form in which a host name is served: lower case, international
// names in punycode. It refuses what a Gateway API listener cannot hold (Gateway API, type
// Hostname): IP addresses, a trailing dot, and names longer than 253 characters. It also refuses
// what cannot be part of a URL: wildcards, and names that end in a number.
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
		// The library's error repeats the name, which the operator has already.
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

// lookup maps names as idna.Lookup does, and also allows two hyphens in places that IDNA reserves
// for itself: names such as pr--42 and r3---sn-x are in use, and only those who register
// international names have to avoid them.
var lookup = idna.New(idna.MapForLookup(), idna.CheckHyphens(false), idna.BidiRule())

// validPunycode reports whether a label is not encoded, or encodes a name that IDNA accepts,
// including its rules for hyphens.
func validPunycode(label string) bool {
	if !strings.HasPrefix(label, "xn--") {
		return true
	}
	_, err := idna.Lookup.ToASCII(label)
	return err == nil
}

// Quote quotes text that somebody else wrote, for a status or a log: printable, and cut to a length
// that fits into a status message.
func Quote(text string) string {
	const limit = 40
	runes := []rune(pyjson.Commandless(text))
	if len(runes) > limit {
		return fmt.Sprintf("%q…", string(runes[:limit]))
	}
	return fmt.Sprintf("%q", string(runes))
}
