package kube

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// WaitForAddress watches a Gateway until its controller has given it an address
// and judged it at its present generation, or the time is over; either way it
// gives the Gateway as last seen and no error, because the next event looks
// again. A watch that cannot be had ends the wait at once.
func (c *Client) WaitForAddress(ctx context.Context, gateway *gatewayv1.Gateway, limit time.Duration) *gatewayv1.Gateway {
	if settled(gateway) {
		return gateway
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	watcher, err := c.api.Resource(gatewayResource("gateways")).Namespace(c.options.Namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("metadata.name", gateway.Name).String(),
		ResourceVersion: gateway.ResourceVersion,
	})
	if err != nil {
		return gateway
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		// An error comes as an object of another kind; one that was deleted
		// gets no address.
		if !ok || event.Type != watch.Added && event.Type != watch.Modified {
			return gateway
		}
		var seen gatewayv1.Gateway
		if fromUnstructured(object, &seen) != nil {
			return gateway
		}
		gateway = &seen
		if settled(gateway) {
			return gateway
		}
	}
	return gateway
}

// settled says that the Gateway has an address and that its conditions, and
// those of its listeners, speak of its present generation.
func settled(gateway *gatewayv1.Gateway) bool {
	judged := func(conditions []metav1.Condition) bool {
		return len(conditions) > 0 && !slices.ContainsFunc(conditions, func(c metav1.Condition) bool {
			return !judges(c, gateway.Generation)
		})
	}
	for _, listener := range gateway.Status.Listeners {
		if !judged(listener.Conditions) {
			return false
		}
	}
	return len(gateway.Status.Addresses) > 0 && judged(gateway.Status.Conditions)
}
