package jujutest_test

import (
	"fmt"
	"net/rpc"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
)

// pausedHook is a unit inside its config-changed hook, with the tools' socket open to this process.
type pausedHook struct {
	*world
	contextID string
	network   string
	address   string
	resume    func()
	settled   chan error
}

// pauseHook runs a charm up to the middle of its first config-changed.
func pauseHook(t *testing.T, changes ...func(*jujutest.Options)) *pausedHook {
	t.Helper()
	dir := t.TempDir()
	out, in := filepath.Join(dir, "out"), filepath.Join(dir, "in")
	for _, pipe := range []string{out, in} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	changes = append(changes, func(o *jujutest.Options) {
		o.SocketPatience = 300 * time.Millisecond
		o.Retries = -1
		o.Env = func(string) []string { return []string{"OUT=" + out, "IN=" + in} }
	})
	p := &pausedHook{world: newWorld(t, changes...), settled: make(chan error, 1)}
	p.deploy("gw", charmDir(t, providerMetadata, `
case $JUJU_HOOK_NAME in config-changed)
	echo "$JUJU_CONTEXT_ID $JUJU_AGENT_SOCKET_NETWORK $JUJU_AGENT_SOCKET_ADDRESS" > $OUT
	cat $IN >/dev/null
esac
`), 1)
	go func() { p.settled <- p.Settle(p.ctx) }()
	line, err := os.ReadFile(out) // waits for the hook
	p.must(err)
	if n, err := fmt.Sscan(string(line), &p.contextID, &p.network, &p.address); n != 3 {
		t.Fatalf("read %q: %v", line, err)
	}
	p.resume = sync.OnceFunc(func() { p.must(os.WriteFile(in, nil, 0o600)) })
	t.Cleanup(p.resume)
	return p
}

func (p *pausedHook) dial() *rpc.Client {
	p.t.Helper()
	client, err := rpc.Dial(p.network, p.address)
	p.must(err)
	return client
}

func (p *pausedHook) request(tool string, args ...string) jujutest.ToolRequest {
	return jujutest.ToolRequest{ContextId: p.contextID, Dir: "/", CommandName: tool, Args: args}
}

func call(client *rpc.Client, request jujutest.ToolRequest) string {
	var response jujutest.ToolResponse
	if err := client.Call("Jujuc.Main", request, &response); err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("%s%scode %d", response.Stdout, response.Stderr, response.Code)
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	for _, p := range []jujutest.Profile{jujutest.Juju36, jujutest.Juju40, jujutest.OldJuju3} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			hook := pauseHook(t, profile(p))
			client := hook.dial()
			valid := hook.request("is-leader", "--format=json")
			with := func(change func(*jujutest.ToolRequest)) jujutest.ToolRequest {
				r := valid
				change(&r)
				return r
			}
			wrong, token := `error: bad request: wrong context ID; got "x"`, "error: bad request: token does not match"
			switch p {
			case jujutest.Juju40:
				token = "true\ncode 0"
			case jujutest.OldJuju3:
				wrong = `error: bad request: expected context id "` + hook.contextID + `", got "x"`
				if !strings.HasPrefix(hook.address, "@/") {
					t.Errorf("address = %q, want an abstract one", hook.address)
				}
			}
			set := hook.request("relation-set", "-r", "0", "--file", "-")
			stdin := set
			stdin.StdinSet, stdin.Stdin = true, []byte(`{"a":"b"}`)
			empty := set
			empty.StdinSet = true
			for _, test := range []struct {
				request jujutest.ToolRequest
				want    string
			}{
				{valid, "true\ncode 0"},
				{with(func(r *jujutest.ToolRequest) { r.CommandName = "" }), "error: bad request: command not specified"},
				{with(func(r *jujutest.ToolRequest) { r.CommandName = "nope" }), "error: bad request: unknown command: nope"},
				{with(func(r *jujutest.ToolRequest) { r.Dir = "relative" }), "error: bad request: Dir is not absolute"},
				{with(func(r *jujutest.ToolRequest) { r.ContextId = "x" }), wrong},
				{with(func(r *jujutest.ToolRequest) { r.Token = "t" }), token},
				{set, "error: hook tool requires stdin, none supplied"},
				{stdin, "code 0"},
				{empty, "code 0"},
				{hook.request("relation-get", "-r", "0", "a", "gw/0"), "b\ncode 0"},
			} {
				if got := call(client, test.request); got != test.want {
					t.Errorf("%+v:\ngot  %s\nwant %s", test.request, got, test.want)
				}
			}
			hook.must(client.Close())
			hook.resume()
			hook.must(<-hook.settled)
			if got := hook.RelationData(0, "gw/0")["a"]; got != "b" {
				t.Errorf("a = %q after the flush", got)
			}
			if _, err := rpc.Dial(hook.network, hook.address); err == nil {
				t.Error("the socket is still served after the hook")
			}
		})
	}
}

