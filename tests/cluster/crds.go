package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// TraefikClass is the GatewayClass that Traefik serves.
const TraefikClass = "traefik"

const (
	traefikController = "traefik.io/gateway-controller"
	gatewayGroup      = "gateway.networking.k8s.io"
	fieldManager      = "tests"
)

var (
	crdResource    = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	gatewayClasses = schema.GroupVersionResource{Group: gatewayGroup, Version: "v1", Resource: "gatewayclasses"}
)

// InstallCRDs installs the standard channel of a Gateway API release, see
// Bundles, and returns when the API server serves it. To go to an older
// release, call RemoveCRDs first. The release's admission policy against
// downgrades is left out.
//
// The garbage collector learns of kinds that are new to it within 30 seconds,
// at Start at once.
func (c *Cluster) InstallCRDs(ctx context.Context, bundle string) error {
	if !slices.Contains(Bundles(), bundle) {
		return fmt.Errorf("cannot install Gateway API %s: only %v are at hand", bundle, Bundles())
	}
	definitions, err := c.bundleCRDs(bundle)
	if err != nil {
		return err
	}
	if policy := "backendtlspolicies." + gatewayGroup; c.plane.isTraefik() && !c.traefikless && definitions[policy] == nil {
		companions, err := c.bundleCRDs(companionBundle)
		if err != nil {
			return err
		}
		definitions[policy] = companions[policy]
	}
	return c.installAll(ctx, definitions)
}

func (c *Cluster) installAll(ctx context.Context, definitions map[string]*unstructured.Unstructured) error {
	var all errgroup.Group
	for name, definition := range definitions {
		all.Go(func() error { return c.installCRD(ctx, name, definition) })
	}
	return all.Wait()
}

// installCRD creates or replaces one definition and waits until its kind is
// served in every version.
func (c *Cluster) installCRD(ctx context.Context, name string, definition *unstructured.Unstructured) error {
	body, err := json.Marshal(definition)
	if err != nil {
		return fmt.Errorf("cannot encode CRD %s: %w", name, err)
	}
	force := true
	options := metav1.PatchOptions{FieldManager: fieldManager, Force: &force}
	if _, err := c.dynamic.Resource(crdResource).Patch(ctx, name, types.ApplyPatchType, body, options); err != nil {
		return fmt.Errorf("cannot install CRD %s: %w", name, err)
	}
	err = poll(ctx, c.timeouts.Establish, c.timeouts.Poll, func(ctx context.Context) error {
		for _, version := range servedVersions(definition) {
			list := c.typed.RESTClient().Get().AbsPath("/apis", version.Group, version.Version, version.Resource).Param("limit", "1")
			if err := list.Do(ctx).Error(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot use CRD %s: %w", name, err)
	}
	return nil
}

func servedVersions(definition *unstructured.Unstructured) []schema.GroupVersionResource {
	group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
	plural, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	served := []schema.GroupVersionResource{}
	for _, version := range versions {
		fields, _ := version.(map[string]any)
		if name, _ := fields["name"].(string); fields["served"] == true {
			served = append(served, schema.GroupVersionResource{Group: group, Version: name, Resource: plural})
		}
	}
	return served
}

// bundleCRDs reads the CustomResourceDefinitions of a release of the Gateway API, or of
// Cilium, by name.
func (c *Cluster) bundleCRDs(bundle string) (map[string]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join(c.assets.CRDs, bundle, "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("cannot find the CRDs of %s in %s", bundle, c.assets.CRDs)
	}
	definitions := map[string]*unstructured.Unstructured{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read a CRD: %w", err)
		}
		definition := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(content, &definition.Object); err != nil {
			return nil, fmt.Errorf("cannot read CRD %s: %w", file, err)
		}
		if definition.GetKind() != "CustomResourceDefinition" {
			continue
		}
		unstructured.RemoveNestedField(definition.Object, "status")
		unstructured.RemoveNestedField(definition.Object, "metadata", "creationTimestamp")
		definitions[definition.GetName()] = definition
	}
	return definitions, nil
}

// RemoveCRDs removes the Gateway API with all its objects and returns when it
// is gone.
func (c *Cluster) RemoveCRDs(ctx context.Context) error {
	list, err := c.gatewayCRDs(ctx)
	if err != nil {
		return err
	}
	for _, name := range list {
		err := c.dynamic.Resource(crdResource).Delete(ctx, name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot remove CRD %s: %w", name, err)
		}
	}
	err = poll(ctx, c.timeouts.Delete, c.timeouts.Poll, func(ctx context.Context) error {
		left, err := c.gatewayCRDs(ctx)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return fmt.Errorf("%v are still there", left)
		}
		err = c.typed.RESTClient().Get().AbsPath("/apis", gatewayGroup, "v1").Do(ctx).Error()
		if err == nil {
			return errors.New("the API server still serves the group")
		}
		if !apierrors.IsNotFound(err) {
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot remove the Gateway API: %w", err)
	}
	return nil
}

// gatewayCRDs are the names of the Gateway API's definitions in the cluster.
func (c *Cluster) gatewayCRDs(ctx context.Context) ([]string, error) {
	list, err := c.dynamic.Resource(crdResource).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list CRDs: %w", err)
	}
	names := []string{}
	for i := range list.Items {
		if group, _, _ := unstructured.NestedString(list.Items[i].Object, "spec", "group"); group == gatewayGroup {
			names = append(names, list.Items[i].GetName())
		}
	}
	return names, nil
}

// CreateGatewayClass makes a GatewayClass. Only classes of the data plane's
// controller (Traits.Controller) are ever accepted.
func (c *Cluster) CreateGatewayClass(ctx context.Context, name, controllerName string) error {
	class := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": gatewayGroup + "/v1",
		"kind":       "GatewayClass",
		"metadata":   map[string]any{"name": name},
		"spec":       map[string]any{"controllerName": controllerName},
	}}
	_, err := c.dynamic.Resource(gatewayClasses).Create(ctx, class, metav1.CreateOptions{FieldManager: fieldManager})
	if err != nil {
		return fmt.Errorf("cannot create GatewayClass %s: %w", name, err)
	}
	return nil
}

// DeleteGatewayClass deletes a GatewayClass.
func (c *Cluster) DeleteGatewayClass(ctx context.Context, name string) error {
	if err := c.dynamic.Resource(gatewayClasses).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("cannot delete GatewayClass %s: %w", name, err)
	}
	return nil
}
