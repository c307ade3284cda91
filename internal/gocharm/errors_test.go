package gocharm

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestToolErrorKinds(t *testing.T) {
	t.Parallel()
	all := []error{ErrNotFound, ErrPermissionDenied, ErrNotLeader, ErrRelationGone, ErrUnsupported}
	tests := []struct {
		stderr string
		want   []error
	}{
		{`ERROR secret "cpkj1a2b3c4d5e6f7g8h" not found`, []error{ErrNotFound}},
		{`ERROR consumer label "key" not found`, []error{ErrNotFound}},
		{`ERROR secret with label "key" not found`, []error{ErrNotFound}},
		{`ERROR secret URI for consumer label "key" not found`, []error{ErrNotFound}},
		{`ERROR "k" not found`, []error{ErrNotFound}},
		{`ERROR secret backend "b" not found`, nil},
		{`ERROR getting content: secret "cpkj1a2b3c4d5e6f7g8h" not found`, nil},
		{`ERROR model "prod" not found`, nil},
		{"ERROR permission denied\n", []error{ErrPermissionDenied}},
		{"ERROR cannot read relation application settings: permission denied", []error{ErrPermissionDenied}},
		{"ERROR this unit is not the leader", []error{ErrNotLeader}},
		{"ERROR finding application status: this unit is not the leader", []error{ErrNotLeader}},
		{"ERROR cannot write relation settings", []error{ErrNotLeader, ErrPermissionDenied}},
		{"ERROR relation not found", []error{ErrRelationGone}},
		{"ERROR relation 7 not found", []error{ErrRelationGone}},
		{`ERROR invalid value "db:99" for option -r: relation not found`, []error{ErrRelationGone}},
		{`ERROR invalid value "x" for option -r: invalid relation id`, nil},
		{"bad request: unknown command: relation-model-get", []error{ErrUnsupported}},
		{"ERROR bad request: unknown command: relation-model-get", []error{ErrUnsupported}},
		{"unknown hook command: relation-model-get", []error{ErrUnsupported}},
		{"ERROR not implemented for restricted context", []error{ErrUnsupported}},
		{"ERROR not running an action", nil},
		{"WARNING relation not found in cache\nERROR permission denied\n", []error{ErrPermissionDenied}},
		{"", nil},
	}
	for _, test := range tests {
		for _, err := range []error{
			newToolError(Call{Tool: "tool"}, 1, test.stderr),
			&ToolError{Tool: "tool", Code: 1, Stderr: test.stderr},
		} {
			wrapped := fmt.Errorf("cannot do it: %w", err)
			for _, kind := range all {
				if got, want := errors.Is(wrapped, kind), slices.Contains(test.want, kind); got != want {
					t.Errorf("%q is %q: got %v, want %v", test.stderr, kind, got, want)
				}
			}
		}
	}
}

func TestToolErrorText(t *testing.T) {
	t.Parallel()
	tests := []struct{ stderr, want string }{
		{"ERROR permission denied\n", "relation-get: permission denied"},
		{"--format is deprecated\nERROR two\nlines\n", "relation-get: two\nlines"},
		{"no prefix\n", "relation-get: no prefix"},
		{"", "relation-get: failed with exit code 2"},
		{`bad request: wrong context ID; got "app/0-install-9f"`, "relation-get: wrong hook context"},
		{`bad request: expected context id "app/0-install-01", got "app/0-install-9f"`, "relation-get: wrong hook context"},
	}
	for _, test := range tests {
		if got := newToolError(Call{Tool: "relation-get"}, 2, test.stderr).Error(); got != test.want {
			t.Errorf("%q: got %q, want %q", test.stderr, got, test.want)
		}
	}
	long := newToolError(Call{Tool: "x"}, 1, strings.Repeat("warning\n", 10_000)+"ERROR relation not found"+strings.Repeat("é", 10_000))
	if len(long.Stderr) > maxStderr+len("ERROR ") || !strings.HasPrefix(long.Error(), "x: relation not found") {
		t.Errorf("long text: kept %d bytes, %.40q", len(long.Stderr), long.Error())
	}
}

