package jujutest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// errNeedStdin is the answer to a tool that reads standard input when the request brought none; the
// client repeats the call with its input.
var errNeedStdin = errors.New("hook tool requires stdin, none supplied")

// toolError ends a hook tool with an exit code: 2 for arguments Juju refuses before running the
// tool, 1 for a tool that ran and failed.
type toolError struct {
	code    int
	message string
}

func (e *toolError) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return &toolError{code: 2, message: fmt.Sprintf(format, args...)}
}

func failf(format string, args ...any) error {
	return &toolError{code: 1, message: fmt.Sprintf(format, args...)}
}

// errNotLeader is what the status and secret tools say to followers.
func errNotLeader() error { return failf("this unit is not the leader") }

// invocation is one run of one hook tool.
type invocation struct {
	ctx      *hookContext
	tool     string
	args     []string
	dir      string
	stdin    []byte
	stdinSet bool
	stdout   bytes.Buffer
	stderr   bytes.Buffer
}

// toolFunc runs a hook tool: parse and check the arguments first (errors of usagef), change or read
// something afterwards (errors of failf).
type toolFunc func(*invocation) error

// simulatedTools lists the hook tools that work. It is a function, not a variable, because help and
// the tools refer to each other.
func simulatedTools() map[string]toolFunc {
	return map[string]toolFunc{
		"config-get":              configGet,
		"relation-ids":            relationIDs,
		"relation-list":           relationList,
		"relation-get":            relationGet,
		"relation-set":            relationSet,
		"relation-model-get":      relationModelGet,
		"is-leader":               isLeader,
		"status-set":              statusSet,
		"status-get":              statusGet,
		"juju-log":                jujuLog,
		"application-version-set": applicationVersionSet,
		"state-get":               stateGet,
		"state-set":               stateSet,
		"state-delete":            stateDelete,
		"action-get":              actionGet,
		"action-set":              actionSet,
		"action-fail":             actionFail,
		"action-log":              actionLog,
		"secret-add":              secretAdd,
		"secret-set":              secretSet,
		"secret-get":              secretGet,
		"secret-info-get":         secretInfoGet,
		"secret-ids":              secretIDs,
		"secret-grant":            secretGrant,
		"secret-revoke":           secretRevoke,
		"secret-remove":           secretRemove,
		"network-get":             networkGet,
		"unit-get":                unitGet,
		"goal-state":              goalState,
		"credential-get":          credentialGet,
		"open-port":               openPort,
		"close-port":              closePort,
		"opened-ports":            openedPorts,
	}
}

// unsimulatedTools exist in Juju and not here. They are on PATH and fail with words of their own, so
// that a charm that begins to use one learns why it does not work.
var unsimulatedTools = []string{
	"juju-reboot", "resource-get", "storage-add", "storage-get", "storage-list",
	"leader-get", "leader-set", "add-metric",
	"payload-register", "payload-unregister", "payload-status-set",
	"k8s-spec-get", "k8s-spec-set", "pod-spec-get", "pod-spec-set", "k8s-raw-get", "k8s-raw-set",
}

// toolsOf returns the sorted names of the tools an agent of this profile has.
func toolsOf(p Profile) []string {
	t := p.traits()
	var names []string
	for name := range simulatedTools() {
		if name == "relation-model-get" && !t.modelGet {
			continue
		}
		names = append(names, name)
	}
	for _, name := range unsimulatedTools {
		if !t.removedInThisJuju[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// run executes the tool and returns its exit code. The error is one for the transport: the tool did
// not run at all.
func (inv *invocation) run() (int, error) {
	if !slices.Contains(toolsOf(inv.ctx.juju.options.Profile), inv.tool) {
		return 0, fmt.Errorf("bad request: unknown command: %s", inv.tool)
	}
	if wantsHelp(inv.args) {
		fmt.Fprintf(&inv.stdout, "Usage: %s [options] ...\n", inv.tool)
		return 0, nil
	}
	tool, ok := simulatedTools()[inv.tool]
	if !ok {
		fmt.Fprintf(&inv.stderr, "ERROR jujutest does not simulate the hook tool %q\n", inv.tool)
		return 2, nil
	}
	err := tool(inv)
	if err == nil {
		return 0, nil
	}
	if errors.Is(err, errNeedStdin) {
		return 0, err
	}
	fmt.Fprintf(&inv.stderr, "ERROR %s\n", err)
	if failure, ok := errors.AsType[*toolError](err); ok {
		return failure.code, nil
	}
	return 1, nil
}

func wantsHelp(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--":
			return false
		case "--help", "-h":
			return true
		}
	}
	return false
}

// noMore refuses positionals beyond those a tool takes.
func noMore(args []string) error {
	if len(args) == 0 {
		return nil
	}
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = fmt.Sprintf("%q", arg)
	}
	return usagef("unrecognized args: [%s]", strings.Join(quoted, " "))
}

// readFile returns the content of a file named on the command line: the agent's standard input for
// "-", otherwise a file opened by the agent, relative to the caller's directory.
func (inv *invocation) readFile(name string) ([]byte, error) {
	if name == "-" {
		if !inv.stdinSet {
			return nil, errNeedStdin
		}
		return inv.stdin, nil
	}
	data, err := os.ReadFile(inv.path(name))
	if err != nil {
		return nil, failf("%v", err)
	}
	return data, nil
}

func (inv *invocation) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(inv.dir, name)
}

// keyValues parses "key=value" arguments.
func keyValues(args []string) (map[string]string, error) {
	values := make(map[string]string, len(args))
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok || key == "" {
			return nil, usagef("expected \"key=value\", got %q", arg)
		}
		values[key] = value
	}
	return values, nil
}

// settings merges the map in a --file (if any) with "key=value" arguments; the arguments win.
func (inv *invocation) settings(file string, args map[string]string) (map[string]string, error) {
	merged := make(map[string]string)
	if file != "" {
		data, err := inv.readFile(file)
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(data, &merged); err != nil {
			return nil, failf("%v", err)
		}
	}
	if merged == nil { // the file says "null"
		return args, nil
	}
	maps.Copy(merged, args)
	return merged, nil
}
