package kube

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What applications that speak TLS need: a BackendTLSPolicy for each of their Services,
// and a ConfigMap with the authorities that sign their certificates. A cluster may not
// have the former, and applications that speak plain HTTP need neither.

const (
	kindConfigMap = "ConfigMap"
	kindPolicy    = "BackendTLSPolicy"
)

// listPolicies lists the BackendTLSPolicies and, if there are any, reads the ConfigMaps
// too. That there can be none, or that we may not see them, is noted in the snapshot,
// and no error.
func (c *Client) listPolicies(ctx context.Context, r resource, snapshot *Snapshot) ([]unstructured.Unstructured, string, error) {
	policies, version, err := c.list(ctx, r.GroupVersionResource, c.options.Namespace, c.selector(r))
	if err != nil {
		return nil, "", snapshot.withoutBackendTLS(err)
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
	ctx, cancel := c.bound(ctx)
	defer cancel()
	r := resourceOf(kindConfigMap)
	list, _, err := c.list(ctx, r.GroupVersionResource, c.options.Namespace, c.selector(r))
	if err != nil {
		return snapshot.withoutBackendTLS(err)
	}
	c.keep(snapshot, r, list)
	return nil
}

// ConfigMap returns what stands in one of the application's ConfigMaps, if they were read
// and it is there.
func (s *Snapshot) ConfigMap(name string) (data, annotations map[string]string) {
	object := s.live[key{kindConfigMap, name}]
	if object == nil {
		return nil, nil
	}
	data, _, _ = unstructured.NestedStringMap(object.Object, "data")
	return data, object.GetAnnotations()
}

// withoutBackendTLS notes why there can be no TLS to applications, if that is why a
// list failed.
func (s *Snapshot) withoutBackendTLS(err error) error {
	if !isRefused(err) {
		return err
	}
	s.NoBackendTLS = err
	return nil
}

// tlsPort begins the name of a port behind which TLS is spoken. Controllers know it by
// that, too.
const tlsPort = "https"

func speaksTLS(service *unstructured.Unstructured) bool {
	ports := namesIn(service, "spec", "ports")
	return slices.ContainsFunc(ports, func(name string) bool { return strings.HasPrefix(name, tlsPort) })
}

// TLSServices returns the names of the application's Services that have a port behind which
// TLS is spoken, sorted.
func (s *Snapshot) TLSServices() []string {
	return slices.DeleteFunc(s.names("Service"), func(name string) bool { return !speaksTLS(s.live[key{"Service", name}]) })
}

// hiding reports whether there may be policies that cannot be seen, or authorities: nothing
// that one may need can be pruned then.
func (s *Snapshot) hiding() bool {
	return isForbidden(s.NoBackendTLS)
}

// neededUnseen reports whether an object that is not wanted has to stay while something is
// hidden. A policy goes where its Service speaks TLS no more, as its application could
// not be reached with it.
func neededUnseen(object *unstructured.Unstructured, services []*unstructured.Unstructured) bool {
	switch object.GetKind() {
	case kindConfigMap:
		return true
	case kindPolicy:
		targets := namesIn(object, "spec", "targetRefs")
		return !slices.ContainsFunc(services, func(service *unstructured.Unstructured) bool {
			return slices.Contains(targets, service.GetName()) && !speaksTLS(service)
		})
	default:
		return object.GetKind() == "Service" && speaksTLS(object)
	}
}

// guarded returns the objects of a kind that may be written though not all
// BackendTLSPolicies could be. A Service that such a policy is for, and a route to it,
// have to wait: the gateway would speak to the application in clear.
func (c *Client) guarded(snapshot *Snapshot, wanted map[string][]*unstructured.Unstructured, kind string) []*unstructured.Unstructured {
	if kind != "Service" && kind != "HTTPRoute" {
		return wanted[kind]
	}
	var unguarded []string // Services
	for _, policy := range wanted[kindPolicy] {
		live := snapshot.live[key{kindPolicy, policy.GetName()}]
		if live == nil || !same(policy, live, c.options.Manager) {
			unguarded = append(unguarded, namesIn(policy, "spec", "targetRefs")...)
		}
	}
	if len(unguarded) == 0 {
		return wanted[kind]
	}
	return slices.DeleteFunc(slices.Clone(wanted[kind]), func(object *unstructured.Unstructured) bool {
		services := []string{object.GetName()}
		if kind == "HTTPRoute" {
			services = backends(object)
		}
		return slices.ContainsFunc(services, func(name string) bool { return slices.Contains(unguarded, name) })
	})
}

// backends are the names of the Services that a route leads to.
func backends(route *unstructured.Unstructured) []string {
	var names []string
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for _, rule := range rules {
		if fields, ok := rule.(map[string]any); ok {
			names = append(names, namesIn(&unstructured.Unstructured{Object: fields}, "backendRefs")...)
		}
	}
	return names
}

// namesIn returns the names in a list of references.
func namesIn(object *unstructured.Unstructured, path ...string) []string {
	var names []string
	refs, _, _ := unstructured.NestedSlice(object.Object, path...)
	for _, ref := range refs {
		if fields, ok := ref.(map[string]any); ok {
			name, _ := fields["name"].(string)
			names = append(names, name)
		}
	}
	return names
}
