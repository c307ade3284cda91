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

// What a hook tool's failure means, for errors.Is.
var (
	// ErrNotFound: there is no such secret, label or key. Of a secret it is said by a
	// message that is about that one and nothing else: "secret backend not found" is not.
	ErrNotFound = errors.New("not found")
	// ErrPermissionDenied: this unit may not read or write that. For the other
	// side's relation data, which every unit may read, it is how Juju 3 says that
	// the relation is gone.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrNotLeader: only the leader may do that, and this unit is not the leader,
	// or is no longer.
	ErrNotLeader = errors.New("this unit is not the leader")
	// ErrRelationGone: there is no such relation, or not any more.
	ErrRelationGone = errors.New("relation not found")
	// ErrUnsupported: this Juju has no such tool.
	ErrUnsupported = errors.New("no such hook tool")
)

// ToolError is a hook tool's failure. Its text never holds what the tool was
// given as standard input or secret content.
type ToolError struct {
	// Tool is the tool's name: "relation-get".
	Tool string
	// Code is its exit code: 2 for arguments it does not take, 1 for a failure
	// while running, 127 if there is no such tool, -1 if it was killed.
	Code int
	// Stderr is what it wrote to standard error, cut to a few kilobytes.
	Stderr string

	// kinds is what the whole text meant, if Stderr no longer is that text.
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

// Message returns what the tool says went wrong: the text behind "ERROR", without
// the warnings before it.
func (e *ToolError) Message() string { return errorText(e.Stderr) }

// Is makes errors.Is tell by the sentinels of this package what the failure
// means.
func (e *ToolError) Is(target error) bool {
	return slices.Contains(e.kinds, target) || slices.Contains(classify(e.Message()), target)
}

// The texts by which Juju's failures are told apart. They are what its sources
// have had from 3.0 to 4.0; some are followed by a name, some preceded by what
// was being done.
const (
	notLeaderText   = "this unit is not the leader"
	cannotWriteText = "cannot write relation settings" // relation-set --app by who is not the leader
	permissionText  = "permission denied"
	restrictedText  = "not implemented for restricted context"
	missingTool     = "unknown hook command: not on PATH"
)

// What is kept of a message.
const (
	maxStderr    = 4 << 10
	wrongContext = "wrong hook context"
	withheld     = "(its message repeats what it was given, and is left out)"
	sharedRun    = 16 // bytes in common with the input that make a message repeat it
	sharedWord   = 6  // bytes of a value in standard input that, found whole, do so too
)

var (
	// With or without words before a name, and nothing else. There are "secret", "consumer
	// label", "secret with label", "secret URI for consumer label"; the backend that keeps a
	// secret, and its revisions, have texts of their own.
	notFoundText     = regexp.MustCompile(`^(?:(?:secret(?: URI for consumer label| with label)?|consumer label) )?"([^"]*)" not found$`)
	relationGoneText = regexp.MustCompile(`\brelation (\S+ )?not found\b`)
	unknownToolText  = regexp.MustCompile(`^(bad request: )?unknown (hook )?command\b`)
	contextIDText    = regexp.MustCompile(`(?i)context id\b`)
)

// classify returns the sentinels that a message stands for.
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

// notFound tells apart the failure to find this secret from the failure to find anything
// else: err is returned as it is, but where it says ErrNotFound of another.
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

// otherNotFound is a *ToolError that is not ErrNotFound of what was asked for.
type otherNotFound struct{ error }

func (otherNotFound) Is(error) bool { return false }

func (e otherNotFound) As(target any) bool { return errors.As(e.error, target) }

// newToolError returns the failure of a call that ended with code and this text
// on standard error.
func newToolError(call Call, code int, stderr string) *ToolError {
	message := errorText(stderr)
	e := &ToolError{Tool: call.Tool, Code: code, Stderr: stderr, kinds: classify(message)}
	if len(stderr) > maxStderr {
		e.Stderr = "ERROR " + strings.ToValidUTF8(message[:min(len(message), maxStderr)], "")
	}
	switch {
	case contextIDText.MatchString(e.Stderr):
		// Context ids are as good as passwords while the hook lasts.
		e.Stderr = "ERROR " + wrongContext
	case call.repeatedBy(e.Stderr) && len(e.kinds) > 0:
		e.Stderr = "ERROR " + e.kinds[0].Error() + " " + withheld
	case call.repeatedBy(e.Stderr):
		e.Stderr = "ERROR failed " + withheld
	}
	return e
}

// errorText returns the text behind the "ERROR " that begins a line, or all of
// it.
func errorText(stderr string) string {
	text := "\n" + strings.TrimSpace(stderr)
	if _, message, ok := strings.Cut(text, "\nERROR "); ok {
		return message
	}
	return text[1:]
}

// repeatedBy reports whether a text shows part of the call's standard input or
// secret content, in clear or in base64: Juju quotes arguments that it does not
// understand.
func (c Call) repeatedBy(text string) bool {
	runs := make(map[string]bool)
	for i := 0; i+sharedRun <= len(text); i++ {
		runs[text[i:i+sharedRun]] = true
	}
	// A run in common is too long to be chance.
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
	// Standard input is not secret as such, so a word of it may be chance.
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
