package jujutest

import (
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ToolRequest asks the unit agent to run a hook tool. Field names and types are Juju's wire contract
// (internal/worker/uniter/runner/jujuc/server.go); gob does not transmit the type's name.
type ToolRequest struct {
	ContextId   string // JUJU_CONTEXT_ID
	Dir         string // the caller's directory, absolute
	CommandName string // "relation-get"
	Args        []string
	StdinSet    bool
	Stdin       []byte
	Token       string
}

// ToolResponse is what the hook tool did.
type ToolResponse struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// toolServer serves the hook tools of one hook context on the agent's socket, one tool at a time.
type toolServer struct {
	listener net.Listener
	handle   func(ToolRequest, *ToolResponse) error
	running  sync.Mutex // held while a tool runs
	serving  sync.WaitGroup

	mu          sync.Mutex
	connections map[net.Conn]bool
}

// jujuc is the RPC service; its only exported method is the protocol's only method.
type jujuc struct{ server *toolServer }

// Main runs one hook tool.
func (j *jujuc) Main(request ToolRequest, response *ToolResponse) error {
	j.server.running.Lock()
	defer j.server.running.Unlock()
	return j.server.handle(request, response)
}

// serveTools listens on a unix socket (abstract when address starts with "@") until close.
func serveTools(address string, handle func(ToolRequest, *ToolResponse) error) (*toolServer, error) {
	if !strings.HasPrefix(address, "@") {
		if err := removeSocket(address); err != nil {
			return nil, err
		}
	}
	listener, err := listen(address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on agent socket: %w", err)
	}
	if !strings.HasPrefix(address, "@") {
		if err := os.Chmod(address, 0o700); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
	}
	s := &toolServer{listener: listener, handle: handle, connections: make(map[net.Conn]bool)}
	service := rpc.NewServer()
	if err := service.RegisterName("Jujuc", &jujuc{server: s}); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot register hook tools: %w", err), listener.Close())
	}
	s.serving.Go(func() { s.accept(service) })
	return s, nil
}

// listen opens a unix socket. An abstract address stays taken for a moment after its listener was
// closed, while the child of another goroutine's fork still holds it.
func listen(address string) (net.Listener, error) {
	const patience = 5 * time.Second
	deadline := time.Now().Add(patience)
	for {
		listener, err := net.Listen("unix", address)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return listener, err
		}
		time.Sleep(time.Millisecond)
	}
}

// removeSocket removes the file a killed agent may have left.
func removeSocket(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot remove old agent socket: %w", err)
	}
	return nil
}

func (s *toolServer) accept(service *rpc.Server) {
	for {
		connection, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.connections[connection] = true
		s.mu.Unlock()
		s.serving.Go(func() {
			service.ServeConn(connection)
			s.mu.Lock()
			delete(s.connections, connection)
			s.mu.Unlock()
		})
	}
}

// close stops listening and waits until every client has closed its connection, as the agent does.
// A real agent waits for ever. This one cuts the connections after the patience and reports their
// number, because a charm that leaves its connection open hangs its unit.
func (s *toolServer) close(patience time.Duration) (left int) {
	s.stopListening()
	done := make(chan struct{})
	go func() { s.serving.Wait(); close(done) }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return 0
	case <-timer.C:
	}
	s.mu.Lock()
	left = len(s.connections)
	for connection := range s.connections {
		_ = connection.Close() // cut to let the goroutines end; the number is the report
	}
	s.mu.Unlock()
	<-done
	return left
}

// stopListening refuses new clients from now on. Closing alone does not: the child of another
// goroutine's fork holds a copy of the socket until it executes its program, and connections to
// it would still be taken up.
func (s *toolServer) stopListening() {
	if listener, ok := s.listener.(*net.UnixListener); ok {
		if raw, err := listener.SyscallConn(); err == nil {
			// Its error, and that of Close, say only that the listener was closed before.
			_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
		}
	}
	_ = s.listener.Close()
}

// serveContext answers the tool calls of one hook context.
func (j *Juju) serveContext(c *hookContext) func(ToolRequest, *ToolResponse) error {
	return func(request ToolRequest, response *ToolResponse) error {
		if err := j.checkRequest(c, request); err != nil {
			j.mu.Lock()
			c.record(request, -1)
			j.mu.Unlock()
			return fmt.Errorf("bad request: %w", err)
		}
		j.takeDelay(c.unit.name, request.CommandName)
		inv := &invocation{
			ctx: c, tool: request.CommandName, args: request.Args,
			dir: request.Dir, stdin: request.Stdin, stdinSet: request.StdinSet,
		}
		j.mu.Lock()
		code, err := inv.run()
		if errors.Is(err, errNeedStdin) {
			j.mu.Unlock()
			return err // the same call comes again, with its input
		}
		if err != nil {
			code = -1
		}
		c.record(request, code)
		fire := c.faultsAfterCall()
		j.mu.Unlock()
		for _, fault := range fire {
			fault()
		}
		if err != nil {
			return err
		}
		response.Code = code
		response.Stdout = inv.stdout.Bytes()
		response.Stderr = inv.stderr.Bytes()
		return nil
	}
}

func (j *Juju) checkRequest(c *hookContext, request ToolRequest) error {
	switch {
	case request.CommandName == "":
		return errors.New("command not specified")
	case !filepath.IsAbs(request.Dir):
		return errors.New("Dir is not absolute")
	case j.traits.checksToken && request.Token != "":
		return errors.New("token does not match")
	case request.ContextId != c.id:
		return errors.New(j.traits.wrongContext(c.id, request.ContextId))
	}
	return nil
}
