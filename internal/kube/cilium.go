package kube

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

// The ConfigMap with Cilium's settings: its chart and Canonical Kubernetes put them there, and its
// operator reads them there when it starts.
const (
	ciliumNamespace = "kube-system"
	ciliumConfig    = "cilium-config"
)

// CiliumSettings returns Cilium's settings by name, such as "enable-gateway-api-app-protocol":
// "true". It returns nil if there are none, or if the charm may not read them.
func (c *Client) CiliumSettings(ctx context.Context) (map[string]string, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	found, err := c.api.Resource(configMaps).Namespace(ciliumNamespace).Get(ctx, ciliumConfig, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		if err = classify(err, "get", configMaps, ciliumConfig); isForbidden(err) {
			return nil, nil
		}
		return nil, err
	}
	settings, _, err := unstructured.NestedStringMap(found.Object, "data")
	return settings, err
}
