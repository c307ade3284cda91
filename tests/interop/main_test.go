package interop_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/interop/python"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// shared is the cluster of all stories. Each has a model and hosts of its own in it.
var shared *cluster.Cluster

// interpreterVariable names the Python of the charms. It is set for the process in
// the private network, where nothing can be installed.
const interpreterVariable = "INTEROP_PYTHON"

func TestMain(m *testing.M) {
	jujutest.RunToolIfInvoked()
	if os.Getenv(interpreterVariable) == "" {
		environment, err := python.Prepare(context.Background(), "requirements.txt", os.Stderr)
		if err == nil {
			err = os.Setenv(interpreterVariable, environment.Interpreter)
		}
		if errors.Is(err, python.ErrUnavailable) && !python.Required() {
			if err = python.LeaveOut("stories with real Python charms (tests/interop)", err); err == nil {
				return
			}
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "error: %v\n", err)
			os.Exit(1)
		}
	}
	os.Exit(lab.MainOn(cluster.Options{Progress: os.Stderr, BriskTraefik: true}, func(c *cluster.Cluster) (int, error) {
		shared = c
		return m.Run(), nil
	}))
}
