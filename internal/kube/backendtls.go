package kube

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// What applications that speak TLS need: a BackendTLSPolicy for each of their Services,
// and a ConfigMap with the authorities that sign their certificates. A cluster may not
// have the former, and applications that speak plain HTTP need neither.

// listPolicies lists the BackendTLSPolicies and, if there are any, reads the ConfigMaps
// too. That there can be none, or that we may not see them, is noted in the snapshot,
// and no error.
func (c *Client) listPolicies(ctx context.Context, r resource, snapshot *Snapshot) ([]unstructured.Unstructured, string, error) {
	policies, version, err := c.list(ctx, r.GroupVersionResource, c.options.Namespace, c.selector(r))
	if err != nil {
		return nil, "", snapshot.noteNoBackendTLS(err)
	}
	if len(policies) == 0 {
		return nil, version, nil
	}
	return policies, version, c.ReadConfigMaps(ctx, snapshot)
}

// ReadConfigMaps adds the application's ConfigMaps to a snapshot, unless they are there
// already. Without them Apply would not prune any. To be refused is noted in the
// snapshot's NoBackendTLS, and no error.
func (c *Client) ReadConfigMaps(ctx context.Context, snapshot *Snapshot) error {
	if snapshot.configMaps {
		return nil
	}
	snapshot.configMaps = true
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	r := resourceOf(rollout.KindConfigMap)
	list, _, err := c.list(ctx, r.GroupVersionResource, c.options.Namespace, c.selector(r))
	if err != nil {
		return snapshot.noteNoBackendTLS(err)
	}
	c.addOwn(snapshot, r, list)
	return nil
}

// ConfigMap returns what stands in one of the application's ConfigMaps, if they were read
// and it is there.
func (s *Snapshot) ConfigMap(name string) (data, annotations map[string]string) {
	object := s.live[key{rollout.KindConfigMap, name}]
	if object == nil {
		return nil, nil
	}
	data, _, _ = unstructured.NestedStringMap(object.Object, "data")
	return data, object.GetAnnotations()
}

// withoutBackendTLS notes why there can be no TLS to applications, if that is why a
// list failed.
func (s *Snapshot) noteNoBackendTLS(err error) error {
	if !isRefused(err) {
		return err
	}
	s.NoBackendTLS = err
	return nil
}

// TLSServices returns the names of the application's Services that have a port behind which
// TLS is spoken, sorted.
func (s *Snapshot) TLSServices() []string {
	return slices.DeleteFunc(s.names(rollout.KindService), func(name string) bool { return !speaksTLS(s.live[key{rollout.KindService, name}]) })
}
