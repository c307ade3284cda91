package gatewayroute

import (
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Request is what the leader of a requirer asks for.
type Request struct {
	// Hostnames are the hosts of its routes: hostname, then additional_hostnames, in the given
	// order, each once. They are as written, with capitals and letters beyond ASCII, so two of them
	// may have the same normal form.
	Hostnames []string

	// Hostless says that hostname is null or missing. The requirer then attaches its routes to the
	// listener without a host, and tells its clients the Gateway's address, even if it gives
	// additional hostnames.
	Hostless bool
}

// HTTPSMode is how the Gateway handles HTTPS. From it a requirer knows which routes to write.
type HTTPSMode string

// The modes of the interface, in its own spelling.
const (
	Disabled HTTPSMode = "disabled" // HTTP listeners only
	Enabled  HTTPSMode = "enabled"  // HTTP and HTTPS listeners, routes on both
	Enforced HTTPSMode = "enforced" // both, and on HTTP a redirect to HTTPS
)

// Gateway is what a requirer needs to attach its routes.
type Gateway struct {
	// Address is where clients find the Gateway: an IP address or a DNS name. The interface writes
	// an empty one as null, but requirers make URLs of it: do not publish before there is one.
	Address string
	// Model is the Juju model, which is the Gateway's Kubernetes namespace.
	Model string
	// Name is the Gateway's name, with which the names of its listeners begin.
	Name string
	// HTTPSMode is one of Disabled, Enabled and Enforced.
	HTTPSMode HTTPSMode
	// HSTSMaxAge is the max-age of Strict-Transport-Security in seconds, which requirers set on
	// their HTTPS routes when HTTPS is enforced. Nil means no such header. That differs from zero,
	// which makes browsers forget the host.
	HSTSMaxAge *int64
}

// ErrNotWritten is [pyjson.ErrNotWritten]. A requirer that wants no host name has written null
// instead.
var ErrNotWritten = pyjson.ErrNotWritten

// InvalidError is [pyjson.InvalidError].
type InvalidError = pyjson.InvalidError
