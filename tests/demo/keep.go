package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// stay leaves everything running until interrupted, and says how to reach it
// from another terminal. The files for that go with it.
func (s *story) stay(ctx context.Context) error {
	directory, err := cluster.Directory()
	if err != nil {
		return err
	}
	kubeconfig, ca := filepath.Join(directory, "kubeconfig"), filepath.Join(directory, "ca.pem")
	defer func() { _, _ = os.Remove(kubeconfig), os.Remove(ca) }()
	access, err := s.cluster.ExposeAll(kubeconfig)
	if err != nil {
		return err
	}
	if err := os.WriteFile(ca, []byte(s.ca.PEM()+"\n"), 0o644); err != nil {
		return err
	}
	s.title("Look around")
	fmt.Printf("\n%s\n", access.Instructions(nextHost, ca))
	fmt.Printf("The application:\n  curl --cacert %s --connect-to %s:443:%s https://%s/demo-hello\n\nPress Ctrl-C to end it all.\n",
		ca, nextHost, access.HTTPS, nextHost)
	<-ctx.Done()
	return nil
}
