package tlscertificates

import (
	"errors"
	"fmt"
	"strings"

	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
)

const keyRequestErrors = "request_errors"

// Codes of request_errors.
const (
	CodeIPNotAllowed       = 101
	CodeDomainNotAllowed   = 102
	CodeWildcardNotAllowed = 103
	CodeServerNotAvailable = 201
	CodeOther              = 999
)

// nameOther is the name of a refusal that has no better name.
const nameOther = "other"

// codeNames are the names of the codes in the interface's schema.
var codeNames = map[string]int{
	"ip_not_allowed":       CodeIPNotAllowed,
	"domain_not_allowed":   CodeDomainNotAllowed,
	"wildcard_not_allowed": CodeWildcardNotAllowed,
	"server_not_available": CodeServerNotAvailable,
	nameOther:              CodeOther,
}

// OperatorMustAct reports whether the provider refuses the request itself (codes 1xx), so that only
// another setting helps. Otherwise the provider tries again by itself.
func (e RequestError) OperatorMustAct() bool {
	return 100 <= e.Code && e.Code < 200
}

// String returns the refusal in the provider's words, quoted except for names of the interface:
// `domain_not_allowed: "rejected (rejectedIdentifier)"`.
func (e RequestError) String() string {
	text := e.Name
	if _, known := codeNames[e.Name]; !known {
		text = pyjson.Said(e.Name)
	}
	if text == "" {
		text = fmt.Sprintf("error %d", e.Code)
	}
	said := e.Message
	if e.Reason != "" {
		said += " (" + e.Reason + ")"
	}
	if said != "" {
		text += ": " + pyjson.Said(said)
	}
	return text
}

// reason explains the refusal in words for an operator.
func (e RequestError) reason() string {
	if e.OperatorMustAct() {
		return "refused: " + e.String()
	}
	// The word "other" alone tells the operator nothing.
	return "the provider reports: " + strings.TrimPrefix(e.String(), nameOther+": ")
}

// parseRequestError reads one entry. The interface's schema and the Python library differ in the
// name of the first member and in the case of the names; both are read.
func parseRequestError(entry string) (RequestError, error) {
	members, err := pyjson.Object(entry)
	if err != nil {
		return RequestError{}, err
	}
	var refusal RequestError
	text, ok := pyjson.String(string(members["csr"]))
	if !ok {
		if text, ok = pyjson.String(string(members[keyCSR])); !ok {
			return RequestError{}, errors.New("csr missing")
		}
	}
	if refusal.Request, err = requestDER(text); err != nil {
		return RequestError{}, fmt.Errorf("csr: %w", err)
	}
	details, err := pyjson.Object(string(members["error"]))
	if err != nil {
		return RequestError{}, fmt.Errorf("error: %w", err)
	}
	for _, field := range []struct {
		name string
		to   *string
	}{
		{"name", &refusal.Name},
		{"message", &refusal.Message},
		{"reason", &refusal.Reason},
		{"provider", &refusal.Provider},
		{"endpoint", &refusal.Endpoint},
	} {
		if text, ok := pyjson.String(string(details[field.name])); ok {
			*field.to = pyjson.Plain(text)
		}
	}
	refusal.Name = strings.ToLower(refusal.Name)
	if refusal.Code, ok = pyjson.Int(string(details["code"]), 0, CodeOther); !ok {
		refusal.Code = CodeOther
		if code, known := codeNames[refusal.Name]; known {
			refusal.Code = code
		}
	}
	return refusal, nil
}
