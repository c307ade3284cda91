package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ForbiddenError says that the API server refused to let us read something because a permission is
// missing. Only an operator can help.
type ForbiddenError struct {
	// Action is what was refused, such as "list gateways".
	Action string
	err    error
}

func (e *ForbiddenError) Error() string { return fmt.Sprintf("cannot %s: %v", e.Action, e.err) }

// Unwrap returns the API server's own error.
func (e *ForbiddenError) Unwrap() error { return e.err }

// NoResourceError says that the API server does not know a kind of the Gateway
// API: its resource definitions are not installed.
type NoResourceError struct {
	// Resource is the plural name, such as "gateways".
	Resource string
	err      error
}

func (e *NoResourceError) Error() string {
	return fmt.Sprintf("cannot find resource %s: %v", e.Resource, e.err)
}

// Unwrap returns the API server's own error.
func (e *NoResourceError) Unwrap() error { return e.err }

// MissingSecretsError says that new Secrets were refused, and that nothing that comes after Secrets
// was written.
type MissingSecretsError struct {
	// Names are the names of the Secrets that do not exist.
	Names []string
	err   error
}

func (e *MissingSecretsError) Error() string { return e.err.Error() }

// Unwrap returns the error of the requests; there may be a *ForbiddenError in it.
func (e *MissingSecretsError) Unwrap() error { return e.err }

// isForbidden reports whether the cause of an error is a missing permission.
func isForbidden(err error) bool {
	var forbidden *ForbiddenError
	return errors.As(err, &forbidden)
}

// isRefused reports whether the cause of an error is a missing permission or a missing kind.
func isRefused(err error) bool {
	var missing *NoResourceError
	return isForbidden(err) || errors.As(err, &missing)
}

// classify turns an error into one of this package's types. A 404 for a whole resource, not for one
// object, means that the resource is not served. The API server sends it as plain text, not as a
// Status.
func classify(err error, verb string, resource schema.GroupVersionResource, name string) error {
	if err == nil {
		return nil
	}
	refused, permission := refusal(err)
	if resource.Group == "" && resource.Resource == "secrets" {
		err = redacted(err)
	}
	action := verb + " " + resource.Resource
	if refused && writes(verb) {
		return &RefusedError{Kind: kindOf(resource), Name: name, Action: action, Permission: permission, Reason: reasonOf(err), err: err}
	}
	switch {
	case apierrors.IsForbidden(err):
		return &ForbiddenError{Action: action, err: err}
	case apierrors.IsNotFound(err) && resource.Group == gatewayClasses.Group && (name == "" || apierrors.IsUnexpectedServerError(err)):
		return &NoResourceError{Resource: resource.Resource, err: err}
	case name != "":
		return fmt.Errorf("cannot %s/%s: %w", action, name, err)
	default:
		return fmt.Errorf("cannot %s: %w", action, err)
	}
}

// redacted keeps private keys out of an error about a Secret. An API server, an admission webhook
// or a proxy may quote what it refuses, and a decoder what it cannot read. So of an answer only the
// HTTP status is kept.
func redacted(err error) error {
	var answer apierrors.APIStatus
	switch {
	case errors.As(err, &answer):
		code := int(answer.Status().Code)
		answered := apierrors.NewGenericServerResponse(code, "", schema.GroupResource{}, "", "", 0, false)
		answered.ErrStatus.Message = fmt.Sprintf("the API server answered %d %s", code, http.StatusText(code))
		return answered
	case isOutage(err):
		return err
	default:
		return errors.New("the API server's answer cannot be understood")
	}
}

// isOutage reports whether a request got no answer: the API server cannot be reached, did not
// answer in time, or we were told to stop.
func isOutage(err error) bool {
	var connection *url.Error
	return errors.As(err, &connection) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
