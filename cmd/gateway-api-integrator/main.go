// Command gateway-api-integrator is the charm. Juju runs it, under the name
// dispatch, once per event; the environment says which. It exits with 0 when the
// event is dealt with, and with 1 when Juju should try again.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/charm"
	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/kube"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
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
		Event: event,
		Tools: gocharm.NewTools(runner),
		Now:   time.Now(),
		Connect: func(options kube.Options) (*kube.Client, error) {
			config, err := kube.Config(os.Getenv)
			if err != nil {
				return nil, err
			}
			return kube.NewClient(config, options)
		},
	}
	return c.Run(ctx)
}