// Juju quotes an argument that it cannot make sense of, and a YAML parser its
// input.
func TestToolErrorKeepsInputOut(t *testing.T) {
	t.Parallel()
	const secret = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
	secretCall := Call{Tool: "secret-add", Content: map[string]string{"private-key": secret, "password": "hunter2"}}
	dataCall := Call{Tool: "relation-set", Stdin: []byte(`{"csr":"-----BEGIN\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC","token":"hunter2"}`)}
	tests := []struct {
		call   Call
		stderr string
		kind   error
	}{
		{secretCall, `ERROR key value "password=hunter2" not valid`, nil},
		{secretCall, fmt.Sprintf("ERROR key value %q not valid", "private-key="+secret), nil},
		{secretCall, "ERROR cannot store MIIEvQIBADANBgkqhkiG9w0BAQEFAASC: permission denied", ErrPermissionDenied},
		{secretCall, "ERROR bad value " + base64.StdEncoding.EncodeToString([]byte(secret)), nil},
		{secretCall, strings.Repeat("x", maxStderr-8) + " hunter2 and more", nil},
		{dataCall, `ERROR yaml: line 1: cannot unmarshal "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"`, nil},
		{dataCall, "ERROR cannot set hunter2: cannot write relation settings", ErrNotLeader},
	}
	for _, test := range tests {
		err := newToolError(test.call, 1, test.stderr)
		text := fmt.Sprintf("%v %+v %#v", err, err, *err)
		for _, part := range []string{"hunter2", "MIIEvQIBADANBg", "BEGIN", "TUlJRXZRSUJBRE"} {
			if strings.Contains(text, part) {
				t.Errorf("%q: the error holds %q: %s", test.stderr, part, text)
			}
		}
		if test.kind != nil && !errors.Is(err, test.kind) {
			t.Errorf("%q: got %v, want one that is %q", test.stderr, err, test.kind)
		}
	}
	// A text that repeats nothing stays.
	if got := newToolError(secretCall, 1, "ERROR quota exceeded").Error(); got != "secret-add: quota exceeded" {
		t.Errorf("got %q", got)
	}
}

// What is said of another secret than was asked for says nothing about this one.
func TestSecretNotFoundIsThatSecret(t *testing.T) {
	t.Parallel()
	tests := []struct {
		ref    SecretRef
		stderr string
		want   bool
	}{
		{SecretRef{Label: "key"}, `ERROR consumer label "key" not found`, true},
		{SecretRef{Label: "key"}, `ERROR consumer label "other" not found`, false},
		{SecretRef{Label: "key"}, `ERROR secret "cpkj1a2b3c4d5e6f7g8h-1" not found`, false},
		{SecretRef{Label: "key"}, `ERROR secret backend "key" not found`, false},
		{SecretRef{ID: "secret:cpkj"}, `ERROR secret "cpkj" not found`, true},
		{SecretRef{ID: "cpkj"}, `ERROR secret "secret:cpkj" not found`, true},
		{SecretRef{ID: "cpkj"}, `ERROR secret "cpkj-2" not found`, false},
	}
	for _, test := range tests {
		failure := &ToolError{Tool: "secret-get", Code: 1, Stderr: test.stderr}
		tools := NewTools(&recorder{err: failure})
		_, secretErr := tools.Secret(t.Context(), test.ref, Peek)
		_, infoErr := tools.SecretInfo(t.Context(), test.ref)
		for _, err := range []error{secretErr, infoErr} {
			var tool *ToolError
			if got := errors.Is(err, ErrNotFound); got != test.want || !errors.As(err, &tool) || tool != failure {
				t.Errorf("%s, %q: found is %t, of %v", test.ref, test.stderr, !got, tool)
			}
		}
	}
}
