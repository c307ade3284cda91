// Command gateway-api-integrator is the charm. Juju runs it once per event, under the name
// dispatch. The environment says which event it is. It exits with 0 if the event is handled, and
// with 1 if Juju should retry. On SIGTERM or SIGINT it closes its connections and ends by that
// signal. For Juju that is not a failure: the event comes again.
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
	// Juju logs what is written to stderr. Libraries write lines there for errors that they also
	// return to us.
	log.SetOutput(io.Discard)
	ctx, stop := untilSignal(context.Background())
	err := run(ctx)
	stop()
	var ended signalError
	switch {
	case err == nil: // Also if the signal came too late.
	case errors.As(context.Cause(ctx), &ended):
		die(ended.signal)
	default:
		// An error may quote what others wrote, which must not look like a command that the charm
		// recommends.
		fmt.Fprintln(os.Stderr, "error: "+strings.ReplaceAll(err.Error(), "`", "'"))
		os.Exit(1)
	}
}

// signalError is the cause of a context that a signal has ended.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "told to end: " + e.signal.String() }

// untilSignal returns a context that ends with the first SIGTERM or SIGINT. A second signal kills
// the process at once.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		select {
		case received := <-signals:
			signal.Reset()
			cancel(signalError{received.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// die ends the process by a signal, as if the signal had never been caught.
func die(of syscall.Signal) {
	signal.Reset()
	_ = syscall.Kill(os.Getpid(), of)
	<-time.After(time.Second) // The signal arrives sooner.
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

// podAddresses returns the addresses of the pod in which the hook runs. If the system does not
// tell, there are none: that is no reason to fail, the charm then knows less about the cluster.
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

// connect makes a client for the cluster that the environment names. The namespace in options is
// the model's name. The cluster may have another name for it.
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
