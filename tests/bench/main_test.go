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
	// Nothing is said of the start: benchstat would take it for a property of what was
	// measured.
	os.Exit(lab.MainOn(cluster.Options{WithoutTraefik: true}, func(c *cluster.Cluster) (int, error) { return run(m, c) }))
}

// run shows what the benchmarks have measured in the cluster.
func run(m *testing.M, c *cluster.Cluster) (code int, err error) {
	ctx := context.Background()
	shared = newGround(c)
	defer func() { err = errors.Join(err, shared.close()) }()
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

// addServiceAddresses returns Services some thousands of addresses more: the cluster is
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
