package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// stay leaves everything running until interrupted, and says how to reach it
// from another terminal.
func (s *story) stay(ctx context.Context) error {
	directory, err := cluster.Directory()
	if err != nil {
		return err
	}
	access, err := s.cluster.ExposeAll(filepath.Join(directory, "kubeconfig"))
	if err != nil {
		return err
	}
	ca := filepath.Join(directory, "ca.pem")
	if err := os.WriteFile(ca, []byte(s.ca.PEM()+"\n"), 0o644); err != nil {
		return err
	}
	s.title("Look around")
	fmt.Println(access.Instructions(nextHost))
	fmt.Printf("The certificate authority is in %s; the application answers at\n\n", ca)
	fmt.Printf("  curl --cacert %s --connect-to %s:443:%s https://%s/demo-hello\n\nInterrupt (ctrl-c) to end it all.\n",
		ca, nextHost, access.HTTPS, nextHost)
	<-ctx.Done()
	return nil
}
