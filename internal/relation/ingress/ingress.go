package ingress

import (
	"net/netip"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Scheme is the protocol that the application behind the ingress speaks.
type Scheme string

// The schemes of the interface, in its own spelling. Case counts.
const (
	HTTP  Scheme = "http"  // HTTP/1.1 without TLS; the default
	HTTPS Scheme = "https" // TLS up to the application
	H2C   Scheme = "h2c"   // HTTP/2 without TLS
)

// Application is what the leader of a requirer asks for.
type Application struct {
	Model string // Juju model, which is the Kubernetes namespace
	Name  string // application name
	Port  int    // 1 to 65535

	StripPrefix   bool
	RedirectHTTPS bool
	Scheme        Scheme
	HealthCheck   *HealthCheck // nil: none asked for, or unusable (see Remarks)
	PortOpen      bool         // the application opened the port, so Juju's own Service carries it

	// Version is the version of the interface: 2, or 1 for the retired form that old charms still
	// write. Requirers of version 1 write no unit data: do not wait for any.
	Version int

	// Host is where the leader of a version 1 requirer says that it listens. It is empty in version
	// 2, where each unit has its own host.
	Host string

	// Remarks say what was left out although the rest is fine.
	Remarks []string
}

// HealthCheck is the requirer's request for active health checks.
type HealthCheck struct {
	Path     string
	Scheme   string // empty: the application's
	Hostname string // empty: the application's
	Port     int    // 0: the application's
	Interval string // "30s" by default
	Timeout  string // "5s" by default
}

// Unit is what one unit of a requirer writes about itself.
type Unit struct {
	Host string     // fully qualified name; may be empty or "localhost"
	IP   netip.Addr // the pod's address; the zero value when unknown

	// Impossible is the address that the unit wrote if no pod can have it, such as 127.0.0.1;
	// mostly the zero value.
	Impossible netip.Addr

	// Remarks say what was left out although the rest is fine.
	Remarks []string
}

// ErrNotWritten is [pyjson.ErrNotWritten].
var ErrNotWritten = pyjson.ErrNotWritten

// InvalidError is [pyjson.InvalidError].
type InvalidError = pyjson.InvalidError
