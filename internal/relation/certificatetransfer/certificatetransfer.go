package certificatetransfer

import (
	"strings"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Keys of the databags. In version 1, certificates stands in the provider's
// application data, and version in those of either side. In version 0, the others
// stand in the data of one of the provider's units.
const (
	keyVersion      = "version"
	keyCertificates = "certificates"
	keyChain        = "chain"
	keyCA           = "ca"
	keyCertificate  = "certificate"
)

// MaxBytes bounds what is kept of one provider, in bytes of PEM. All the authorities
// that a browser trusts come to a quarter of a megabyte.
const MaxBytes = 320 << 10

// CAs are the authorities that one provider tells of.
type CAs struct {
	// PEM holds one certificate each, ending in a line end; sorted, and each once.
	PEM []string
	// Written says that the provider has written something, if only that there are
	// no certificates.
	Written bool
	// Remarks tell what is left out and why, as [pyjson.Notes] bounds them.
	Remarks []string
}

// Encode returns our application databag: the version we speak, in the bytes of the
// Python library. Without it providers write version 0.
func Encode() map[string]string { return map[string]string{keyVersion: "1"} }

// InApplication reports whether the provider speaks version 1, so that what stands in the
// data of its units does not count. An empty list counts: those authorities are not
// to be trusted any more, whatever an older version has left behind.
func InApplication(application map[string]string) bool {
	_, ok := application[keyCertificates]
	return ok
}

// Parse reads what a provider wrote in its application data and, where nothing of
// version 1 is there, in those of its units. It never fails: what cannot be used is
// left out, and Remarks tells what and why. now is the time at which certificates
// have to be valid; one that is not valid yet is kept.
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

// unit reads a unit's data of version 0. The first libraries wrote ca and certificate
// as they are, later ones as JSON; the certificates of ca and certificate are mostly
// in the chain as well.
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
