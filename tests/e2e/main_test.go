package e2e_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// shared is the cluster of all tests. Each test has a model and hosts of its own
// in it; tests that take away what others need do not run in parallel.
var shared *cluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(lab.Main(func() int {
		var err error
		if shared, err = cluster.Start(context.Background(), cluster.Options{Progress: os.Stderr}); err != nil {
			fmt.Fprintf(os.Stderr, "cannot start the cluster: %v\n", err)
			return 1
		}
		code := m.Run()
		if err := shared.Stop(); err != nil {
			fmt.Fprintf(os.Stderr, "cannot stop the cluster: %v\n", err)
			return 1
		}
		return code
	}))
}
