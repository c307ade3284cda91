package kube

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// RefusedError says that the API server has refused to write one object, and will do so
// again: a permission is missing, or a quota, an admission webhook or the validation of
// the kind does not let it pass. That is no outage, and nothing about other objects.
type RefusedError struct {
	Kind, Name string
	// Action is what was refused, such as "apply httproutes".
	Action string
	// Permission says that the charm may not do it at all, to no object.
	Permission bool
	// Stands says that the object is there, as it was before.
	Stands bool
	// Reason is what the API server says, in a line. It quotes nothing of a Secret.
	Reason string

	err error
}

func (e *RefusedError) Error() string {
	verb, resource, _ := strings.Cut(e.Action, " ")
	return "cannot " + verb + " " + resource + "/" + e.Name + ": " + e.err.Error()
}

// Unwrap returns the API server's own error.
func (e *RefusedError) Unwrap() error { return e.err }

// Refusals takes an error of Apply apart: the objects that were refused, and everything
// else that went wrong, which is nil only when all of it was refusals.
func Refusals(err error) (refused []*RefusedError, others error) {
	for _, leaf := range flatten(err) {
		if one := (*RefusedError)(nil); errors.As(leaf, &one) {
			refused = append(refused, one)
		} else {
			others = errors.Join(others, leaf)
		}
	}
	return refused, others
}

// OnlyRefused says of an error of Read that it is refusals and missing kinds and nothing
// else, such as an outage, which would be told by its being tried again.
func OnlyRefused(err error) bool {
	return !slices.ContainsFunc(flatten(err), func(leaf error) bool { return !isRefused(leaf) })
}

// leaves returns the errors that were joined.
func flatten(err error) []error {
	var all []error
	switch err := err.(type) {
	case nil:
	case interface{ Unwrap() []error }:
		for _, one := range err.Unwrap() {
			all = append(all, flatten(one)...)
		}
	case *MissingSecretsError:
		all = flatten(err.err)
	default:
		all = []error{err}
	}
	return all
}

// withoutRight is how the API server says that its authorizer, or the admission plugin
// OwnerReferencesPermissionEnforcement, grants no permission (Kubernetes,
// apiserver/pkg/endpoints/handlers/responsewriters and plugin/pkg/admission/gc). What
// else refuses, as with a quota, has words of its own.
var noPermission = regexp.MustCompile(`cannot [a-z]+ resource "|cannot set an ownerRef on a resource you can't delete|cannot set blockOwnerDeletion`)

// deniedByWebhook is how the API server begins what an admission webhook has refused. The
// status code is the webhook's choice.
const deniedByWebhook = "denied the request"

// refusal says whether an answer refuses the object, so that to ask again is of no use
// by itself, and whether for want of permission.
func refusal(err error) (refused, permission bool) {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return false, false
	}
	status := answer.Status()
	switch status.Code {
	case http.StatusForbidden:
		return true, noPermission.MatchString(status.Message)
	case http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return true, false
	case http.StatusInternalServerError:
		return strings.HasPrefix(status.Message, internalError) || strings.Contains(status.Message, deniedByWebhook), false
	default:
		return strings.Contains(status.Message, deniedByWebhook), false
	}
}

// internalError is how the API server begins what went wrong with one object inside it: a
// webhook that cannot be called, no address left for a Service (Kubernetes,
// apimachinery/pkg/api/errors.NewInternalError). That may last for weeks, and is nothing
// about other objects. What its storage answers has no such beginning.
const internalError = "Internal error occurred: "

// about is how the API server begins what it says of an object.
var messagePrefix = regexp.MustCompile(`^([A-Za-z.0-9]+ "[^"]*" is (forbidden|invalid)|Internal error occurred): `)

// reasonOf returns the first line of what the API server says, without the object's name.
func reasonOf(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSpace(messagePrefix.ReplaceAllString(line, ""))
}

// writes reports whether a verb is one that writes an object.
func writes(verb string) bool { return verb == "apply" || verb == "delete" }

func kindOf(r schema.GroupVersionResource) string {
	i := slices.IndexFunc(resources, func(one resource) bool { return one.GroupVersionResource == r })
	if i < 0 {
		return ""
	}
	return resources[i].kind
}
