package gatewayroute

import (
	"fmt"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

// Keys of the requirer's application databag.
const (
	keyHostname   = "hostname"
	keyAdditional = "additional_hostnames"
)

// ParseRequirer reads a requirer's application databag. The error is ErrNotWritten if the databag
// has neither of the interface's keys, ErrVersion0 if it is of version 0 of the interface, and an
// *InvalidError for data that cannot be used. One bad name refuses the whole relation, as in the
// Python library, because a requirer would attach routes to listeners that do not exist.
//
// The Python library treats an empty databag as a request without a host name. But a databag is
// empty before the requirer's first hook; to serve it would request a certificate that nobody wants
// a second later.
func ParseRequirer(bag map[string]string) (Request, error) {
	if err := pyjson.CheckBag(bag); err != nil {
		return Request{}, &InvalidError{Problems: []string{err.Error()}}
	}
	if _, ok := ParseVersion0(bag); ok {
		return Request{}, ErrVersion0
	}
	hostname, hasHostname := bag[keyHostname]
	additional, hasAdditional := bag[keyAdditional]
	if !hasHostname && !hasAdditional {
		return Request{}, ErrNotWritten
	}
	var names, problems []string
	if hasHostname && !pyjson.IsNull(hostname) {
		name, err := parseHostname(hostname)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", keyHostname, err))
		}
		names = append(names, name)
	}
	request := Request{Hostless: len(names) == 0}
	if hasAdditional {
		more, err := parseHostnames(additional)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", keyAdditional, err))
		}
		names = append(names, more...)
	}
	if len(problems) > 0 {
		return Request{}, &InvalidError{Problems: problems}
	}
	request.Hostnames = unique(names)
	return request, nil
}

// parseHostname reads the JSON string text, which must be a host name.
func parseHostname(text string) (string, error) {
	if len(text) > pyjson.MaxEntry {
		return "", fmt.Errorf("longer than %d bytes", pyjson.MaxEntry)
	}
	name, ok := pyjson.String(text)
	if !ok {
		return "", fmt.Errorf("must be a JSON string, not %s", pyjson.Excerpt(text))
	}
	return name, checkHostname(name)
}

// parseHostnames reads the JSON list text of host names. The error is about the first invalid name,
// and counts the others.
func parseHostnames(text string) ([]string, error) {
	if len(text) > pyjson.MaxEntry {
		return nil, fmt.Errorf("longer than %d bytes", pyjson.MaxEntry)
	}
	elements, err := pyjson.List(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, pyjson.Excerpt(text))
	}
	var names []string
	var first error
	bad := 0
	for _, element := range elements {
		name, err := parseHostname(string(element))
		if err == nil {
			names = append(names, name)
			continue
		}
		if bad++; first == nil {
			first = err
		}
	}
	if bad > 1 {
		return nil, fmt.Errorf("%w (and %d more in the list)", first, bad-1)
	}
	return names, first
}

// unique returns names without the repetitions, in their order.
func unique(names []string) []string {
	var kept []string
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			kept = append(kept, name)
		}
	}
	return kept
}
