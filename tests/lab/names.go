package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// RedirectRoute is the name of the HTTPRoute that redirects a host's clients to HTTPS, as
// docs/reference/objects.md has it: with the first eight digits of the SHA-256 of the host.
func RedirectRoute(charm, host string) string {
	const longest, hash = 63, len("-01234567")
	name := charm + "-http-" + strings.ReplaceAll(host, ".", "-")
	if len(name) > longest-hash {
		name = strings.TrimRight(name[:longest-2*hash], "-.") + "-" + shortHash(name)
	}
	return name + "-" + shortHash(host)
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:len("01234567")]
}
