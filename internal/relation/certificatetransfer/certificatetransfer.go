package certificatetransfer

import (
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Keys of the databags. In version 1, certificates is in the provider's application data, and
// version in those of either side. In version 0, the other keys are in the data of one of the
// provider's units.
const (
	keyVersion      = "version"
	keyCertificates = "certificates"
	keyChain        = "chain"
	keyCA           = "ca"
	keyCertificate  = "certificate"
)

// MaxBytes limits what is kept from one provider, in bytes of PEM. All authorities that a browser
// trusts take a quarter of a megabyte.
const MaxBytes = 320 << 10

// CAs are the authorities that one provider tells.
type CAs struct {
	// PEM holds one certificate per element, with a line end; sorted, each once.
	PEM []string
	// Written says that the provider has written something, even if only that there are no
	// certificates.
	Written bool
	// Remarks say what is left out and why, as [pyjson.Notes] limits them.
	Remarks []string
}

// Encode returns our application databag: the version that we speak, in the bytes of the Python
// library. Without it providers write version 0.
func Encode() map[string]string { return map[string]string{keyVersion: "1"} }

// InApplication reports whether the provider speaks version 1; the data of its units then do not
// count. An empty list counts too: its earlier authorities must not be trusted any more, whatever
// an older version has left behind.
func InApplication(application map[string]string) bool {
	_, ok := application[keyCertificates]
	return ok
}

// Parse reads what a provider wrote in its application data or, if there is nothing of version 1,
// in those of its units. It never fails: it leaves out what cannot be used, and Remarks say what
// and why. now is the time at which certificates have to be valid; a certificate that is not valid
// yet is kept.
func Parse(application map[string]string, units []map[string]string, now time.Time) CAs {
	r := reader{now: now, seen: map[string]bool{}}
	if InApplication(application) {
		if r.check(application) {
			r.list(keyCertificates, application[keyCertificates])
		}
		return r.result(true)
	}
	written := false
	for _, bag := range units {
		if !hasAny(bag, keyChain, keyCA, keyCertificate) {
			continue
		}
		written = true
		if r.check(bag) {
			r.unit(bag)
		}
	}
	return r.result(written)
}

func hasAny(bag map[string]string, keys ...string) bool {
	for _, key := range keys {
		if _, ok := bag[key]; ok {
			return true
		}
	}
	return false
}

// unit reads a unit's data of version 0. The first libraries wrote ca and certificate as plain
// text, later ones as JSON. The certificates of ca and certificate are mostly in the chain too.
func (r *reader) unit(bag map[string]string) {
	for _, key := range []string{keyChain, keyCA, keyCertificate} {
		value, ok := bag[key]
		if !ok || pyjson.IsNull(value) {
			continue
		}
		if text, isString := pyjson.String(value); isString {
			r.text(key, text)
		} else if key == keyChain && strings.HasPrefix(strings.TrimSpace(value), "[") {
			r.list(key, value)
		} else {
			r.text(key, value)
		}
	}
}