func TestSocketFileIsPrivate(t *testing.T) {
	t.Parallel()
	hook := pauseHook(t)
	info, err := os.Stat(hook.address)
	hook.must(err)
	if mode := info.Mode().Perm(); mode != 0o700 {
		t.Errorf("mode = %o, want 700", mode)
	}
	hook.resume()
	hook.must(<-hook.settled)
}

func TestOneToolAtATime(t *testing.T) {
	t.Parallel()
	hook := pauseHook(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	hook.must(syscall.Mkfifo(fifo, 0o600))
	first, second := hook.dial(), hook.dial()
	// The first call holds the agent while it opens a file nobody writes yet.
	blocked := make(chan string, 1)
	go func() { blocked <- call(first, hook.request("relation-set", "-r", "0", "--file", fifo)) }()
	writer, err := os.OpenFile(fifo, os.O_WRONLY, 0) // returns when the agent has opened it
	hook.must(err)
	done := make(chan string, 1)
	go func() { done <- call(second, hook.request("is-leader")) }()
	select {
	case got := <-done:
		t.Errorf("a second tool ran beside the first: %s", got)
	case <-time.After(50 * time.Millisecond):
	}
	hook.must(writer.Close())
	if got := <-blocked; got != "code 0" {
		t.Errorf("first call: %s", got)
	}
	if got := <-done; got != "True\ncode 0" {
		t.Errorf("second call: %s", got)
	}
	hook.must(first.Close())
	hook.must(second.Close())
	hook.resume()
	hook.must(<-hook.settled)
}

func TestOpenConnectionIsReported(t *testing.T) {
	t.Parallel()
	hook := pauseHook(t)
	client := hook.dial()
	defer client.Close()
	// An answer says that the agent has taken the connection, not its backlog only.
	if got := call(client, hook.request("is-leader")); got != "True\ncode 0" {
		t.Fatalf("is-leader: %s", got)
	}
	hook.resume()
	err := <-hook.settled
	const want = `unit agent of gw/0 hangs after "config-changed": 1 connection(s) to the agent socket still open`
	if err == nil || err.Error() != want {
		t.Errorf("Settle = %v\nwant %s", err, want)
	}
}

func TestToolMainErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "ERROR JUJU_CONTEXT_ID not set\n"},
		{map[string]string{"JUJU_CONTEXT_ID": "x"}, "ERROR JUJU_AGENT_SOCKET_ADDRESS not set\n"},
		{
			map[string]string{"JUJU_CONTEXT_ID": "x", "JUJU_AGENT_SOCKET_ADDRESS": "/nowhere", "JUJU_AGENT_SOCKET_NETWORK": "unix"},
			"ERROR dial unix /nowhere: connect: no such file or directory\n",
		},
	} {
		var stdout, stderr strings.Builder
		code := jujutest.ToolMain([]string{"/tools/is-leader"}, func(k string) string { return test.env[k] }, nil, &stdout, &stderr)
		if code != 1 || stderr.String() != test.want || stdout.String() != "" {
			t.Errorf("code %d, stdout %q, stderr %q, want %q", code, stdout.String(), stderr.String(), test.want)
		}
	}
}
