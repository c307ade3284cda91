package kube

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ForbiddenError says that the API server refused a request for want of
// permission. Only an operator can help.
type ForbiddenError struct {
	// Action is what was refused, such as "list gateways".
	Action string
	err    error
}

func (e *ForbiddenError) Error() string { return fmt.Sprintf("cannot %s: %v", e.Action, e.err) }

// Unwrap gives the API server's own error.
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

// Unwrap gives the API server's own error.
func (e *NoResourceError) Unwrap() error { return e.err }

// classify gives an error its kind. A 404 for a whole resource, rather than for
// one object, means that the resource is not served.
func classify(err error, verb string, resource schema.GroupVersionResource, name string) error {
	action := verb + " " + resource.Resource
	if name != "" {
		action += "/" + name
	}
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return &ForbiddenError{Action: verb + " " + resource.Resource, err: err}
	case apierrors.IsNotFound(err) && resource.Group == gatewayClasses.Group && name == "":
		return &NoResourceError{Resource: resource.Resource, err: err}
	default:
		return fmt.Errorf("cannot %s: %w", action, err)
	}
}
