package gocharm

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The meanings of a hook tool's failure, for errors.Is.
var (
	// ErrNotFound: there is no such secret, label or key. For a secret only a message
	// about that secret counts: "secret backend not found" does not.
	ErrNotFound = errors.New("not found")
	// ErrPermissionDenied: this unit may not read or write that. Every unit may read the
	// other side's relation data; for these it is how Juju 3 says that the relation is
	// gone.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrNotLeader: only the leader may do that, and this unit is not the leader, or no
	// longer.
	ErrNotLeader = errors.New("this unit is not the leader")
	// ErrRelationGone: there is no such relation, or no longer.
	ErrRelationGone = errors.New("relation not found")
	// ErrUnsupported: this Juju has no such tool.
	ErrUnsupported = errors.New("no such hook tool")
)

// ToolError is a hook tool's failure. Its text never contains what the tool got as
// standard input or secret content.
type ToolError struct {
	// Tool is the tool's name: "relation-get".
	Tool string
	// Code is its exit code: 2 for arguments it does not take, 1 for a failure
	// while running, 127 if there is no such tool, -1 if it was killed.
	Code int
	// Stderr is what it wrote to standard error, cut to a few kilobytes.
	Stderr string

	// kinds are the meanings of the whole text, if Stderr no longer has that text.
	kinds []error
}

// Error returns the tool and its message: "relation-get: permission denied".
func (e *ToolError) Error() string {
	message := e.Message()
	if message == "" {
		message = fmt.Sprintf("failed with exit code %d", e.Code)
	}
	return e.Tool + ": " + message
}

// Message returns the tool's error message: the text after "ERROR", without the warnings
// before it.
func (e *ToolError) Message() string { return errorText(e.Stderr) }

// Is reports whether the failure has the meaning of a sentinel of this package, for
// errors.Is.
func (e *ToolError) Is(target error) bool {
	return slices.Contains(e.kinds, target) || slices.Contains(classify(e.Message()), target)
}

// The texts that tell Juju's failures apart, as its sources have them from 3.0 to 4.0. In
// some messages a name follows; in some the attempted action comes first.
const (
	notLeaderText   = "this unit is not the leader"
	cannotWriteText = "cannot write relation settings" // relation-set --app on a unit that is not the leader
	permissionText  = "permission denied"
	restrictedText  = "not implemented for restricted context"
	missingTool     = "unknown hook command: not on PATH"
)

// Limits and replacements for messages.
const (
	maxStderr    = 4 << 10
	wrongContext = "wrong hook context"
	withheld     = "(its message repeats what it was given, and is left out)"
	sharedRun    = 16 // a message with so many bytes in common with the input repeats it
	sharedWord   = 6  // so does one with a whole value of standard input of so many bytes
)

var (
	// A name, with or without certain words before it, and nothing else: "secret",
	// "consumer label", "secret with label", "secret URI for consumer label". The backend
	// that keeps a secret, and its revisions, have texts of their own.
	notFoundText     = regexp.MustCompile(`^(?:(?:secret(?: URI for consumer label| with label)?|consumer label) )?"([^"]*)" not found$`)
	relationGoneText = regexp.MustCompile(`\brelation (\S+ )?not found\b`)
	unknownToolText  = regexp.MustCompile(`^(bad request: )?unknown (hook )?command\b`)
	contextIDText    = regexp.MustCompile(`(?i)context id\b`)
)

// classify returns the sentinels for a message.
func classify(message string) []error {
	switch {
	case unknownToolText.MatchString(message), strings.Contains(message, restrictedText):
		return []error{ErrUnsupported}
	case strings.Contains(message, notLeaderText):
		return []error{ErrNotLeader}
	case strings.Contains(message, cannotWriteText):
		return []error{ErrNotLeader, ErrPermissionDenied}
	case strings.Contains(message, permissionText):
		return []error{ErrPermissionDenied}
	case relationGoneText.MatchString(message):
		return []error{ErrRelationGone}
	case notFoundText.MatchString(message):
		return []error{ErrNotFound}
	}
	return nil
}

// notFound returns err, but without ErrNotFound if the failure is not about this secret.
func (r SecretRef) notFound(err error) error {
	var tool *ToolError
	if !errors.As(err, &tool) || !errors.Is(err, ErrNotFound) {
		return err
	}
	match := notFoundText.FindStringSubmatch(tool.Message())
	if match == nil || r.Label != "" && match[1] == r.Label || r.ID != "" && SecretID(match[1]) == SecretID(r.ID) {
		return err
	}
	return otherNotFound{tool}
}

// otherNotFound is a *ToolError about something else than the requested secret. It is not
// ErrNotFound.
type otherNotFound struct{ error }

func (otherNotFound) Is(error) bool { return false }

func (e otherNotFound) As(target any) bool { return errors.As(e.error, target) }

// newToolError returns the failure of a call that ended with this code and this text on
// standard error.
func newToolError(call Call, code int, stderr string) *ToolError {
	message := errorText(stderr)
	e := &ToolError{Tool: call.Tool, Code: code, Stderr: stderr, kinds: classify(message)}
	if len(stderr) > maxStderr {
		e.Stderr = "ERROR " + strings.ToValidUTF8(message[:min(len(message), maxStderr)], "")
	}
	switch {
	case contextIDText.MatchString(e.Stderr):
		// While the hook runs, a context id is as good as a password.
		e.Stderr = "ERROR " + wrongContext
	case call.repeatedBy(e.Stderr) && len(e.kinds) > 0:
		e.Stderr = "ERROR " + e.kinds[0].Error() + " " + withheld
	case call.repeatedBy(e.Stderr):
		e.Stderr = "ERROR failed " + withheld
	}
	return e
}

// errorText returns the text after an "ERROR " that begins a line, or else the whole
// text.
func errorText(stderr string) string {
	text := "\n" + strings.TrimSpace(stderr)
	if _, message, ok := strings.Cut(text, "\nERROR "); ok {
		return message
	}
	return text[1:]
}

// repeatedBy reports whether a text shows part of the call's standard input or secret
// content, as it is or in base64: Juju quotes arguments that it does not understand.
func (c Call) repeatedBy(text string) bool {
	runs := make(map[string]bool)
	for i := 0; i+sharedRun <= len(text); i++ {
		runs[text[i:i+sharedRun]] = true
	}
	// So many bytes in common cannot be chance.
	shares := func(input string) bool {
		for i := 0; i+sharedRun <= len(input); i++ {
			if runs[input[i:i+sharedRun]] {
				return true
			}
		}
		return false
	}
	for _, value := range c.Content {
		if strings.Contains(text, value) || shares(value) || shares(base64.StdEncoding.EncodeToString([]byte(value))) {
			return true
		}
	}
	// Standard input as such is not secret, so a short word of it may be chance.
	var values map[string]string
	if json.Unmarshal(c.Stdin, &values) == nil {
		for _, value := range values {
			if len(value) >= sharedWord && strings.Contains(text, value) {
				return true
			}
		}
	}
	return shares(string(c.Stdin))
}
