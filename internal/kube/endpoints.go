package kube

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ReadyEndpoints counts the ready endpoints of each Service of the namespace, by the
// EndpointSlices that there are (Kubernetes API, EndpointConditions: an endpoint of which
// nothing is said is ready). One that is in several slices counts once. Where the charm may not
// see them the result is nil, and there is no error.
func (c *Client) ReadyEndpoints(ctx context.Context) (map[string]int, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	slices, _, err := c.list(ctx, resourceOf("EndpointSlice").GroupVersionResource, c.options.Namespace, labelServiceName)
	switch {
	case isForbidden(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	seen := map[[2]string]bool{}
	ready := map[string]int{}
	for _, slice := range slices {
		service := slice.GetLabels()[labelServiceName]
		for _, address := range readyIn(&slice) {
			if at := [2]string{service, address}; !seen[at] {
				seen[at] = true
				ready[service]++
			}
		}
	}
	return ready, nil
}

// readyIn returns the first address of each ready endpoint of a slice.
func readyIn(slice *unstructured.Unstructured) []string {
	var all []string
	endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
	for _, endpoint := range endpoints {
		fields, _ := endpoint.(map[string]any)
		addresses, _, _ := unstructured.NestedStringSlice(fields, "addresses")
		ready, told, _ := unstructured.NestedBool(fields, "conditions", "ready")
		if len(addresses) > 0 && (ready || !told) {
			all = append(all, addresses[0])
		}
	}
	return all
}
