package kube

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// ReadyEndpoints counts the ready endpoints of each Service in the namespace, from the
// EndpointSlices (Kubernetes API, EndpointConditions: an endpoint without a ready condition is
// ready). An endpoint in several slices counts once. If the charm may not read them the result is
// nil, and there is no error.
func (c *Client) ReadyEndpoints(ctx context.Context) (map[string]int, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	slices, _, err := c.list(ctx, resourceOf(rollout.KindEndpointSlice).GroupVersionResource, c.options.Namespace, rollout.LabelServiceName)
	switch {
	case isForbidden(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	seen := map[[2]string]bool{}
	ready := map[string]int{}
	for _, slice := range slices {
		service := slice.GetLabels()[rollout.LabelServiceName]
		for _, one := range endpointsOf(&slice) {
			if !one.ready || len(one.addresses) == 0 {
				continue
			}
			if at := [2]string{service, one.addresses[0]}; !seen[at] {
				seen[at] = true
				ready[service]++
			}
		}
	}
	return ready, nil
}

// An endpoint is one endpoint of an EndpointSlice.
type endpoint struct {
	addresses []string
	ready     bool
}

// endpointsOf reads the endpoints of an EndpointSlice.
func endpointsOf(slice *unstructured.Unstructured) []endpoint {
	var all []endpoint
	list, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
	for _, one := range list {
		fields, _ := one.(map[string]any)
		addresses, _, _ := unstructured.NestedStringSlice(fields, "addresses")
		ready, known, _ := unstructured.NestedBool(fields, "conditions", "ready")
		all = append(all, endpoint{addresses, ready || !known})
	}
	return all
}
