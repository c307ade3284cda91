package state

import (
	"github.com/canonical/gateway-api-integrator/internal/address"
)

// Names of the charm's options.
const (
	OptionExternalHostname = "external-hostname"
	OptionGatewayClass     = "gateway-class"
	OptionEnforceHTTPS     = "enforce-https"
	OptionHSTSMaxAge       = "hsts-max-age"
	OptionRoutingMode      = "routing-mode"
	// OptionCrossModelNetworks is read by package address.
	OptionCrossModelNetworks = address.Option

	OptionHostsPerRelation    = "hosts-per-relation"
	OptionCertificatesPerHour = "certificates-per-hour"
)

// RoutingMode says how applications share the gateway.
type RoutingMode string

// The routing modes.
const (
	// RoutingPath gives each application a path of one host. It is the default,
	// also of the zero value.
	RoutingPath RoutingMode = "path"
	// RoutingSubdomain gives each application a host of its own.
	RoutingSubdomain RoutingMode = "subdomain"
)

// Config is the charm's options, validated and in normal form.
type Config struct {
	// ExternalHostname is the host that clients ask for: lower case, punycode,
	// at most 253 characters. Empty when unset or invalid.
	ExternalHostname string `json:"externalHostname,omitempty"`
	// GatewayClass is the class asked for; empty means "the only one there is".
	GatewayClass string `json:"gatewayClass,omitempty"`
	// EnforceHTTPS says that application traffic is never served in clear.
	EnforceHTTPS bool `json:"enforceHTTPS"`
	// HSTSMaxAge is the max-age of Strict-Transport-Security in seconds; zero
	// tells browsers to forget the host.
	HSTSMaxAge int64 `json:"hstsMaxAge"`
	// RoutingMode says how applications share the gateway.
	RoutingMode RoutingMode `json:"routingMode,omitempty"`
	// CrossModelNetworks says where units of other models may be, and where not.
	CrossModelNetworks address.Networks `json:"crossModelNetworks,omitempty"`
	// HostsPerRelation is how many hosts one application on gateway-route may name, and
	// CertificatesPerHour how many new certificates an application may have requested in
	// an hour. Zero stands for the default.
	HostsPerRelation    int `json:"hostsPerRelation,omitempty"`
	CertificatesPerHour int `json:"certificatesPerHour,omitempty"`
}

// DefaultHSTSMaxAge is the default of hsts-max-age: a year.
const DefaultHSTSMaxAge = 31536000

// The defaults of hosts-per-relation and certificates-per-hour: who has as many hosts as it
// may can replace them all at once. The greatest values are the hosts of a Gateway, and more
// requests than an authority takes.
const (
	DefaultHostsPerRelation    = 8
	DefaultCertificatesPerHour = 16

	maxHostsPerRelation    = 32
	maxCertificatesPerHour = 1000
)

// maxHSTSAge bounds hsts-max-age. RFC 6797 sets no bound, and the Python charm had none;
// this is the greatest whole number that every reader of JSON takes for what it is, Juju
// and the applications on gateway-route among them.
const maxHSTSAge = 1<<53 - 1
