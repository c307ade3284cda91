package gocharm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// AgentRequest and AgentResponse are what the unit agent has on its side of the
// socket. Its types are not ours: the field names are all they share.
type (
	AgentRequest struct {
		ContextId   string
		Dir         string
		CommandName string
		Args        []string
		StdinSet    bool
		Stdin       []byte
		Token       string
	}
	AgentResponse struct {
		Code   int
		Stdout []byte
		Stderr []byte
	}
)

// agent is a unit agent's socket.
type agent struct {
	t        *testing.T
	address  string
	listener net.Listener
	handle   func(AgentRequest, *AgentResponse) error

	serving sync.WaitGroup // open connections

	mu    sync.Mutex
	conns []net.Conn
	seen  []AgentRequest
}

// Main is the method the agent serves.
func (a *agentService) Main(req AgentRequest, resp *AgentResponse) error {
	a.agent.mu.Lock()
	a.agent.seen = append(a.agent.seen, req)
	a.agent.mu.Unlock()
	return a.agent.handle(req, resp)
}

type agentService struct{ agent *agent }

func newAgent(t *testing.T, handle func(AgentRequest, *AgentResponse) error) *agent {
	t.Helper()
	a := &agent{t: t, handle: handle}
	// Not t.TempDir, as a socket's path has at most 107 bytes.
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	a.serve(filepath.Join(dir, "agent.socket"), "Jujuc", &agentService{a})
	return a
}

// serve listens on address and serves one service.
func (a *agent) serve(address, name string, service any) {
	a.t.Helper()
	server := rpc.NewServer()
	if err := server.RegisterName(name, service); err != nil {
		a.t.Fatal(err)
	}
	listener, err := net.Listen("unix", address)
	if err != nil {
		a.t.Fatal(err)
	}
	a.address, a.listener = address, listener
	a.t.Cleanup(a.die)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			a.mu.Lock()
			a.conns = append(a.conns, conn)
			a.mu.Unlock()
			a.serving.Go(func() { server.ServeConn(conn) })
		}
	}()
}

// hangUp closes the connections there are.
func (a *agent) hangUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, conn := range a.conns {
		conn.Close()
	}
}

func (a *agent) die() {
	a.listener.Close()
	a.hangUp()
}

func (a *agent) requests() []AgentRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]AgentRequest(nil), a.seen...)
}

// runner returns the runner that NewRunner picks with the agent's socket in the
// environment and the toolbox on PATH; it must be the socket.
func (a *agent) runner(b toolbox) *socketRunner {
	a.t.Helper()
	r, err := NewRunner(b.env("JUJU_AGENT_SOCKET_NETWORK=unix", "JUJU_AGENT_SOCKET_ADDRESS="+a.address, "JUJU_AGENT_TOKEN=token"))
	if err != nil {
		a.t.Fatal(err)
	}
	s, ok := r.(*socketRunner)
	if !ok {
		a.t.Fatalf("got a %T, want the socket", r)
	}
	a.t.Cleanup(func() { s.Close() })
	return s
}

