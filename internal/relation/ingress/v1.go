package ingress

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// parseV1 reads the application databag of a version 1 requirer: plain text, the host of its
// leader, and no unit data at all. The interface's own conformance test writes JSON strings
// instead, and a unit's name for the application's. So one pair of quotes is removed, and
// "remote/0" means "remote".
func parseV1(bag map[string]string) (Application, []string) {
	r := reader{bag: bag}
	app := Application{
		Version:       1,
		Scheme:        HTTP,
		Model:         r.plainName(keyModel, "a model", modelName),
		Name:          r.plainName(keyName, "an application", applicationName),
		Port:          r.plainPort(),
		Host:          r.plainHost(),
		StripPrefix:   bag[keyStripPrefix] == "true",
		RedirectHTTPS: bag[keyRedirectHTTPS] == "true",
	}
	return app, r.problems
}

// plain returns a required value without the quotes it may have.
func (r *reader) plain(key string) (string, bool) {
	value, ok := r.required(key)
	if !ok {
		return "", false
	}
	if text, isString := pyjson.String(value); isString {
		return text, true
	}
	return value, true
}

var unitNumber = regexp.MustCompile(`/[0-9]+$`)

func (r *reader) plainName(key, what string, pattern *regexp.Regexp) string {
	name, ok := r.plain(key)
	if !ok {
		return ""
	}
	if key == keyName {
		name = strings.TrimSuffix(name, unitNumber.FindString(name))
	}
	if problem := checkName(name, what, pattern); problem != "" {
		r.problem(key, "%s", problem)
		return ""
	}
	return name
}

var digits = regexp.MustCompile(`^[0-9]{1,5}$`)

func (r *reader) plainPort() int {
	text, ok := r.plain(keyPort)
	if !ok {
		return 0
	}
	port, err := strconv.Atoi(text)
	if err != nil || !digits.MatchString(text) || port < minPort || port > maxPort {
		r.problems = append(r.problems, portProblem(text))
		return 0
	}
	return port
}

func (r *reader) plainHost() string {
	host, ok := r.plain(keyHost)
	if !ok {
		return ""
	}
	if err := checkHost(host); err != nil {
		r.problem(keyHost, "%v", err)
		return ""
	}
	return host
}

var hostCharacters = regexp.MustCompile(`^[A-Za-z0-9._:-]*$`)

// maxHost is the length of the longest DNS name.
const maxHost = 253

// checkHost accepts what can be a DNS name or an address. Requirers write many things
// (socket.getfqdn, "localhost", nothing at all), so it checks no more.
func checkHost(host string) error {
	switch {
	case len(host) > maxHost:
		return fmt.Errorf("longer than %d characters", maxHost)
	case !hostCharacters.MatchString(host):
		return fmt.Errorf("not a host name: %s", pyjson.Excerpt(host))
	}
	return nil
}
