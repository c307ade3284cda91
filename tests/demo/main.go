// Command demo is the guided tour behind `make demo`: it deploys the charm, lives
// an operator's first day with it, and shows each command, the status that
// follows, the objects in the cluster and the traffic through the gateway. It
// exits with 1 as soon as something is not as told.
//
// What is real: the packed charm and every process of it, the Kubernetes API
// server and its controllers, the Gateway API, its data plane, the certificates, and the
// HTTP traffic. What is not: Juju itself, which is simulated (see
// internal/jujutest), and the kubelet (see tests/cluster).
//
// The data plane is Traefik, or what --data-plane names (see tests/cluster).
//
// With --keep everything is left running at the end, and the tour says how to
// reach it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

func main() {
	jujutest.RunToolIfInvoked() // Its arguments are none of ours.
	keep := flag.Bool("keep", false, "leave everything running at the end, until interrupted")
	plane := flag.String("data-plane", string(cluster.Traefik), "what serves Gateways: "+cluster.DataPlanes())
	flag.Parse()
	os.Exit(lab.Main(func() int { return run(cluster.DataPlane(*plane), *keep) }, cluster.DataPlane(*plane)))
}

func run(plane cluster.DataPlane, keep bool) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := tour(ctx, plane, keep)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Println("\nInterrupted.")
	default:
		fmt.Printf("\nNot as told: %v\n", err)
	}
	return 1
}

// tour sets the stage, tells the story, and clears the stage again.
func tour(ctx context.Context, plane cluster.DataPlane, keep bool) (err error) {
	fmt.Printf(introduction, plane)
	c, err := cluster.Start(ctx, cluster.Options{Progress: os.Stdout, DataPlane: plane})
	if err != nil {
		return fmt.Errorf("cannot start the cluster: %w", err)
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	s := &story{cluster: c}
	if s.lab, err = lab.New(ctx, lab.Options{Cluster: c, Model: model, Observe: s.count}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.lab.Close(context.WithoutCancel(ctx))) }()
	if err := s.tell(ctx, keep); err != nil {
		return err
	}
	if keep {
		return s.stay(ctx)
	}
	return nil
}

const introduction = `
The gateway-api-integrator charm, from deployment to removal.

Real: the charm as packed, a Kubernetes API server with its controllers, the
Gateway API, its data plane (%s), certificates and HTTP. Simulated: Juju (its hook tools
speak the real protocol) and the kubelet. Everything runs in a private network
of this process.

`
