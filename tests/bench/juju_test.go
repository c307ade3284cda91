package bench_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// controllerCalls counts the calls of a hook that Juju's controller has to answer, since
// the unit's agent does not know by itself. Sources: in Juju's repository,
// internal/worker/uniter/runner/context (context.go, relation.go, cache.go), which keeps
// what it has asked for during a hook, and the data of other sides' units for longer; and
// internal/worker/leadership/tracker.go, which renews the lease in its own time.
//
// At the end of the hook comes one more, if there is anything to carry out.
func controllerCalls(calls []jujutest.ToolCall) int {
	asked, buffered := map[string]bool{}, false
	count := 0
	for _, call := range calls {
		once := ""
		switch call.Tool {
		case "is-leader", "relation-ids", "relation-list", "relation-model-get", "juju-log":
			continue // the agent knows
		case "relation-get":
			if !slices.Contains(call.Args, "--app") {
				continue // a unit's, of which the agent is told when it changes
			}
			once = "data " + relationOf(call) + " " + call.Args[len(call.Args)-1]
		case "relation-set":
			// The agent reads what stands there first, if it has not yet.
			once, buffered = "data "+relationOf(call)+" "+charm, true
		case "state-get":
			once = "state"
		case "state-set", "state-delete":
			once, buffered = "state", true
		case "config-get":
			once = "config"
		default: // the status, secrets
			buffered = buffered || strings.HasPrefix(call.Tool, "secret-") && !strings.HasSuffix(call.Tool, "-get") && call.Tool != "secret-ids"
		}
		if once == "" || !asked[once] {
			count++
		}
		asked[once] = true
	}
	if buffered {
		count++
	}
	return count
}

// relationOf is the number of the relation that a call is about.
func relationOf(call jujutest.ToolCall) string {
	i := slices.Index(call.Args, "-r")
	if i < 0 || i+1 == len(call.Args) {
		return ""
	}
	_, number, _ := strings.Cut(call.Args[i+1], ":")
	return number
}

func TestControllerCalls(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		calls []string
		want  int
	}{
		"the agent knows":     {[]string{"is-leader", "relation-ids gateway", "relation-list -r gateway:1", "relation-get -r gateway:1 - web/0", "juju-log hello"}, 0},
		"an application's":    {[]string{"relation-get -r gateway:1 --app - web", "relation-get -r gateway:2 --app - web"}, 2},
		"ours, read and set":  {[]string{"relation-get -r gateway:1 --app - " + charm, "relation-set -r gateway:1 --app --file -"}, 2},
		"ours, set":           {[]string{"relation-set -r gateway:1 --app --file -"}, 2},
		"state":               {[]string{"state-get", "state-set --file -"}, 2},
		"state, only read":    {[]string{"state-get"}, 1},
		"options and status":  {[]string{"config-get", "status-set active", "status-set --application active"}, 3},
		"a secret is read":    {[]string{"secret-get --label=a", "secret-info-get --label=a"}, 2},
		"a secret is written": {[]string{"secret-add --label=a"}, 2},
	} {
		var calls []jujutest.ToolCall
		for _, call := range test.calls {
			words := strings.Fields(call)
			calls = append(calls, jujutest.ToolCall{Tool: words[0], Args: words[1:]})
		}
		if got := controllerCalls(calls); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
