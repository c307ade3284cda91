// Command gateway-api-integrator is the charm. Juju runs it, under the name
// dispatch, once per event; the environment says which. It exits with 0 when the
// event is dealt with, and with 1 when Juju should try again. When it is told to end it
// lets go of what it holds and dies of the signal, which is no failure to Juju: the event
// comes again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/charm"
	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
)

func main() {
	// Juju logs what is written to stderr. Libraries have lines of their own there for
	// what is returned to us as an error as well.
	log.SetOutput(io.Discard)
	ctx, stop := untilSignal(context.Background())
	err := run(ctx)
	stop()
	var told signalError
	switch {
	case err == nil: // Also when it was told to end too late.
	case errors.As(context.Cause(ctx), &told):
		die(told.signal)
	default:
		// What others say in an error is no command of the charm's.
		fmt.Fprintln(os.Stderr, "error: "+strings.ReplaceAll(err.Error(), "`", "'"))
		os.Exit(1)
	}
}

// signalError is why a context ends with a signal.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "told to end: " + e.signal.String() }

// untilSignal returns a context that ends with the first signal that tells to end. A second
// one kills at once.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		select {
		case told := <-signals:
			signal.Reset()
			cancel(signalError{told.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// die has the process end of a signal, as if it had never been caught.
func die(of syscall.Signal) {
	signal.Reset()
	_ = syscall.Kill(os.Getpid(), of)
	<-time.After(time.Second) // It comes within the moment.
	os.Exit(1)
}

func run(ctx context.Context) error {
	event, err := gocharm.ParseEvent(os.Getenv)
	if err != nil {
		return err
	}
	runner, err := gocharm.NewRunner(os.Getenv)
	if err != nil {
		return err
	}
	// An open connection would hang the unit agent.
	defer runner.Close()

	c := charm.Charm{
		Event:   event,
		Tools:   gocharm.NewTools(runner),
		Now:     time.Now(),
		Connect: connect,

		PodAddresses: podAddresses(),
	}
	return c.Run(ctx)
}

// podAddresses returns the addresses of the pod that the hook runs in; none where the system
// does not tell, which is no reason to fail: less is known of the cluster then.
func podAddresses() []netip.Addr {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all []netip.Addr
	for _, one := range found {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil {
			all = append(all, prefix.Addr())
		}
	}
	return all
}

// connect makes a client for the cluster that the environment names. The namespace of the
// options is the model's name; the cluster may have another for it.
func connect(options kube.Options) (*kube.Client, error) {
	config, err := kube.Config(os.Getenv)
	if err != nil {
		return nil, err
	}
	if options.Namespace, err = kube.Namespace(os.Getenv, options.Namespace); err != nil {
		return nil, err
	}
	return kube.NewClient(config, options)
}
