package cluster

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// forwarders take connections at addresses, and pass them on: what a load balancer, or
// BPF, does in a real cluster. By address and port. The zero value is ready to use.
type forwarders struct {
	open map[string]forwarder
}

type forwarder struct {
	listener net.Listener
	target   string
}

// lead takes connections at these addresses, and no others, and passes them on to their
// targets. It notes what becomes of each: "open" or "closed".
func (f *forwarders) lead(ctx context.Context, wanted map[string]string, note func(from, state string)) error {
	for from, opened := range f.open {
		if wanted[from] != opened.target {
			_ = opened.listener.Close()
			delete(f.open, from)
			note(from, "closed")
		}
	}
	for from, target := range wanted {
		if _, is := f.open[from]; is {
			continue
		}
		listener, err := listenAgain(ctx, from)
		if err != nil {
			return err
		}
		if f.open == nil {
			f.open = map[string]forwarder{}
		}
		f.open[from] = forwarder{listener: listener, target: target}
		note(from, "open")
		go forward(listener, target, nil)
	}
	return nil
}

// listenAgain listens at an address at which this process may have listened a moment ago. A program
// that is being started meanwhile has all files of this process, the closed listener included, until
// it runs: the port is free then.
func listenAgain(ctx context.Context, address string) (net.Listener, error) {
	const patience, pause = 5 * time.Second, time.Millisecond
	for started := time.Now(); ; {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Since(started) > patience {
			return listener, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}
