package kube

import (
	"context"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// The API server's own Service (Kubernetes, pkg/controlplane/controller/kubernetesservice).
const (
	serverNamespace = "default"
	serverService   = "kubernetes"
)

// Servers returns the addresses of the API server, sorted: the address at which the client reaches
// it, which in a pod is its Service's, and the addresses of the machines behind that Service. If
// the charm may not read the latter, only the former is known, and there is no error.
func (c *Client) Servers(ctx context.Context) ([]netip.Addr, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	list, _, err := c.list(ctx, resourceOf(rollout.KindEndpointSlice).GroupVersionResource, serverNamespace, rollout.LabelServiceName+"="+serverService)
	if err != nil && !isForbidden(err) {
		return nil, err
	}
	all := slices.Clone(c.server)
	for _, slice := range list {
		all = append(all, addressesIn(&slice)...)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all), nil
}

// addressesIn returns the IP addresses in an EndpointSlice. It skips what is not one.
func addressesIn(slice *unstructured.Unstructured) []netip.Addr {
	var all []netip.Addr
	for _, one := range endpointsOf(slice) {
		for _, text := range one.addresses {
			if address, err := netip.ParseAddr(text); err == nil {
				all = append(all, address)
			}
		}
	}
	return all
}
