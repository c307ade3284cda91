package plan_test

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/canonical/gateway-api-integrator/internal/golden"
	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

var update = flag.Bool("update", false, "rewrite testdata/*.out.yaml")

// shown is what a NAME.out.yaml shows of a Plan: in parts, so that what a reader looks for first
// comes first.
func shown(p plan.Plan, objects []map[string]any) []any {
	return []any{
		struct {
			Status plan.Status `json:"status"`
		}{p.Status},
		struct {
			KeepObjects bool `json:"keepObjects,omitempty"`
		}{p.KeepObjects},
		struct {
			Relations plan.Relations `json:"relations"`
		}{p.Relations},
		struct {
			Remarks []string `json:"remarks,omitempty"`
		}{p.Remarks},
		struct {
			WakeAt time.Time `json:"wakeAt,omitzero"`
		}{p.WakeAt},
		struct {
			Objects []map[string]any `json:"objects,omitempty"`
		}{objects},
	}
}

func TestMake(t *testing.T) {
	t.Parallel()
	for _, input := range goldenInputs(t) {
		t.Run(golden.Name(input), func(t *testing.T) {
			t.Parallel()
			got := render(t, plan.Make(readState(t, input)))
			output := strings.TrimSuffix(input, ".in.yaml") + ".out.yaml"
			if *update {
				if err := os.WriteFile(output, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(output)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("plan (-want +got), `make golden` accepts it:\n%s", diff)
			}
		})
	}
}

// TestMakeIsPure shows for every golden input that the same state gives the same
// bytes, that the order of its parts does not count, and that it is not changed.
func TestMakeIsPure(t *testing.T) {
	t.Parallel()
	for _, input := range goldenInputs(t) {
		t.Run(golden.Name(input), func(t *testing.T) {
			t.Parallel()
			s, untouched := readState(t, input), readState(t, input)
			first := render(t, plan.Make(s))
			if diff := cmp.Diff(untouched, s, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("input changed:\n%s", diff)
			}
			slices.Reverse(s.Requirers)
			slices.Reverse(s.RouteRequirers)
			slices.Reverse(s.DNSProviders)
			slices.Reverse(s.Cluster.Classes)
			slices.Reverse(s.Cluster.Routes)
			if diff := cmp.Diff(string(first), string(render(t, plan.Make(s)))); diff != "" {
				t.Errorf("the order of the input counts:\n%s", diff)
			}
		})
	}
}

// TestMakeKeepsToItsBounds checks what must hold for every plan.
func TestMakeKeepsToItsBounds(t *testing.T) {
	t.Parallel()
	for _, input := range goldenInputs(t) {
		s := readState(t, input)
		p := plan.Make(s)
		if n := len([]rune(p.Status.Message)); n == 0 || n > 120 {
			t.Errorf("%s: status of %d characters", input, n)
		}
		seen := map[string]bool{}
		for _, object := range p.Objects {
			id := object.GetObjectKind().GroupVersionKind().Kind + "/" + object.GetName()
			if seen[id] {
				t.Errorf("%s: two objects %s", input, id)
			}
			seen[id] = true
			if object.GetLabels()[plan.LabelManagedBy] != s.Application || object.GetNamespace() != s.Model {
				t.Errorf("%s: %s is not marked as ours", input, id)
			}
		}
	}
}

// goldenInputs are the paths of all golden cases.
func goldenInputs(t *testing.T) []string {
	t.Helper()
	inputs, err := golden.Inputs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	return inputs
}

func readState(t *testing.T, path string) state.State {
	t.Helper()
	s, err := golden.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func render(t *testing.T, p plan.Plan) []byte {
	t.Helper()
	var objects []map[string]any
	for _, object := range p.Objects {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			t.Fatal(err)
		}
		delete(content, "status") // Written by the controllers; empty in what we plan.
		objects = append(objects, content)
	}
	var text []byte
	for _, part := range shown(p, objects) {
		one, err := yaml.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		if string(one) != "{}\n" {
			text = append(text, one...)
		}
	}
	return text
}

// An EndpointSlice holds a thousand endpoints. More endpoints make more slices, and none is left
// out.
func TestMakeWithMoreAddressesThanASliceHolds(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/cross-model.in.yaml")
	s.Requirers[0].Addresses = nil
	for i := range 2001 {
		s.Requirers[0].Addresses = append(s.Requirers[0].Addresses, netip.AddrFrom4([4]byte{10, 1, byte(i / 250), byte(i%250 + 1)}))
	}
	held, names := map[string]bool{}, []string{}
	for _, object := range plan.Make(s).Objects {
		if object.GetObjectKind().GroupVersionKind().Kind != "EndpointSlice" {
			continue
		}
		names = append(names, strings.TrimPrefix(object.GetName(), "gateway-"))
		var slice struct {
			Endpoints []struct{ Addresses []string }
		}
		text, err := json.Marshal(object)
		if err == nil {
			err = json.Unmarshal(text, &slice)
		}
		if err != nil || len(slice.Endpoints) > 1000 {
			t.Errorf("%s: %d endpoints, %v", object.GetName(), len(slice.Endpoints), err)
		}
		for _, endpoint := range slice.Endpoints {
			held[endpoint.Addresses[0]] = true
		}
	}
	if len(held) != 2001 {
		t.Errorf("%d addresses are in slices", len(held))
	}
	if diff := cmp.Diff([]string{"staging-shop-service-ipv4", "staging-shop-service-ipv4-2", "staging-shop-service-ipv4-3"}, names); diff != "" {
		t.Errorf("slices (-want +got):\n%s", diff)
	}
}
