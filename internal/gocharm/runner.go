package gocharm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// Runner runs hook tools. Several goroutines may use it at the same time, but the agent
// runs one tool at a time.
type Runner interface {
	// Run runs one hook tool and returns its standard output. If the tool ends with
	// another code than 0, the error is a *ToolError. If ctx ends first, or the agent
	// does not answer within five minutes, the error says so, and the tool may have run
	// or not.
	Run(ctx context.Context, call Call) ([]byte, error)
	// Close closes the connection to the agent. It must be called in every case: the
	// agent waits until the connection is closed.
	Close() error
}

// Call is one run of a hook tool.
type Call struct {
	// Tool is the bare name: "relation-get".
	Tool string
	// Args are its arguments. They may be visible on a command line.
	Args []string
	// Stdin is its standard input; nil for none.
	Stdin []byte
	// Content is a secret's content by key. Each kind of runner passes it in a way that
	// keeps it off command lines.
	Content map[string]string
}

// ToolsVariable is the environment variable that, if it is "exec", makes every hook tool
// run as a process even if the agent's socket could be used.
const ToolsVariable = "CHARM_HOOK_TOOLS"

// NewRunner returns the runner for the environment in getenv: the unit agent's socket if
// one answers, otherwise processes on PATH.
func NewRunner(getenv func(string) string) (Runner, error) {
	processes := newProcessRunner(getenv)
	switch choice := getenv(ToolsVariable); choice {
	case "exec":
		return processes, nil
	case "":
	default:
		return nil, fmt.Errorf(`cannot use %s=%q: it must be "exec" or not be set`, ToolsVariable, choice)
	}
	if getenv("JUJU_AGENT_SOCKET_NETWORK") != "unix" || getenv("JUJU_AGENT_SOCKET_ADDRESS") == "" {
		return processes, nil
	}
	socket, err := newSocketRunner(getenv, processes)
	if err != nil {
		// Nothing has been run yet, so the tools on PATH can do all of it.
		return processes, nil
	}
	return socket, nil
}

var errClosed = errors.New("the runner is closed")

// callTimeout limits one call. An agent may take three minutes for a secret, because it
// retries for a while what Kubernetes refuses. An agent that takes longer than this limit
// will not answer any more, and a hook without an end would block its unit for ever.
const callTimeout = 5 * time.Minute

// errNoAnswer says that the agent has not answered in time.
var errNoAnswer = fmt.Errorf("no answer for %v", callTimeout)

// bounded returns the context of one call.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, callTimeout, errNoAnswer)
}

// The names that Juju allows for tools (derived from the existing ones) and for a
// secret's keys (core/secrets: at least three characters).
var (
	toolName  = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	secretKey = regexp.MustCompile(`^[a-z](-?[a-z0-9]){2,}$`)
)

// check returns what is wrong with a call. The error does not repeat any content.
func (c Call) check() error {
	if !toolName.MatchString(c.Tool) {
		return fmt.Errorf("cannot run hook tool: %q is not the name of one", c.Tool)
	}
	for _, key := range c.contentKeys() {
		if !secretKey.MatchString(key) {
			return fmt.Errorf("cannot run %s: %q is not a key for secret content", c.Tool, key)
		}
		if c.Content[key] == "" {
			return fmt.Errorf("cannot run %s: no content for key %q", c.Tool, key)
		}
	}
	return nil
}

func (c Call) contentKeys() []string { return slices.Sorted(maps.Keys(c.Content)) }
