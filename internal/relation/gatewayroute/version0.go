package gatewayroute

import (
	"errors"
	"regexp"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Keys of version 0. The first three were always written.
const (
	oldModel = "model"
	oldName  = "name"
	oldPort  = "port"
	oldPaths = "paths"
)

// ErrVersion0 says that a requirer speaks version 0 of the interface, in which the provider made
// the routes.
var ErrVersion0 = errors.New("it speaks gateway-route version 0, which gets no routes")

// applicationName is Juju's pattern for names of applications.
var applicationName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*$`)

// ParseVersion0 reads the databag of a requirer that speaks version 0, and reports whether it does.
// It returns the name of the application that it asks routes for, which need not be the requirer;
// empty if the text is not an application's name. A requirer that was refreshed to version 1 leaves
// the keys of version 0 in place, but it has also written its additional hostnames, even if there
// are none.
func ParseVersion0(bag map[string]string) (backend string, old bool) {
	if _, ok := bag[keyAdditional]; ok {
		return "", false
	}
	for _, key := range []string{oldModel, oldName, oldPort, oldPaths} {
		_, ok := bag[key]
		old = old || ok
	}
	text := bag[oldName]
	if !old || len(text) > pyjson.MaxEntry {
		return "", old
	}
	name, ok := pyjson.String(text)
	if !ok || len(name) > maxLabel || !applicationName.MatchString(name) {
		return "", true
	}
	return name, true
}
