package ingress

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// reader reads the values of one version 2 databag, one JSON document per key, and collects what is
// wrong with them: problems make the databag unusable, remarks do not.
type reader struct {
	bag      map[string]string
	problems []string
	remarks  []string
}

func (r *reader) problem(key, format string, args ...any) {
	r.problems = append(r.problems, key+": "+fmt.Sprintf(format, args...))
}

func (r *reader) remark(key, format string, args ...any) {
	r.remarks = append(r.remarks, key+": "+fmt.Sprintf(format, args...))
}

// value returns the value of key if it is present and within the limits.
func (r *reader) value(key string) (string, bool) {
	value, ok := r.bag[key]
	if ok && len(value) > pyjson.MaxEntry {
		r.problem(key, "longer than %d bytes", pyjson.MaxEntry)
		return "", false
	}
	return value, ok
}

// required returns the value of a key that must be present.
func (r *reader) required(key string) (string, bool) {
	value, ok := r.value(key)
	if _, present := r.bag[key]; !present {
		r.problems = append(r.problems, key+" missing")
	}
	return value, ok
}

func (r *reader) name(key, what string, pattern *regexp.Regexp) string {
	value, ok := r.required(key)
	if !ok {
		return ""
	}
	name, ok := pyjson.String(value)
	if !ok {
		r.problem(key, "must be a JSON string, not %s", pyjson.Excerpt(value))
		return ""
	}
	if problem := checkName(name, what, pattern); problem != "" {
		r.problem(key, "%s", problem)
		return ""
	}
	return name
}

// checkName returns what is wrong with a name, or nothing.
func checkName(name, what string, pattern *regexp.Regexp) string {
	switch {
	case len(name) > maxLabel:
		return fmt.Sprintf("longer than %d characters", maxLabel)
	case !pattern.MatchString(name):
		return fmt.Sprintf("not the name of %s: %s", what, pyjson.Excerpt(name))
	}
	return ""
}

func (r *reader) port() int {
	value, ok := r.required(keyPort)
	if !ok {
		return 0
	}
	port, ok := pyjson.Int(value, minPort, maxPort)
	if !ok {
		r.problems = append(r.problems, portProblem(value))
		return 0
	}
	return port
}

func portProblem(value string) string {
	return fmt.Sprintf("%s: must be a whole number from %d to %d, not %s",
		keyPort, minPort, maxPort, pyjson.Excerpt(value))
}

// flag reads an optional boolean. Requirers up to patch 10 of the Python library write null for one
// that is not set.
func (r *reader) flag(key string) bool {
	value, ok := r.value(key)
	if !ok || pyjson.IsNull(value) {
		return false
	}
	flag, ok := pyjson.Bool(value)
	if !ok {
		r.problem(key, "must be true or false, not %s", pyjson.Excerpt(value))
	}
	return flag
}

func (r *reader) scheme() Scheme {
	value, ok := r.value(keyScheme)
	if !ok || pyjson.IsNull(value) {
		return HTTP
	}
	text, _ := pyjson.String(value)
	switch scheme := Scheme(text); scheme {
	case HTTP, HTTPS, H2C:
		return scheme
	}
	r.problem(keyScheme, "must be http, https or h2c, not %s", pyjson.Excerpt(value))
	return ""
}

// healthCheck reads the health check. A bad one is left out with a remark and affects nothing else:
// the Gateway API cannot configure health checks.
func (r *reader) healthCheck() *HealthCheck {
	value, ok := r.bag[keyHealthCheck]
	if !ok || pyjson.IsNull(value) {
		return nil
	}
	members, err := pyjson.Object(value)
	if err != nil {
		r.remark(keyHealthCheck, "%v; ignored", err)
		return nil
	}
	check := HealthCheck{Interval: "30s", Timeout: "5s"}
	for _, field := range []struct {
		name string
		to   *string
	}{
		{"path", &check.Path},
		{"scheme", &check.Scheme},
		{"hostname", &check.Hostname},
		{"interval", &check.Interval},
		{"timeout", &check.Timeout},
	} {
		raw, ok := members[field.name]
		if !ok || pyjson.IsNull(string(raw)) {
			continue
		}
		if *field.to, ok = pyjson.String(string(raw)); !ok {
			r.remark(keyHealthCheck, "%s must be a string; ignored", field.name)
			return nil
		}
	}
	if check.Path == "" {
		r.remark(keyHealthCheck, "path missing; ignored")
		return nil
	}
	if raw, ok := members["port"]; ok && !pyjson.IsNull(string(raw)) {
		if check.Port, ok = lenientPort(string(raw)); !ok {
			r.remark(keyHealthCheck, "port must be a whole number from %d to %d; ignored", minPort, maxPort)
			return nil
		}
	}
	return &check
}

// lenientPort accepts a number or, like the Python library here, a quoted one.
func lenientPort(raw string) (int, bool) {
	if text, ok := pyjson.String(raw); ok {
		port, err := strconv.Atoi(text)
		return port, err == nil && minPort <= port && port <= maxPort
	}
	return pyjson.Int(raw, minPort, maxPort)
}
