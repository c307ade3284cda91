package gatewayroute

import (
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Request is what the leader of a requirer asks for.
type Request struct {
	// Hostnames are the hosts it routes: hostname, then additional_hostnames, in
	// the order given, each once. They are as written, with capitals and letters
	// beyond ASCII, so that two may become one in normal form.
	Hostnames []string

	// Hostless tells that hostname is null or left out. The requirer then attaches
	// its routes to the listener without a host, and tells its clients the
	// Gateway's address, even if it gives additional hostnames.
	Hostless bool
}

// HTTPSMode is how the Gateway handles HTTPS, from which a requirer knows what
// routes to write.
type HTTPSMode string

// The modes of the interface, in its own spelling.
const (
	Disabled HTTPSMode = "disabled" // HTTP listeners alone
	Enabled  HTTPSMode = "enabled"  // HTTP and HTTPS listeners, routes on both
	Enforced HTTPSMode = "enforced" // both, and on HTTP a redirect to HTTPS
)

// Gateway is what a requirer needs to attach its routes.
type Gateway struct {
	// Address is where clients find the Gateway: an IP address or a DNS name. The
	// interface has null for an empty one, but requirers make URLs of it: do not
	// publish before there is one.
	Address string
	// Model is the Juju model, which is the Gateway's Kubernetes namespace.
	Model string
	// Name is the Gateway's name, and begins the names of its listeners.
	Name string
	// HTTPSMode is one of Disabled, Enabled and Enforced.
	HTTPSMode HTTPSMode
	// HSTSMaxAge is the max-age of Strict-Transport-Security in seconds, which
	// requirers set on their HTTPS routes when HTTPS is enforced. Nil is no such
	// header; zero, which tells browsers to forget the host, is not the same.
	HSTSMaxAge *int64
}

// ErrNotWritten is [pyjson.ErrNotWritten]. It is not
// the wish to go without a host name, which is written as null.
var ErrNotWritten = pyjson.ErrNotWritten

// InvalidError is [pyjson.InvalidError].
type InvalidError = pyjson.InvalidError
