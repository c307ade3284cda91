// Command run runs the test cluster in the foreground, behind "make cluster":
// a real control plane with Traefik, Envoy or Cilium, to try things on by hand, with kubectl
// and curl from this machine. It ends on Ctrl-C, and the cluster with it.
//
//	go run ./cluster/run                     # from tests/
//	go run ./cluster/run -bundle 1.2.0       # what an old Canonical Kubernetes has
//	go run ./cluster/run -data-plane envoy   # Envoy Gateway in Traefik's place
//	go run ./cluster/run -data-plane cilium  # Cilium's operator, as Canonical Kubernetes has it
//	go run ./cluster/run -prepare            # only build what is missing
//
// With -prepare, exit code 3 says that there is no Envoy on this machine, and none
// to be had.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

func main() {
	options := cluster.Options{Progress: os.Stderr}
	flag.StringVar(&options.Bundle, "bundle", "", "Gateway API release: "+strings.Join(cluster.Bundles(), ", ")+" (default the one that the data plane is made for)")
	flag.StringVar(&options.Dir, "dir", "", "directory for data and logs, kept afterwards (default a temporary one)")
	flag.StringVar((*string)(&options.DataPlane), "data-plane", string(cluster.Traefik), "what serves Gateways: "+cluster.DataPlanes())
	flag.BoolVar(&options.WithoutTraefik, "without-traefik", false, "no data plane")
	flag.BoolVar(&options.WithoutCRDs, "without-crds", false, "no Gateway API and no data plane")
	kubeconfig := flag.String("kubeconfig", "", "where to write the kubeconfig, no file that is there already (default in the directory of data)")
	prepare := flag.Bool("prepare", false, "build and fetch what the cluster needs, and end")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *prepare {
		if _, err := cluster.Prepare(ctx, os.Stderr, options.DataPlane); err != nil {
			if errors.Is(err, cluster.ErrNoWheel) {
				fmt.Fprintf(os.Stderr, "Left out, with all that needs it: %v\n", err)
				os.Exit(3)
			}
			fail(err)
		}
		return
	}
	os.Exit(cluster.Main(func() int {
		if err := run(ctx, options, *kubeconfig); err != nil {
			fail(err)
		}
		return 0
	}, options.DataPlane))
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "error: %v\n", err)
	os.Exit(1)
}

// run keeps a cluster until ctx ends.
func run(ctx context.Context, options cluster.Options, kubeconfig string) error {
	c, err := cluster.Start(ctx, options)
	if err != nil {
		return err
	}
	access, err := c.ExposeAll(kubeconfig)
	if err != nil {
		return errors.Join(err, c.Stop())
	}
	fmt.Printf("\nThe cluster runs; logs are in %s.\n\n%s\nPress Ctrl-C to end it.\n", c.Dir(), access.Instructions("example.com/", "", remark(options)))
	<-ctx.Done()
	return c.Stop()
}

// remark says what comes of asking before there is anything to ask for.
func remark(options cluster.Options) string {
	if options.DataPlane.Traits().OwnAddresses {
		return "Envoy answers at all as soon as there is a Gateway, with 404 until a route serves the host:"
	}
	return "Traefik answers 404 until a Gateway and a route serve the host:"
}
