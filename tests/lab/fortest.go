package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// MainOn is Main for tests that share one cluster. It starts the cluster before run and stops it
// afterwards. run returns the exit code, or an error if there is none:
//
//	func TestMain(m *testing.M) {
//		os.Exit(lab.MainOn(cluster.Options{Progress: os.Stderr}, func(c *cluster.Cluster) (int, error) {
//			shared = c
//			return m.Run(), nil
//		}))
//	}
func MainOn(options cluster.Options, run func(*cluster.Cluster) (code int, err error)) int {
	return Main(func() int {
		code, err := runOn(options, run)
		if err != nil {
			fmt.Fprintf(os.Stderr, "error: %v\n", err)
			return 1
		}
		return code
	}, options.DataPlane)
}

func runOn(options cluster.Options, run func(*cluster.Cluster) (int, error)) (code int, err error) {
	c, err := cluster.Start(context.Background(), options)
	if err != nil {
		return 0, fmt.Errorf("cannot start the cluster: %w", err)
	}
	defer func() {
		if stopErr := c.Stop(); stopErr != nil {
			err = errors.Join(err, fmt.Errorf("cannot stop the cluster: %w", stopErr))
		}
	}()
	return run(c)
}

// ForTest makes an empty model that ends with the test. It shows the units' log if the test fails,
// and also writes it to the options' Log.
func ForTest(t testing.TB, options Options) *Lab {
	t.Helper()
	log := &strings.Builder{}
	if options.Log == nil {
		options.Log = log
	} else {
		options.Log = io.MultiWriter(log, options.Log)
	}
	l, err := New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("cannot clear the model: %v", err)
		}
		if t.Failed() {
			t.Logf("log of the units:\n%s", log)
		}
	})
	return l
}
