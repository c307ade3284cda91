package cluster

import (
	"context"
	"net"
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
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", from)
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
