package cluster

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// requestsDescriptor is the socket over which a process inside asks the
// outermost one for listeners: the first file after the standard three.
const requestsDescriptor = 3

// The outermost process does no forwarding. It opens a TCP listener in its own
// network and sends the listener itself inside (a socket keeps the network it
// was made in), where connections are accepted and passed on.

// socketPair returns the two ends of the request socket: one to serve here,
// one to give to the child.
func socketPair() (*net.UnixConn, *os.File, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a socket pair: %w", err)
	}
	ours, err := unixConnection(pair[0])
	if err != nil {
		return nil, nil, err
	}
	return ours, os.NewFile(uintptr(pair[1]), "requests"), nil
}

func unixConnection(descriptor int) (*net.UnixConn, error) {
	file := os.NewFile(uintptr(descriptor), "requests")
	defer file.Close()
	connection, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("cannot use the request socket: %w", err)
	}
	return connection.(*net.UnixConn), nil
}

// serveListeners answers each request (an address to listen on) with the
// listener, or with an error's text, until the other end is closed.
func serveListeners(requests *net.UnixConn) {
	buffer := make([]byte, 256)
	for {
		n, err := requests.Read(buffer)
		if err != nil || n == 0 {
			return
		}
		if err := sendListener(requests, string(buffer[:n])); err != nil {
			_, _ = requests.Write([]byte(err.Error()))
		}
	}
}

func sendListener(requests *net.UnixConn, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer file.Close()
	_, _, err = requests.WriteMsgUnix([]byte("ok"), unix.UnixRights(int(file.Fd())), nil)
	return err
}

// outside asks for listeners in the network outside.
type outside struct {
	mutex    sync.Mutex
	requests *net.UnixConn
}

// listen listens on address in the network outside the private one.
func (o *outside) listen(address string) (net.Listener, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.requests == nil {
		duplicate, err := unix.FcntlInt(requestsDescriptor, unix.F_DUPFD_CLOEXEC, 10)
		if err != nil {
			return nil, fmt.Errorf("cannot reach the network outside: %w", err)
		}
		if o.requests, err = unixConnection(duplicate); err != nil {
			return nil, err
		}
	}
	if _, err := o.requests.Write([]byte(address)); err != nil {
		return nil, fmt.Errorf("cannot ask for a listener outside: %w", err)
	}
	message, rights := make([]byte, 512), make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := o.requests.ReadMsgUnix(message, rights)
	if err != nil {
		return nil, fmt.Errorf("cannot receive a listener from outside: %w", err)
	}
	if m == 0 {
		return nil, fmt.Errorf("cannot listen outside: %s", message[:n])
	}
	return receivedListener(rights[:m])
}

func receivedListener(rights []byte) (net.Listener, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return nil, errors.New("cannot receive a listener from outside: malformed answer")
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) != 1 {
		return nil, errors.New("cannot receive a listener from outside: malformed answer")
	}
	file := os.NewFile(uintptr(descriptors[0]), "listener")
	defer file.Close()
	return net.FileListener(file)
}

// acceptAgain is the pause after a connection that could not be accepted.
const acceptAgain = 5 * time.Millisecond

// forward passes every connection that listener accepts on to target, until
// the listener is closed. What header returns, unless it is nil, goes first.
func forward(listener net.Listener, target string, header func(net.Conn) string) {
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// A client that is gone already, or too many open files. Others may fare better.
			time.Sleep(acceptAgain)
			continue
		}
		first := ""
		if header != nil {
			first = header(connection)
		}
		go join(connection.(*net.TCPConn), target, first)
	}
}

// join sends first to target and then copies both ways, passing on each side's
// end of data.
func join(outer *net.TCPConn, target, first string) {
	defer outer.Close()
	dialled, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	inner := dialled.(*net.TCPConn)
	defer inner.Close()
	if _, err := io.WriteString(inner, first); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(inner, outer); _ = inner.CloseWrite() })
	both.Go(func() { _, _ = io.Copy(outer, inner); _ = outer.CloseWrite() })
	both.Wait()
}
