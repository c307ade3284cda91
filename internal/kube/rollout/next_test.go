package rollout

import (
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryRuleHasAStory: what a rule holds is shown in testdata.
func TestEveryRuleHasAStory(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		told.Write(text)
	}
	for _, f := range slices.Concat(beforeWrites, beforeDeletes) {
		if !strings.Contains(told.String(), "["+f.name+"]") {
			t.Errorf("no story shows the rule %q", f.name)
		}
	}
}

// TestKindsAreInOrder: what refers to an object is written after it.
func TestKindsAreInOrder(t *testing.T) {
	t.Parallel()
	kinds := Kinds()
	for kind, all := range referrers {
		for _, referrer := range all {
			if slices.Index(kinds, referrer) <= slices.Index(kinds, kind) {
				t.Errorf("a %s refers to a %s, and is written before", referrer, kind)
			}
		}
	}
}

// TestNextIsPure: the same arguments give the same steps, whatever the order of what is live, and
// are not changed.
func TestNextIsPure(t *testing.T) {
	t.Parallel()
	for seed := range int64(50) {
		random := rand.New(rand.NewSource(seed))
		c := newCluster(someThings(random))
		live, desired := c.live(), c.compared(someThings(random))
		before, wanted := slices.Clone(live.Objects), slices.Clone(desired)
		steps := Next(live, desired, nil)
		if diff := cmp.Diff([][]Object{before, wanted}, [][]Object{live.Objects, desired}); diff != "" {
			t.Fatalf("the arguments are changed:\n%s", diff)
		}
		slices.Reverse(live.Objects)
		if diff := cmp.Diff(steps, Next(live, desired, nil)); diff != "" {
			t.Errorf("with what is live in another order:\n%s", diff)
		}
	}
}

// TestRewrite: routes that are there and differ are written, and nothing else is done.
func TestRewrite(t *testing.T) {
	t.Parallel()
	live := []Object{routeAt("same", "a"), routeAt("changed", "a"), routeAt("moved", "a"), routeAt("idle", "a"), {Ref: Ref{KindService, "idle"}}}
	overlooked := Object{Ref: Ref{KindRoute, "overlooked"}, NoBackend: []string{"io.cilium/gateway-controller"}}
	changed := routeAt("changed", "a")
	changed.Differs = true
	steps := Rewrite(Live{Objects: append(live, overlooked)}, []Object{
		routeAt("same", "a"), changed, routeAt("moved", "b"), routeAt("new", "a"), {Ref: overlooked.Ref},
	})
	var got []string
	for _, step := range steps {
		got = append(got, string(step.Action)+" "+step.Object.String()+": "+step.Reason.String())
	}
	want := []string{
		"write HTTPRoute changed: is not as desired", "write HTTPRoute moved: is not as desired",
		"write HTTPRoute overlooked: is shown again to its controller, which overlooks its Service",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}
