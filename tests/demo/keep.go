package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// stay leaves everything running until interrupted, and says how to reach it
// from another terminal. The files for that are the cluster's, and go with it.
func (s *story) stay(ctx context.Context) error {
	access, err := s.cluster.ExposeAll("")
	if err != nil {
		return err
	}
	ca := filepath.Join(s.cluster.Dir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(s.ca.PEM()+"\n"), 0o644); err != nil {
		return err
	}
	s.title("Look around")
	fmt.Printf("\n%s\n", access.Instructions(nextHost+"/demo-hello", ca,
		"The first sends you to HTTPS (301), the second reaches the application. Without\n/demo-hello it is 404: no application is there."))
	fmt.Println("Press Ctrl-C to end it all.")
	<-ctx.Done()
	return nil
}
