package kube

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// What applications that speak TLS need: a BackendTLSPolicy for each of their Services, and a
// ConfigMap with the CA certificates that sign their certificates. A cluster may not have the
// former kind. Applications that speak plain HTTP need neither.

// listPolicies lists the BackendTLSPolicies and, if there are any, reads the ConfigMaps too. If the
// kind does not exist, or the charm may not read it, the snapshot notes that, and there is no
// error.
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

// ReadConfigMaps adds the application's ConfigMaps to a snapshot, unless they have been read
// already. Without them Apply would not prune any. If the charm may not read them, the snapshot's
// NoBackendTLS notes that, and there is no error.
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

// ConfigMap returns the content of one of the application's ConfigMaps, if they were read and it
// exists.
func (s *Snapshot) ConfigMap(name string) (data, annotations map[string]string) {
	object := s.live[key{rollout.KindConfigMap, name}]
	if object == nil {
		return nil, nil
	}
	data, _, _ = unstructured.NestedStringMap(object.Object, "data")
	return data, object.GetAnnotations()
}

// noteNoBackendTLS notes in the snapshot why there can be no TLS to applications, if a list failed
// for that reason. It returns any other error.
func (s *Snapshot) noteNoBackendTLS(err error) error {
	if !isRefused(err) {
		return err
	}
	s.NoBackendTLS = err
	return nil
}

// TLSServices returns the names of the application's Services that have a port behind which the
// application speaks TLS, sorted.
func (s *Snapshot) TLSServices() []string {
	return slices.DeleteFunc(s.names(rollout.KindService), func(name string) bool { return !speaksTLS(s.live[key{rollout.KindService, name}]) })
}
