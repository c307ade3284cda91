package state

import (
	"errors"
	"fmt"
	"regexp"

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
	// GatewayClass is the requested class; empty for the only one that there is.
	GatewayClass string `json:"gatewayClass,omitempty"`
	// EnforceHTTPS says that applications are never served over plain HTTP.
	EnforceHTTPS bool `json:"enforceHTTPS"`
	// HSTSMaxAge is the max-age of Strict-Transport-Security in seconds; zero makes browsers forget
	// the host.
	HSTSMaxAge int64 `json:"hstsMaxAge"`
	// RoutingMode says how applications share the gateway.
	RoutingMode RoutingMode `json:"routingMode,omitempty"`
	// CrossModelNetworks says where units of other models may be, and where not.
	CrossModelNetworks address.Networks `json:"crossModelNetworks,omitempty"`
	// HostsPerRelation is how many hosts one application on gateway-route may name.
	// CertificatesPerHour is how many new certificates an application may have requested in an
	// hour. Zero is the default.
	HostsPerRelation    int `json:"hostsPerRelation,omitempty"`
	CertificatesPerHour int `json:"certificatesPerHour,omitempty"`
}

// DefaultHSTSMaxAge is the default of hsts-max-age: a year.
const DefaultHSTSMaxAge = 31536000

// The defaults of hosts-per-relation and certificates-per-hour: an application that has all its
// hosts can replace them all at once. The maxima are the hosts of a Gateway, and more requests than
// an authority accepts.
const (
	DefaultHostsPerRelation    = 8
	DefaultCertificatesPerHour = 16

	maxHostsPerRelation    = 32
	maxCertificatesPerHour = 1000
)

// maxHSTSAge limits hsts-max-age. RFC 6797 sets no limit, and the Python charm had none. This is
// the greatest whole number that every reader of JSON reads exactly, including Juju and the
// applications on gateway-route.
const maxHSTSAge = 1<<53 - 1

// options has all options, in the order in which problems are reported and options are held.
var options = []option{
	{
		name: OptionExternalHostname, example: "NAME", held: true,
		parse: func(c *Config, value any) error {
			hostname, err := optionString(value)
			if err == nil && hostname != "" {
				hostname, err = NormalizeHostname(hostname)
			}
			c.ExternalHostname = hostname
			return err
		},
		show: func(c Config) any { return c.ExternalHostname },
	},
	{
		name: OptionGatewayClass, example: "CLASS",
		parse: func(c *Config, value any) error {
			class, err := optionString(value)
			if err == nil && class != "" && !classPattern.MatchString(class) {
				err = fmt.Errorf("%s is no name of a class", Quote(class))
				class = ""
			}
			c.GatewayClass = class
			return err
		},
		show: func(c Config) any { return c.GatewayClass },
	},
	{
		name: OptionEnforceHTTPS, example: "true",
		parse: func(c *Config, value any) error {
			enforce, isBool := value.(bool)
			// If the value is wrong, the charm enforces HTTPS: it fails closed.
			c.EnforceHTTPS = enforce || !isBool
			if !isBool && value != nil {
				return errors.New("must be true or false")
			}
			return nil
		},
		show: func(c Config) any { return c.EnforceHTTPS },
	},
	{
		name: OptionHSTSMaxAge, example: "SECONDS", held: true,
		parse: func(c *Config, value any) (err error) {
			if c.HSTSMaxAge, err = optionNumber(value, DefaultHSTSMaxAge, 0, maxHSTSAge); err != nil {
				c.HSTSMaxAge = 0
				return errors.New("must be 0 to 2^53-1")
			}
			return nil
		},
		// The default too: the first releases of this charm noted it.
		show: func(c Config) any { return c.HSTSMaxAge },
	},
	{
		name: OptionRoutingMode, example: string(RoutingPath), held: true,
		parse: func(c *Config, value any) error {
			mode, err := optionString(value)
			c.RoutingMode = ""
			switch RoutingMode(mode) {
			case "", RoutingPath:
				c.RoutingMode = RoutingPath
			case RoutingSubdomain:
				c.RoutingMode = RoutingSubdomain
			default:
				err = fmt.Errorf("must be %s or %s", RoutingPath, RoutingSubdomain)
			}
			return err
		},
		show: func(c Config) any {
			if c.RoutingMode == RoutingSubdomain {
				return string(RoutingSubdomain)
			}
			return nil
		},
	},
	{
		name: OptionCrossModelNetworks, example: "CIDRS", held: true,
		parse: func(c *Config, value any) error {
			networks, err := optionString(value)
			c.CrossModelNetworks = ""
			if err == nil {
				c.CrossModelNetworks, err = address.ParseNetworks(networks)
			}
			return err
		},
		show: func(c Config) any {
			if c.CrossModelNetworks == "" {
				return nil
			}
			return string(c.CrossModelNetworks)
		},
	},
	bound(OptionHostsPerRelation, DefaultHostsPerRelation, maxHostsPerRelation, func(c *Config) *int { return &c.HostsPerRelation }),
	bound(OptionCertificatesPerHour, DefaultCertificatesPerHour, maxCertificatesPerHour, func(c *Config) *int { return &c.CertificatesPerHour }),
}

// classPattern is the pattern of Kubernetes object names (RFC 1123 subdomains).
var classPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)
