package bundles_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/canonical/gateway-api-integrator/internal/golden"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

func TestMain(m *testing.M) { os.Exit(cluster.Main(m.Run)) }

// policyKind is what the oldest bundle lacks.
const policyKind = "BackendTLSPolicy"

// resources of the kinds that the planner emits.
var resources = map[string]schema.GroupVersionResource{
	"Secret":        {Version: "v1", Resource: "secrets"},
	"ConfigMap":     {Version: "v1", Resource: "configmaps"},
	"Service":       {Version: "v1", Resource: "services"},
	"EndpointSlice": {Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
	"Gateway":       {Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"},
	"HTTPRoute":     {Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"},
	policyKind:      {Group: "gateway.networking.k8s.io", Version: "v1", Resource: "backendtlspolicies"},
}

// TestEveryBundle plans every golden case of the planner for every bundle, applies
// what was planned as the charm does, strictly, and once more: nothing may be
// refused, and nothing may change the second time. Kubernetes' own kinds, which are
// no matter of the bundle, are applied with the newest only.
func TestEveryBundle(t *testing.T) {
	inputs, err := golden.Inputs("../../internal/plan/testdata")
	if err != nil || len(inputs) < 100 {
		t.Fatalf("%d golden cases, %v", len(inputs), err)
	}
	c, err := cluster.Start(t.Context(), cluster.Options{WithoutCRDs: true, WithoutTraefik: true, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	bundles := cluster.Bundles()
	for _, bundle := range bundles {
		if err := c.InstallCRDs(t.Context(), bundle); err != nil {
			t.Fatal(err)
		}
		s := &stage{
			cluster: c, withPolicies: bundle != "1.2.0", withOthers: bundle == bundles[len(bundles)-1],
			kinds: map[string]int{},
		}
		t.Run(bundle, func(t *testing.T) {
			var running sync.WaitGroup
			turns := make(chan struct{}, 8)
			for i, input := range inputs {
				turns <- struct{}{}
				running.Go(func() {
					defer func() { <-turns }()
					namespace := fmt.Sprintf("b%s-%d", strings.ReplaceAll(bundle, ".", "-"), i)
					if err := s.play(t.Context(), input, namespace); err != nil {
						t.Errorf("%s: %v", golden.Name(input), err)
					}
				})
			}
			running.Wait()
			t.Logf("applied twice: %v", s.kinds)
			for kind := range resources {
				if got := s.kinds[kind] > 0; got != s.has(kind) {
					t.Errorf("%s applied: %t", kind, got)
				}
			}
		})
	}
}

// A stage is the API server with one bundle.
type stage struct {
	cluster      *cluster.Cluster
	withPolicies bool // the bundle has BackendTLSPolicies
	withOthers   bool // other kinds than the bundle's are applied too

	mu    sync.Mutex
	kinds map[string]int // how many objects of each kind were applied
}

// has reports whether objects of a kind are to be applied here.
func (s *stage) has(kind string) bool {
	switch {
	case resources[kind].Group != resources["Gateway"].Group:
		return s.withOthers
	case kind == policyKind:
		return s.withPolicies
	default:
		return true
	}
}

// tellsOfPolicies matches a status that names what this bundle lacks, or how to get it, also
// where there was no room for both.
var tellsOfPolicies = regexp.MustCompile(`the cluster has no BackendTL|install Gateway API 1\.4|class cilium speaks`)

func hasPolicies(planned plan.Plan) bool {
	return slices.ContainsFunc(planned.Objects, func(object plan.Object) bool {
		return object.GetObjectKind().GroupVersionKind().Kind == policyKind
	})
}

// play plans one case as if the cluster had this bundle, in a namespace of its own.
func (s *stage) play(ctx context.Context, input, namespace string) error {
	st, err := golden.Load(input)
	if err != nil {
		return err
	}
	st.Cluster.Owner = nil // The garbage collector would miss it.
	planned := plan.Make(st)
	if !s.withPolicies {
		st.Cluster.WithoutBackendTLS = true
		full := planned
		if planned = plan.Make(st); hasPolicies(full) && !tellsOfPolicies.MatchString(planned.Status.Message) {
			return fmt.Errorf("the status does not tell that there are no policies: %q", planned.Status.Message)
		}
	}
	objects := planned.Objects
	if len(objects) == 0 {
		return nil
	}
	made := map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}
	namespaces := schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	if _, err := s.cluster.Dynamic().Resource(namespaces).Create(ctx, &unstructured.Unstructured{Object: made}, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, object := range objects {
		if err := s.applyTwice(ctx, object, namespace); err != nil {
			return err
		}
	}
	// There are fewer cluster IPs than Services in all cases.
	for _, object := range objects {
		if object.GetObjectKind().GroupVersionKind().Kind == "Service" && s.withOthers {
			if err := s.cluster.Typed().CoreV1().Services(namespace).Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stage) applyTwice(ctx context.Context, object plan.Object, namespace string) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	delete(content, "status") // The controllers' part; empty in what is planned.
	unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
	converted := &unstructured.Unstructured{Object: content}
	converted.SetNamespace(namespace)
	name := converted.GetKind() + " " + converted.GetName()
	if kind := converted.GetKind(); !s.has(kind) && kind != policyKind {
		return nil
	}
	first, err := s.apply(ctx, converted)
	if err != nil {
		return fmt.Errorf("%s is refused: %w", name, err)
	}
	if converted.GetKind() == "Gateway" {
		// The API server keeps no status that the schema's default gave, until the
		// first write of whatever kind: that is the controller's, not our second.
		if first, err = s.judge(ctx, converted); err != nil {
			return fmt.Errorf("%s takes no status: %w", name, err)
		}
	}
	second, err := s.apply(ctx, converted)
	if err != nil {
		return fmt.Errorf("%s is refused the second time: %w", name, err)
	}
	if first != second {
		return fmt.Errorf("%s changes when it is applied again: resource version %s becomes %s", name, first, second)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds[converted.GetKind()]++
	return nil
}

// apply sends one object, and returns the resource version that it has then.
func (s *stage) apply(ctx context.Context, object *unstructured.Unstructured) (string, error) {
	resource, known := resources[object.GetKind()]
	if !known {
		return "", fmt.Errorf("a kind unknown to this test")
	}
	body, err := json.Marshal(object)
	if err != nil {
		return "", err
	}
	force := true
	applied, err := s.cluster.Dynamic().Resource(resource).Namespace(object.GetNamespace()).Patch(
		ctx, object.GetName(), types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: "gateway-api-integrator", Force: &force, FieldValidation: metav1.FieldValidationStrict},
	)
	if err != nil {
		return "", err
	}
	return applied.GetResourceVersion(), nil
}

// judge writes a Gateway's status as its controller does, and returns the resource
// version that it has then.
func (s *stage) judge(ctx context.Context, gateway *unstructured.Unstructured) (string, error) {
	status := []byte(`{"status": {"addresses": [{"type": "IPAddress", "value": "10.43.45.1"}]}}`)
	judged, err := s.cluster.Dynamic().Resource(resources["Gateway"]).Namespace(gateway.GetNamespace()).Patch(
		ctx, gateway.GetName(), types.MergePatchType, status, metav1.PatchOptions{FieldManager: "controller"}, "status",
	)
	if err != nil {
		return "", err
	}
	return judged.GetResourceVersion(), nil
}
