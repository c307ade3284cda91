// Command run runs the test cluster in the foreground, behind "make cluster":
// a real control plane with Traefik, or Envoy, to try things on by hand, with kubectl and
// curl from this machine. It ends on Ctrl-C, and the cluster with it.
//
//	go run ./cluster/run                     # from tests/; kubeconfig in bin/cluster/kubeconfig
//	go run ./cluster/run -bundle 1.2.0       # what an old Canonical Kubernetes has
//	go run ./cluster/run -data-plane envoy   # Envoy Gateway in Traefik's place
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
	"path/filepath"
	"strings"
	"syscall"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

func main() {
	options := cluster.Options{Progress: os.Stderr}
	flag.StringVar(&options.Bundle, "bundle", cluster.DefaultBundle, "Gateway API release: "+strings.Join(cluster.Bundles(), ", "))
	flag.StringVar(&options.Dir, "dir", "", "directory for data and logs, kept afterwards (default a temporary one)")
	flag.StringVar((*string)(&options.DataPlane), "data-plane", string(cluster.Traefik), "what serves Gateways: traefik or envoy")
	flag.BoolVar(&options.WithoutTraefik, "without-traefik", false, "no data plane")
	flag.BoolVar(&options.WithoutCRDs, "without-crds", false, "no Gateway API and no data plane")
	kubeconfig := flag.String("kubeconfig", "", "where to write the kubeconfig (default bin/cluster/kubeconfig of the repository)")
	prepare := flag.Bool("prepare", false, "build and fetch what the cluster needs, and end")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *prepare {
		if _, err := cluster.Prepare(ctx, os.Stderr, options.DataPlane); err != nil {
			if errors.Is(err, cluster.ErrNoEnvoy) {
				fmt.Fprintf(os.Stderr, "Left out, with all that needs Envoy: %v\n", err)
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
	kubeconfig, err := absoluteKubeconfig(kubeconfig)
	if err != nil {
		return err
	}
	c, err := cluster.Start(ctx, options)
	if err != nil {
		return err
	}
	access, err := c.ExposeAll(kubeconfig)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe cluster runs; logs are in %s.\n\n%s\nPress Ctrl-C to end it.\n", c.Dir(), access.Instructions("example.com", "ca.pem"))
	<-ctx.Done()
	// It leads nowhere from now on.
	_ = os.Remove(kubeconfig)
	return c.Stop()
}

func absoluteKubeconfig(path string) (string, error) {
	if path != "" {
		return filepath.Abs(path)
	}
	directory, err := cluster.Directory()
	if err != nil {
		return "", err
	}
	return filepath.Join(directory, "kubeconfig"), nil
}
