package jujutest

import (
	"fmt"
	"net/rpc"
	"strings"
)

const (
	// execTool is the program with which a charm's background process asks for a hook context.
	execTool = "juju-exec"
	// runSocketVariable tells juju-exec the socket that a real one finds below /var/lib/juju.
	runSocketVariable = "JUJUTEST_RUN_SOCKET"
)

// callExec is juju-exec: [-u unit] [-r relation] script. It waits until the unit agent has run the
// script between two hooks.
func callExec(args []string, getenv func(string) string) (ToolResponse, error) {
	request := ExecRequest{RelationId: -1}
	if id := getenv("JUJU_CONTEXT_ID"); id != "" {
		return ToolResponse{}, fmt.Errorf("juju-exec cannot be called from within a hook, have context %q", id)
	}
	var flags flagSet
	var noContext bool
	flags.value(func(unit string) error { request.UnitName = unitName(unit); return nil }, "u")
	flags.value(func(relation string) error {
		_, err := fmt.Sscanf(relation[strings.LastIndex(relation, ":")+1:], "%d", &request.RelationId)
		return err
	}, "r", "relation")
	flags.str(&request.RemoteUnitName, "remote-unit")
	flags.str(&request.RemoteApplicationName, "remote-app")
	flags.bool(&request.ForceRemoteUnit, "force-remote-unit")
	flags.bool(&noContext, "no-context")
	words, err := flags.parse(args)
	if err != nil {
		return ToolResponse{Code: 2, Stderr: fmt.Appendf(nil, "ERROR %v\n", err)}, nil
	}
	switch len(words) {
	case 0:
		return ToolResponse{Code: 2, Stderr: []byte("ERROR missing commands\n")}, nil
	case 1:
		request.Commands = words[0]
	default:
		for i, word := range words {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		request.Commands = strings.Join(words, " ")
	}
	socket := getenv(runSocketVariable)
	if socket == "" {
		return ToolResponse{}, fmt.Errorf("%s is not set: call juju-exec by the path JujuExec gives", runSocketVariable)
	}
	client, err := rpc.Dial("unix", socket)
	if err != nil {
		return ToolResponse{}, err
	}
	defer client.Close()
	var response ExecResponse
	err = client.Call("JujuExecServer.RunCommands", request, &response)
	return ToolResponse(response), err
}

// unitName turns "unit-web-0" into "web/0".
func unitName(text string) string {
	tag, ok := strings.CutPrefix(text, "unit-")
	if i := strings.LastIndex(tag, "-"); ok && i > 0 {
		return tag[:i] + "/" + tag[i+1:]
	}
	return text
}
