package bench_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// shared is the cluster, with the worlds in it and what was measured there.
var shared *ground

func TestMain(m *testing.M) {
	os.Exit(lab.Main(func() int {
		code, err := run(m)
		if err != nil {
			fmt.Fprintf(os.Stderr, "error: %v\n", err)
			return 1
		}
		return code
	}))
}

// run starts the cluster, without a data plane, and shows what the benchmarks have
// measured in it.
func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	// Nothing is said of the start: benchstat would take it for a property of what was
	// measured.
	c, err := cluster.Start(ctx, cluster.Options{WithoutTraefik: true})
	if err != nil {
		return 0, err
	}
	shared = newGround(c)
	defer func() { err = errors.Join(err, shared.close(), c.Stop()) }()
	if err := errors.Join(createClass(ctx, c), addServiceAddresses(ctx, c)); err != nil {
		return 0, err
	}
	code = m.Run()
	if flag.Lookup("test.bench").Value.String() == "" || code != 0 {
		return code, nil
	}
	fmt.Print(shared.report())
	return code, nil
}

// addServiceAddresses gives Services some thousands of addresses more: the cluster is
// made with a few hundred. It also does what the controller of ServiceCIDRs would.
func addServiceAddresses(ctx context.Context, c *cluster.Cluster) error {
	ranges := c.Typed().NetworkingV1().ServiceCIDRs()
	more := &networkingv1.ServiceCIDR{
		ObjectMeta: metav1.ObjectMeta{Name: "bench"},
		Spec:       networkingv1.ServiceCIDRSpec{CIDRs: []string{"10.154.0.0/16"}},
	}
	created, err := ranges.Create(ctx, more, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("cannot add addresses of Services: %w", err)
	}
	created.Status.Conditions = []metav1.Condition{{
		Type: networkingv1.ServiceCIDRConditionReady, Status: metav1.ConditionTrue, Reason: "Bench", LastTransitionTime: metav1.Now(),
	}}
	if _, err := ranges.UpdateStatus(ctx, created, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("cannot add addresses of Services: %w", err)
	}
	return nil
}