func TestSocketRun(t *testing.T) {
	t.Parallel()
	a := newAgent(t, func(req AgentRequest, resp *AgentResponse) error {
		resp.Stdout, resp.Stderr = []byte("out"), []byte("a warning")
		return nil
	})
	s := a.runner(newToolbox(t))
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	base := AgentRequest{ContextId: "gateway-api-integrator/0-hook-9f", Dir: dir, Token: "token"}
	tests := []struct {
		call Call
		want func(*AgentRequest)
	}{
		{Call{Tool: "is-leader"}, func(r *AgentRequest) { r.CommandName = "is-leader" }},
		{
			Call{Tool: "relation-set", Args: []string{"--file", "-"}, Stdin: []byte("{}")},
			func(r *AgentRequest) {
				r.CommandName, r.Args, r.StdinSet, r.Stdin = "relation-set", []string{"--file", "-"}, true, []byte("{}")
			},
		},
		{
			Call{Tool: "relation-set", Stdin: []byte{}},
			func(r *AgentRequest) { r.CommandName, r.StdinSet = "relation-set", true },
		},
		{
			Call{Tool: "secret-add", Args: []string{"--label=x"}, Content: map[string]string{"key": "b=\nc", "csr": "a"}},
			func(r *AgentRequest) {
				r.CommandName, r.Args = "secret-add", []string{"--label=x", "csr=a", "key=b=\nc"}
			},
		},
	}
	for i, test := range tests {
		stdout, err := s.Run(t.Context(), test.call)
		if err != nil || string(stdout) != "out" {
			t.Errorf("%s: got %q, error %v", test.call.Tool, stdout, err)
		}
		want := base
		test.want(&want)
		if got := a.requests()[i]; !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	a.serving.Wait() // The agent sees the connection closed, or this hangs.
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := s.Run(t.Context(), Call{Tool: "is-leader"}); !errors.Is(err, errClosed) {
		t.Errorf("after Close: got error %v", err)
	}
}

func TestSocketAbstract(t *testing.T) {
	t.Parallel()
	a := &agent{t: t, handle: func(_ AgentRequest, resp *AgentResponse) error {
		resp.Stdout = []byte("true")
		return nil
	}}
	a.serve(fmt.Sprintf("@gocharm-test-%d", os.Getpid()), "Jujuc", &agentService{a})
	if leader, err := NewTools(a.runner(newToolbox(t))).IsLeader(t.Context()); err != nil || !leader {
		t.Errorf("got %v, error %v", leader, err)
	}
}

func TestSocketFailures(t *testing.T) {
	t.Parallel()
	b := newToolbox(t, "relation-get", "relation-model-get")
	a := newAgent(t, func(req AgentRequest, resp *AgentResponse) error {
		switch req.CommandName {
		case "relation-get":
			resp.Code, resp.Stderr = 1, []byte("ERROR permission denied\n")
			return nil
		case "relation-model-get":
			return errors.New("bad request: unknown command: relation-model-get")
		}
		return errors.New("unknown hook command: " + req.CommandName)
	})
	s := a.runner(b)
	for tool, kind := range map[string]error{"relation-get": ErrPermissionDenied, "relation-model-get": ErrUnsupported, "pod-spec-set": ErrUnsupported} {
		_, err := s.Run(t.Context(), Call{Tool: tool})
		var failure *ToolError
		if !errors.Is(err, kind) || !errors.As(err, &failure) || failure.Code != 1 || failure.Tool != tool {
			t.Errorf("%s: got error %#v, want one that is %q", tool, err, kind)
		}
	}
	if argv := b.read("argv"); argv != "" {
		t.Errorf("processes were run: %s", argv)
	}
}

func TestSocketConcurrent(t *testing.T) {
	t.Parallel()
	a := newAgent(t, func(req AgentRequest, resp *AgentResponse) error {
		resp.Stdout = []byte(req.Args[0] + string(req.Stdin))
		return nil
	})
	s := a.runner(newToolbox(t))
	var calls sync.WaitGroup
	for i := range 50 {
		calls.Go(func() {
			arg := fmt.Sprint("call ", i)
			stdout, err := s.Run(t.Context(), Call{Tool: "relation-set", Args: []string{arg}, Stdin: []byte("!")})
			if err != nil || string(stdout) != arg+"!" {
				t.Errorf("%s: got %q, error %v", arg, stdout, err)
			}
		})
	}
	calls.Wait()
}

// A call that the agent may have run is not run again.
func TestSocketLost(t *testing.T) {
	t.Parallel()
	b := newToolbox(t, "relation-set", "is-leader")
	b.answer("from PATH", "", "0")
	var a *agent
	a = newAgent(t, func(req AgentRequest, resp *AgentResponse) error {
		if req.CommandName == "relation-set" {
			a.hangUp()
		}
		resp.Stdout = []byte("from the agent")
		return nil
	})
	s := a.runner(b)
	_, err := s.Run(t.Context(), Call{Tool: "relation-set", Stdin: []byte("hunter2")})
	if err == nil || !strings.Contains(err.Error(), "may have run it") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got error %v", err)
	}
	if len(a.requests()) != 1 || b.read("argv") != "" {
		t.Errorf("run again: %v %s", a.requests(), b.read("argv"))
	}

	// The next call is another one: it gets a connection of its own.
	if stdout, err := s.Run(t.Context(), Call{Tool: "is-leader"}); err != nil || string(stdout) != "from the agent" {
		t.Errorf("next call: got %q, error %v", stdout, err)
	}

	// Lost between calls, nothing is doubtful.
	a.hangUp()
	waitForShutdown(s.link)
	if stdout, err := s.Run(t.Context(), Call{Tool: "is-leader"}); err != nil || string(stdout) != "from the agent" {
		t.Errorf("after a connection lost while idle: got %q, error %v", stdout, err)
	}
	a.die()
	waitForShutdown(s.link)
	if stdout, err := s.Run(t.Context(), Call{Tool: "is-leader"}); err != nil || string(stdout) != "from PATH" {
		t.Errorf("after the agent died: got %q, error %v", stdout, err)
	}
}

// waitForShutdown waits until the client has seen that its connection is gone.
func waitForShutdown(l *link) {
	for !errors.Is(l.client.Call("Jujuc.Main", socketRequest{}, &socketResponse{}), rpc.ErrShutdown) {
	}
}

type otherMethod struct{}

// Other is not Main.
func (otherMethod) Other(_ AgentRequest, _ *AgentResponse) error { return nil }

// OddRequest has one of the fields in another type.
type OddRequest struct{ Args map[string]int }

type oddService struct{}

