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

// RefusedError says that the API server has refused to write one object, and will refuse it again:
// a permission is missing, or a quota, an admission webhook or the validation of the kind does not
// allow it. That is not an outage, and says nothing about other objects.
type RefusedError struct {
	Kind, Name string
	// Action is what was refused, such as "apply httproutes".
	Action string
	// Permission is true if the charm has no permission for that action on any object.
	Permission bool
	// Stands is true if the object exists, as it was before.
	Stands bool
	// Reason is the API server's message, in one line. It quotes nothing from a Secret.
	Reason string

	err error
}

func (e *RefusedError) Error() string {
	verb, resource, _ := strings.Cut(e.Action, " ")
	return "cannot " + verb + " " + resource + "/" + e.Name + ": " + e.err.Error()
}

// Unwrap returns the API server's own error.
func (e *RefusedError) Unwrap() error { return e.err }

// Refusals splits an error of Apply: into the objects that were refused, and all other errors,
// which are nil if there were only refusals.
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

// OnlyRefused reports whether an error of Read consists only of missing permissions and missing
// kinds. Any other error in it, such as an outage, must be returned, so that Juju retries.
func OnlyRefused(err error) bool {
	return !slices.ContainsFunc(flatten(err), func(leaf error) bool { return !isRefused(leaf) })
}

// flatten returns the single errors that were joined.
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

// noPermission matches the API server's message if its authorizer, or the admission plugin
// OwnerReferencesPermissionEnforcement, grants no permission (Kubernetes,
// apiserver/pkg/endpoints/handlers/responsewriters and plugin/pkg/admission/gc). Other refusals,
// such as a quota, have other messages.
var noPermission = regexp.MustCompile(`cannot [a-z]+ resource "|cannot set an ownerRef on a resource you can't delete|cannot set blockOwnerDeletion`)

// deniedByWebhook is in the API server's message if an admission webhook has refused an object. The
// webhook chooses the status code.
const deniedByWebhook = "denied the request"

// refusal reports whether an answer refuses the object, so that a retry alone does not help, and
// whether the reason is a missing permission.
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

// internalError begins the API server's message if something went wrong inside it with one object:
// a webhook that cannot be called, no address left for a Service (Kubernetes,
// apimachinery/pkg/api/errors.NewInternalError). That may last for weeks, and says nothing about
// other objects. Messages of its storage begin in another way.
const internalError = "Internal error occurred: "

// messagePrefix matches the beginning of the API server's message about an object.
var messagePrefix = regexp.MustCompile(`^([A-Za-z.0-9]+ "[^"]*" is (forbidden|invalid)|Internal error occurred): `)

// reasonOf returns the first line of the API server's message, without the object's name.
func reasonOf(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSpace(messagePrefix.ReplaceAllString(line, ""))
}

// writes reports whether a verb writes or deletes an object.
func writes(verb string) bool { return verb == "apply" || verb == "delete" }

func kindOf(r schema.GroupVersionResource) string {
	i := slices.IndexFunc(resources, func(one resource) bool { return one.GroupVersionResource == r })
	if i < 0 {
		return ""
	}
	return resources[i].kind
}
