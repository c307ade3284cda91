package ingress

import (
	"errors"
	"regexp"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Keys of the requirer's application databag. Two are spelled with a dash and two with an
// underscore; the other spelling of each has no meaning.
const (
	keyModel         = "model"
	keyName          = "name"
	keyPort          = "port"
	keyStripPrefix   = "strip-prefix"
	keyRedirectHTTPS = "redirect-https"
	keyScheme        = "scheme"
	keyHealthCheck   = "healthcheck_params"
	keyPortOpen      = "is_port_open"
	keyHost          = "host" // version 1 only; in version 2 it is a unit's key
)

var applicationKeys = []string{
	keyModel, keyName, keyPort, keyStripPrefix, keyRedirectHTTPS,
	keyScheme, keyHealthCheck, keyPortOpen, keyHost,
}

// nginxKeys are always written by requirers that speak the interface which nginx-ingress-integrator
// had under the same name.
var nginxKeys = []string{"service-hostname", "service-name", "service-port"}

// ErrNginx says that a requirer speaks that older interface.
var ErrNginx = errors.New("it speaks the old ingress of nginx-ingress-integrator")

// Patterns of names, as in Juju (github.com/juju/names). Both become part of Kubernetes names, so
// they must be DNS-1123 labels too.
var (
	applicationName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*$`)
	modelName       = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
)

const maxLabel = 63 // characters of a DNS label

const (
	minPort = 1
	maxPort = 65535
)

// ParseApplication reads a requirer's application databag. The error is ErrNotWritten if the
// databag has none of the interface's keys, ErrNginx if it has the keys of another interface of
// this name, and an *InvalidError for data that cannot be used.
//
// It tries version 2 first. If that fails and the databag has a host, it reads version 1, whose
// values are plain text.
func ParseApplication(bag map[string]string) (Application, error) {
	if err := pyjson.CheckBag(bag); err != nil {
		return Application{}, &InvalidError{Problems: []string{err.Error()}}
	}
	if !hasAny(bag, applicationKeys) {
		if hasAny(bag, nginxKeys) {
			return Application{}, ErrNginx
		}
		return Application{}, ErrNotWritten
	}
	app, problems := parseV2(bag)
	if _, ok := bag[keyHost]; ok && len(problems) > 0 {
		app, problems = parseV1(bag)
	}
	if len(problems) > 0 {
		return Application{}, &InvalidError{Problems: problems}
	}
	return app, nil
}

func hasAny(bag map[string]string, keys []string) bool {
	for _, key := range keys {
		if _, ok := bag[key]; ok {
			return true
		}
	}
	return false
}

func parseV2(bag map[string]string) (Application, []string) {
	r := reader{bag: bag}
	app := Application{
		Version:       2,
		Model:         r.name(keyModel, "a model", modelName),
		Name:          r.name(keyName, "an application", applicationName),
		Port:          r.port(),
		StripPrefix:   r.flag(keyStripPrefix),
		RedirectHTTPS: r.flag(keyRedirectHTTPS),
		Scheme:        r.scheme(),
		HealthCheck:   r.healthCheck(),
		PortOpen:      r.flag(keyPortOpen),
	}
	app.Remarks = r.remarks
	return app, r.problems
}
