package stress_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/jujutest"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

var (
	seed      = flag.Uint64("seed", 1, "what the random steps follow from")
	steps     = flag.Int("steps", 200, "how many steps to take")
	dataPlane = flag.String("data-plane", string(cluster.Traefik), "what serves Gateways: "+cluster.DataPlanes())
	show      = flag.Bool("show", false, "show each step and hook when it is taken")
)

// shared is the cluster.
var shared *cluster.Cluster

func TestMain(m *testing.M) {
	jujutest.RunToolIfInvoked() // Its arguments are none of ours.
	flag.Parse()
	options := cluster.Options{Progress: os.Stderr, DataPlane: cluster.DataPlane(*dataPlane), BriskTraefik: true}
	os.Exit(lab.MainOn(options, func(c *cluster.Cluster) (int, error) {
		shared = c
		return m.Run(), nil
	}))
}

// settleEvery is how many steps there are between two looks at whether all is as it
// should be.
const settleEvery = 20

// TestStress takes random steps.
func TestStress(t *testing.T) {
	w := newWorld(t, shared, *seed)
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Errorf("cannot clear the model: %v", err)
		}
	})
	w.begin()
	for n := 1; n <= *steps; n++ {
		w.take(n)
		// What is harsh keeps the client from asking, so that is not for long.
		if n%settleEvery == 0 || n == *steps || w.probe == nil && w.rand.IntN(4) == 0 {
			w.settle()
		}
	}
	w.pauseProbe()
	t.Logf("stress: seed %d, Juju %s, %d steps, %d hooks, %d requests, %d failed", *seed, profileOf(*seed), *steps, w.hooks, w.sent, w.failed)
}