// Main takes a request that ours cannot be decoded into.
func (oddService) Main(_ OddRequest, _ *AgentResponse) error { return nil }

// An agent that refuses to even look at the call has not run it.
func TestSocketFallback(t *testing.T) {
	t.Parallel()
	refusing := func(text string) func(*agent) any {
		return func(a *agent) any {
			a.handle = func(AgentRequest, *AgentResponse) error { return errors.New(text) }
			return &agentService{a}
		}
	}
	tests := []struct {
		name    string
		service string
		make    func(*agent) any
	}{
		{"no such method", "Jujuc", func(*agent) any { return otherMethod{} }},
		{"no such service", "Other", func(*agent) any { return otherMethod{} }},
		{"other fields", "Jujuc", func(*agent) any { return oddService{} }},
		{"token", "Jujuc", refusing("bad request: token does not match")},
		{"context", "Jujuc", refusing(`bad request: wrong context ID; got "x"`)},
		{"context, older", "Jujuc", refusing(`bad request: expected context id "y", got "x"`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newToolbox(t, "is-leader")
			b.answer("true", "", "0")
			dir, err := os.MkdirTemp("", "agent")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			a := &agent{t: t}
			a.serve(filepath.Join(dir, "agent.socket"), test.service, test.make(a))
			s := a.runner(b)
			for range 2 {
				if stdout, err := s.Run(t.Context(), Call{Tool: "is-leader"}); err != nil || string(stdout) != "true" {
					t.Errorf("got %q, error %v", stdout, err)
				}
			}
			if got := b.read("argv"); got != "<is-leader>\n<is-leader>\n" {
				t.Errorf("processes: got %q", got)
			}
			if asked := len(a.requests()); asked > 1 {
				t.Errorf("the agent was asked %d times, want it given up after the first", asked)
			}
			s.Close()
			a.serving.Wait()
		})
	}
}

func TestSocketCancel(t *testing.T) {
	t.Parallel()
	b := newToolbox(t, "relation-set", "is-leader")
	started, release := make(chan struct{}), make(chan struct{})
	a := newAgent(t, func(req AgentRequest, _ *AgentResponse) error {
		if req.CommandName == "relation-set" {
			close(started)
			<-release
		}
		return nil
	})
	s := a.runner(b)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()
	if _, err := s.Run(ctx, Call{Tool: "relation-set"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want cancelled", err)
	}
	if _, err := s.Run(ctx, Call{Tool: "is-leader"}); !errors.Is(err, context.Canceled) {
		t.Errorf("before the call: got error %v, want cancelled", err)
	}
	// Others go on over the same connection.
	if _, err := s.Run(t.Context(), Call{Tool: "is-leader"}); err != nil {
		t.Errorf("another call: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	close(release)
	a.serving.Wait()
	if argv := b.read("argv"); argv != "" {
		t.Errorf("processes were run: %s", argv)
	}
}

func TestNewRunner(t *testing.T) {
	t.Parallel()
	a := newAgent(t, func(AgentRequest, *AgentResponse) error { return nil })
	unix, address := "JUJU_AGENT_SOCKET_NETWORK=unix", "JUJU_AGENT_SOCKET_ADDRESS="+a.address
	tests := []struct {
		name string
		env  []string
		want any
	}{
		{"socket", []string{unix, address}, &socketRunner{}},
		{"told not to", []string{unix, address, ToolsVariable + "=exec"}, &processRunner{}},
		{"other network", []string{"JUJU_AGENT_SOCKET_NETWORK=tcp", address}, &processRunner{}},
		{"no network", []string{address}, &processRunner{}},
		{"no address", []string{unix}, &processRunner{}},
		{"nobody there", []string{unix, address + ".gone"}, &processRunner{}},
		{"long address", []string{unix, address + strings.Repeat("x", 200)}, &processRunner{}},
		{"misspelt", []string{unix, address, ToolsVariable + "=exce"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := NewRunner(environ(test.env...))
			if (err != nil) != (test.want == nil) || reflect.TypeOf(r) != reflect.TypeOf(test.want) {
				t.Errorf("got a %T, error %v; want a %T", r, err, test.want)
			}
			if r != nil {
				r.Close()
			}
		})
	}
}

// An agent that takes a call and never answers is waited for once, in a time of its own.
func TestSilentAgent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		defer theirs.Close()
		s := &socketRunner{link: &link{conn: ours, client: rpc.NewClient(ours)}, processes: newProcessRunner(environ("PATH=/none"))}
		defer s.Close()
		started := time.Now()
		for range 3 {
			if _, err := s.Run(t.Context(), Call{Tool: "is-leader"}); !errors.Is(err, errNoAnswer) {
				t.Errorf("got error %v", err)
			}
		}
		if took := time.Since(started); took != callTimeout {
			t.Errorf("waited %v", took)
		}
	})
}
