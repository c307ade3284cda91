package state

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/canonical/gateway-api-integrator/internal/address"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
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

// ParseConfig validates the options as config-get gives them. Each option that
// is not valid is left at its zero value and named in the problems; the caller
// then keeps what is served as it is.
func ParseConfig(options map[string]any) (Config, []Problem) {
	config := Config{EnforceHTTPS: true, HSTSMaxAge: DefaultHSTSMaxAge}
	var problems []Problem
	report := func(option string, err error) {
		if err != nil {
			// The operator knows the value, and a status has no room for it.
			value, _ := options[option].(string)
			message := strings.TrimPrefix(err.Error(), Quote(strings.TrimSpace(value))+" ")
			problems = append(problems, Problem{Option: option, Message: message})
		}
	}

	hostname, err := optionString(options, OptionExternalHostname)
	if err == nil && hostname != "" {
		config.ExternalHostname, err = NormalizeHostname(hostname)
	}
	report(OptionExternalHostname, err)

	class, err := optionString(options, OptionGatewayClass)
	if err == nil && class != "" && !classPattern.MatchString(class) {
		err = fmt.Errorf("%s is no name of a class", Quote(class))
		class = ""
	}
	config.GatewayClass = class
	report(OptionGatewayClass, err)

	if value, ok := options[OptionEnforceHTTPS]; ok && value != nil {
		enforce, isBool := value.(bool)
		if isBool {
			config.EnforceHTTPS = enforce
		} else {
			// The charm goes on as if HTTPS were enforced: it fails closed.
			report(OptionEnforceHTTPS, fmt.Errorf("must be true or false"))
		}
	}

	if value, ok := options[OptionHSTSMaxAge]; ok && value != nil {
		config.HSTSMaxAge, err = optionNumber(value, 0, maxHSTSAge)
		if err != nil {
			err = fmt.Errorf("must be 0 to 2^53-1")
		}
		report(OptionHSTSMaxAge, err)
	}

	mode, err := optionString(options, OptionRoutingMode)
	switch RoutingMode(mode) {
	case "", RoutingPath:
		config.RoutingMode = RoutingPath
	case RoutingSubdomain:
		config.RoutingMode = RoutingSubdomain
	default:
		err = fmt.Errorf("must be %s or %s", RoutingPath, RoutingSubdomain)
	}
	report(OptionRoutingMode, err)

	networks, err := optionString(options, OptionCrossModelNetworks)
	if err == nil {
		config.CrossModelNetworks, err = address.ParseNetworks(networks)
	}
	report(OptionCrossModelNetworks, err)
	config.HostsPerRelation, err = optionBound(options, OptionHostsPerRelation, DefaultHostsPerRelation, maxHostsPerRelation)
	report(OptionHostsPerRelation, err)
	config.CertificatesPerHour, err = optionBound(options, OptionCertificatesPerHour, DefaultCertificatesPerHour, maxCertificatesPerHour)
	report(OptionCertificatesPerHour, err)
	return config, problems
}

// classPattern is that of Kubernetes object names (RFC 1123 subdomains).
var classPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

func optionString(options map[string]any, name string) (string, error) {
	switch value := options[name].(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(value), nil
	default:
		return "", fmt.Errorf("must be text")
	}
}

// optionBound gives a bound of 1 to most; its default for one that is not set or wrong.
func optionBound(options map[string]any, name string, byDefault, most int64) (int, error) {
	value, ok := options[name]
	if !ok || value == nil {
		return int(byDefault), nil
	}
	number, err := optionNumber(value, 1, most)
	if err != nil {
		return int(byDefault), err
	}
	return int(number), nil
}

func optionNumber(value any, least, most int64) (int64, error) {
	var number int64
	var err error
	switch given := value.(type) {
	case json.Number:
		number, err = given.Int64()
	case int:
		number = int64(given)
	case int64:
		number = given
	default:
		err = fmt.Errorf("not a number")
	}
	if err != nil || number < least || number > most {
		return 0, fmt.Errorf("is %d to %d", least, most)
	}
	return number, nil
}

// hostLabel is one label of a host name as Gateway API's listeners take it.
var hostLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// numericEnd matches a name that clients read as an IPv4 address in one of its
// odder forms, or refuse (URL Standard, "ends in a number").
var numericEnd = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)$`)

// NormalizeHostname gives the form in which a host name is served: lower case,
// international names in punycode. It refuses what a Gateway API listener
// cannot hold (Gateway API, type Hostname): IP addresses, a trailing dot, names
// past 253 characters; and what no URL can be made of: wildcards, and names that
// end in a number.
func NormalizeHostname(name string) (string, error) {
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return "", fmt.Errorf("%s is an IP address", Quote(name))
	}
	if strings.Contains(name, "*") {
		return "", fmt.Errorf("%s has a wildcard", Quote(name))
	}
	if len(name) > 4*253 {
		return "", fmt.Errorf("%s is longer than 253 characters", Quote(name))
	}
	ascii, err := lookup.ToASCII(name)
	if err != nil || !utf8.ValidString(name) {
		// The library's error repeats the name; the operator has it already.
		return "", fmt.Errorf("%s is not a DNS name", Quote(name))
	}
	ascii = strings.ToLower(ascii)
	if len(ascii) > 253 {
		return "", fmt.Errorf("%s is longer than 253 characters", Quote(name))
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if !hostLabel.MatchString(label) || !validPunycode(label) {
			return "", fmt.Errorf("%s is not a DNS name", Quote(name))
		}
	}
	if numericEnd.MatchString(ascii) {
		return "", fmt.Errorf("%s ends in a number", Quote(name))
	}
	return ascii, nil
}

// lookup maps names as idna.Lookup does, and lets hyphens stand where IDNA keeps two of
// them for itself: pr--42 and r3---sn-x are names in use, of which only who registers
// international names has to beware.
var lookup = idna.New(idna.MapForLookup(), idna.CheckHyphens(false), idna.BidiRule())

// validPunycode says that a label is not encoded, or encodes what IDNA takes, its rules
// for hyphens included.
func validPunycode(label string) bool {
	if !strings.HasPrefix(label, "xn--") {
		return true
	}
	_, err := idna.Lookup.ToASCII(label)
	return err == nil
}

// Quote quotes text that somebody else wrote, for a status or a log: printable,
// and cut to a length that a status message can bear.
func Quote(text string) string {
	const limit = 40
	runes := []rune(pyjson.Commandless(text))
	if len(runes) > limit {
		return fmt.Sprintf("%q…", string(runes[:limit]))
	}
	return fmt.Sprintf("%q", string(runes))
}
