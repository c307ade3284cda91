package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/canonical/gateway-api-integrator/internal/golden"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

const group = "gateway.networking.k8s.io"

// kinds are those of the bundles that the planner emits.
var kinds = []string{"Gateway", "HTTPRoute", "BackendTLSPolicy"}

// checkersOf reads the CRDs of a bundle.
func checkersOf(t *testing.T, bundle string) map[string]*checker {
	t.Helper()
	directory, err := cluster.FetchBundle(t.Context(), bundle, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	checkers, err := readCheckers(directory)
	if err != nil {
		t.Fatal(err)
	}
	return checkers
}

// planned returns the objects of a golden case that are of the bundles' kinds.
func planned(t *testing.T, input string, withPolicies bool) []*unstructured.Unstructured {
	t.Helper()
	s, err := golden.Load(input)
	if err != nil {
		t.Fatal(err)
	}
	if !withPolicies {
		s.Cluster.WithoutBackendTLS = true
	}
	var objects []*unstructured.Unstructured
	for _, object := range plan.Make(s).Objects {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			t.Fatal(err)
		}
		converted := &unstructured.Unstructured{Object: content}
		if converted.GroupVersionKind().Group != group {
			continue
		}
		delete(content, "status") // The controllers' part; empty in what is planned.
		unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
		objects = append(objects, converted)
	}
	return objects
}

// TestGoldenObjects checks what is planned in every golden case, for every bundle.
func TestGoldenObjects(t *testing.T) {
	t.Parallel()
	inputs, err := golden.Inputs("../../internal/plan/testdata")
	if err != nil || len(inputs) < 100 {
		t.Fatalf("%d golden cases, %v", len(inputs), err)
	}
	for _, bundle := range cluster.Bundles() {
		t.Run(bundle, func(t *testing.T) {
			t.Parallel()
			checkers := checkersOf(t, bundle)
			withPolicies := checkers[group+"/v1 BackendTLSPolicy"] != nil
			seen, same := map[string]int{}, map[string]bool{}
			for _, input := range inputs {
				for _, object := range planned(t, input, withPolicies) {
					seen[object.GetKind()]++
					c := checkers[object.GetAPIVersion()+" "+object.GetKind()]
					if c == nil {
						t.Errorf("%s: the bundle has no %s", golden.Name(input), object.GroupVersionKind())
						continue
					}
					text, err := json.Marshal(object)
					if err != nil {
						t.Fatal(err)
					}
					if same[string(text)] {
						continue // Many cases have it.
					}
					same[string(text)] = true
					if err := c.check(t.Context(), object); err != nil {
						t.Errorf("%s: %s %s: %v", golden.Name(input), object.GetKind(), object.GetName(), err)
					}
				}
			}
			for _, kind := range kinds {
				if want := kind != "BackendTLSPolicy" || withPolicies; want != (seen[kind] > 0) {
					t.Errorf("%d objects of kind %s", seen[kind], kind)
				}
			}
			t.Logf("%d objects: %v", len(same), seen)
		})
	}
}

// TestWrongObjects sees that the checks find each kind of mistake.
func TestWrongObjects(t *testing.T) {
	t.Parallel()
	checkers := checkersOf(t, cluster.DefaultBundle)
	for name, c := range map[string]struct{ spec, want string }{
		"good": {`{parentRefs: [{name: gw}], rules: [{matches: [{path: {type: PathPrefix, value: /a}}]}]}`, ""},
		"a filter twice": {
			`{rules: [{filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [A]}}, {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [B]}}]}]}`,
			"ResponseHeaderModifier filter cannot be repeated",
		},
		"a rule over fields":   {`{rules: [{matches: [{path: {type: PathPrefix, value: a}}]}]}`, "value must be an absolute path"},
		"an enumeration":       {`{rules: [{matches: [{path: {type: Prefix, value: /a}}]}]}`, `Unsupported value: "Prefix"`},
		"a field of the wrong": {`{hostnames: example.com}`, "must be of type array"},
		"an unknown field":     {`{rules: [{backends: []}]}`, "unknown fields: spec.rules[0].backends"},
		"too many":             {`{hostnames: [` + strings.Repeat("a.example.com, ", 17) + `]}`, "must have at most 16 items"},
	} {
		object := &unstructured.Unstructured{}
		text := "apiVersion: " + group + "/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: m}\nspec: " + c.spec
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
			t.Fatal(err)
		}
		err := checkers[group+"/v1 HTTPRoute"].check(t.Context(), object)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
