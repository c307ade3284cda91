package gocharm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// dialTimeout limits the wait for a connection to the agent. The agent is on the same
// machine, and fails to accept only if it is in serious trouble.
const dialTimeout = 5 * time.Second

// socketRequest and socketResponse are the messages on the agent's socket: net/rpc with
// gob. The names and types of the fields are the agent's
// (internal/worker/uniter/runner/jujuc/server.go), hence ContextId. The names of the
// types do not matter. Agents that do not know Token ignore it.
type socketRequest struct {
	ContextId   string
	Dir         string // absolute; the tool's working directory
	CommandName string
	Args        []string
	// StdinSet is true also for an empty standard input: gob cannot tell that from none.
	StdinSet bool
	Stdin    []byte
	Token    string
}

type socketResponse struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// socketRunner runs hook tools by calling the unit agent on its socket, all over one
// connection. If that fails and the agent has certainly not run the tool, a process runs
// it.
type socketRunner struct {
	address   string // a path, or "@name" in the abstract namespace
	request   socketRequest
	processes *processRunner

	mu     sync.Mutex
	link   *link // nil: connect for the next call
	gaveUp bool  // the agent does not speak this protocol: processes from now on
	silent bool  // the agent has not answered a call in time: no more calls
	closed bool
}

// link is one connection. To close it, close conn, never the rpc client: so the client
// reports rpc.ErrShutdown only for a call that it has not sent.
type link struct {
	conn   net.Conn
	client *rpc.Client
}

// newSocketRunner connects to the agent that the environment names.
func newSocketRunner(getenv func(string) string, processes *processRunner) (*socketRunner, error) {
	dir, err := os.Getwd()
	if err != nil {
		dir = getenv("JUJU_CHARM_DIR")
	}
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("cannot use agent socket: the working directory is unknown")
	}
	s := &socketRunner{
		address: getenv("JUJU_AGENT_SOCKET_ADDRESS"),
		request: socketRequest{
			ContextId: getenv("JUJU_CONTEXT_ID"),
			Dir:       dir,
			Token:     getenv("JUJU_AGENT_TOKEN"),
		},
		processes: processes,
	}
	if s.link, err = s.dial(context.Background()); err != nil {
		return nil, fmt.Errorf("cannot use agent socket: %w", err)
	}
	return s, nil
}

// Run calls the agent. See [Runner].
func (s *socketRunner) Run(ctx context.Context, call Call) ([]byte, error) {
	if err := call.check(); err != nil {
		return nil, err
	}
	request := s.requestFor(call)
	ctx, cancel := bounded(ctx)
	defer cancel()
	// There is a second attempt only if the connection had died while idle, and so
	// nothing was sent.
	for range 2 {
		l, err := s.connect(ctx)
		if err != nil {
			return nil, fmt.Errorf("cannot run %s: %w", call.Tool, err)
		}
		if l == nil {
			break
		}
		response, err := l.call(ctx, request)
		var refusal rpc.ServerError
		switch {
		case err == nil && response.Code == 0:
			return response.Stdout, nil
		case err == nil:
			return nil, newToolError(call, response.Code, string(response.Stderr))
		case errors.Is(err, rpc.ErrShutdown):
			s.drop(l)
		case errors.As(err, &refusal) && cannotHaveRun(string(refusal)):
			s.giveUp()
		case errors.As(err, &refusal):
			return nil, newToolError(call, 1, string(refusal))
		case ctx.Err() != nil:
			if errors.Is(context.Cause(ctx), errNoAnswer) {
				s.giveUpOnAgent()
			}
			return nil, fmt.Errorf("cannot run %s: gave up waiting for the agent: %w", call.Tool, context.Cause(ctx))
		default:
			// The agent may have run it or not: a retry could run it twice.
			s.drop(l)
			return nil, fmt.Errorf("cannot run %s: lost the agent, which may have run it: %w", call.Tool, err)
		}
	}
	return s.processes.Run(ctx, call)
}

// Close closes the connection. Calls still under way fail. See [Runner].
func (s *socketRunner) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.link == nil {
		return nil
	}
	err := s.link.conn.Close()
	s.link = nil
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("cannot close agent socket: %w", err)
	}
	return nil
}

// requestFor returns the request for a call. Secret content may be among the arguments
// here: they are not on a command line.
func (s *socketRunner) requestFor(call Call) socketRequest {
	request := s.request
	request.CommandName = call.Tool
	request.Args = append(request.Args, call.Args...)
	for _, key := range call.contentKeys() {
		request.Args = append(request.Args, key+"="+call.Content[key])
	}
	request.StdinSet = call.Stdin != nil
	request.Stdin = call.Stdin
	return request
}

// connect returns the connection, and makes one if necessary. It returns nil if processes
// are to be used.
func (s *socketRunner) connect(ctx context.Context) (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case s.closed:
		return nil, errClosed
	case s.silent:
		return nil, errNoAnswer
	case s.gaveUp:
		return nil, nil
	case s.link != nil:
		return s.link, nil
	}
	l, err := s.dial(ctx)
	if ctx.Err() != nil {
		if l != nil {
			l.conn.Close()
		}
		return nil, context.Cause(ctx)
	}
	if err != nil {
		s.gaveUp = true
		return nil, nil
	}
	s.link = l
	return l, nil
}

// drop closes and forgets a dead connection.
func (s *socketRunner) drop(l *link) {
	l.conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == l {
		s.link = nil
	}
}

// giveUp makes processes run all later calls. The connection stays open until Close,
// because other calls may still use it.
func (s *socketRunner) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gaveUp = true
}

// giveUpOnAgent makes all later calls fail: each would wait as long again.
func (s *socketRunner) giveUpOnAgent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

func (s *socketRunner) dial(ctx context.Context) (*link, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "unix", s.address)
	if err != nil {
		return nil, err
	}
	return &link{conn: conn, client: rpc.NewClient(conn)}, nil
}

// call sends one request and waits for its answer or for ctx. Another goroutine writes
// the request, because an agent that does not read would otherwise block this call after
// ctx has ended. The goroutine ends when the connection is closed.
func (l *link) call(ctx context.Context, request socketRequest) (socketResponse, error) {
	type result struct {
		response socketResponse
		err      error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.err = l.client.Call("Jujuc.Main", request, &r.response)
		done <- r
	}()
	select {
	case r := <-done:
		return r.response, r.err
	case <-ctx.Done():
		return socketResponse{}, ctx.Err()
	}
}

// cannotHaveRun reports whether the agent refused before it started any tool, and for a
// reason that may not apply to a hook tool on PATH: it has no such method, could not
// decode the request, or expects another token or context.
func cannotHaveRun(refusal string) bool {
	for _, prefix := range []string{
		"rpc: can't find", "gob: ",
		"bad request: token does not match", "bad request: wrong context ID", "bad request: expected context id", "expected context id",
	} {
		if strings.HasPrefix(refusal, prefix) {
			return true
		}
	}
	return false
}
