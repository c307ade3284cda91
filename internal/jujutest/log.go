package jujutest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// logUnit writes a line as juju debug-log shows it:
// "unit-web-0: 12:34:56 INFO unit.web/0.juju-log message".
func (j *Juju) logUnit(u *unit, level, logger, message string) {
	if j.options.Log == nil {
		return
	}
	at := j.options.Now().Format("15:04:05")
	for line := range strings.Lines(message) {
		// If the log cannot be written, only its reader misses something; the model goes on.
		_, _ = fmt.Fprintf(j.options.Log, "%s: %s %s %s %s\n",
			unitTag(u.name), at, level, logger, strings.TrimRight(line, "\r\n"))
	}
}

// shortHash names a thing whose real name is too long for a socket address.
func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
