package jujutest

import (
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// RunToolIfInvoked runs a hook tool if this program was started under the name of one, and then
// does not return. Otherwise it does nothing. Call it first in TestMain or main of the program that
// Options.ToolBinary names: the simulator links the names of the hook tools to that program.
func RunToolIfInvoked() {
	name := filepath.Base(os.Args[0])
	if name != execTool && !slices.Contains(unsimulatedTools, name) {
		if _, ok := simulatedTools()[name]; !ok {
			return
		}
	}
	// Not os.Exit: it would wait a second for the race detector's report, at every tool call.
	syscall.Exit(ToolMain(os.Args, os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// ToolMain is Juju's jujuc: it asks the unit agent, whose socket the environment names, to run the
// tool args[0] (its base name), and returns the exit code. It reads standard input only if the tool
// needs it.
func ToolMain(args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	name := filepath.Base(args[0])
	run := func() (ToolResponse, error) { return callTool(name, args[1:], getenv, stdin) }
	if name == execTool {
		run = func() (ToolResponse, error) { return callExec(args[1:], getenv) }
	}
	response, err := run()
	if err != nil {
		fmt.Fprintf(stderr, "ERROR %v\n", err)
		return 1
	}
	// If the reader of an output has gone, nobody can be told. The exit code still counts.
	_, _ = stdout.Write(response.Stdout)
	_, _ = stderr.Write(response.Stderr)
	return response.Code
}

func callTool(name string, args []string, getenv func(string) string, stdin io.Reader) (ToolResponse, error) {
	var response ToolResponse
	contextID := getenv("JUJU_CONTEXT_ID")
	if contextID == "" {
		return response, errors.New("JUJU_CONTEXT_ID not set")
	}
	address := getenv("JUJU_AGENT_SOCKET_ADDRESS")
	if address == "" {
		return response, errors.New("JUJU_AGENT_SOCKET_ADDRESS not set")
	}
	dir, err := os.Getwd()
	if err != nil {
		return response, err
	}
	client, err := rpc.Dial(getenv("JUJU_AGENT_SOCKET_NETWORK"), address)
	if err != nil {
		return response, err
	}
	defer client.Close()
	request := ToolRequest{ContextId: contextID, Dir: dir, CommandName: name, Args: args}
	err = client.Call("Jujuc.Main", request, &response)
	if err != nil && err.Error() == errNeedStdin.Error() {
		request.StdinSet = true
		if request.Stdin, err = io.ReadAll(stdin); err != nil {
			return response, fmt.Errorf("cannot read stdin: %w", err)
		}
		err = client.Call("Jujuc.Main", request, &response)
	}
	return response, err
}
