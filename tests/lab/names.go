package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// RedirectRoute is the name of the HTTPRoute that redirects a host's clients to HTTPS, as
// docs/reference/objects.md has it: with the first eight digits of the SHA-256 of the host.
func RedirectRoute(charm, host string) string {
	sum := sha256.Sum256([]byte(host))
	return charm + "-http-" + strings.ReplaceAll(host, ".", "-") + "-" + hex.EncodeToString(sum[:])[:8]
}
