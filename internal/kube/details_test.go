package kube

import (
	"net/http"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// TestMaker: the maker of an object is the manager that wrote it first, not the one that writes its
// status.
func TestMaker(t *testing.T) {
	t.Parallel()
	at := func(hour int) *metav1.Time {
		return &metav1.Time{Time: time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC)}
	}
	early, later := metav1.ManagedFieldsEntry{Manager: "early", Time: at(1)}, metav1.ManagedFieldsEntry{Manager: "later", Time: at(2)}
	status := metav1.ManagedFieldsEntry{Manager: "controller", Subresource: "status", Time: at(0)}
	undated := metav1.ManagedFieldsEntry{Manager: "undated"}
	for want, entries := range map[string][]metav1.ManagedFieldsEntry{
		"":        {status},
		"early":   {status, later, early, status},
		"later":   {later, undated},
		"undated": {undated},
	} {
		object := gateway("gw")
		object.ManagedFields = entries
		if got := makerOf(object); got != want {
			t.Errorf("%v: made by %q, want %q", entries, got, want)
		}
	}
}

// TestSettledRoutes: a route is settled when each listener that it names has been judged with it.
func TestSettledRoutes(t *testing.T) {
	t.Parallel()
	unreadable := applied(t, judgedAt(2, "7", 2))
	set(t, unreadable, "none", "spec", "parentRefs")
	for name, c := range map[string]struct {
		route *unstructured.Unstructured
		want  bool
	}{
		"judged":                 {withStatus(t, judgedAt(2, "7", 2)), true},
		"judged beside before":   {withStatus(t, judgedAt(2, "7", 1, 2)), true},
		"judged before":          {withStatus(t, judgedAt(2, "7", 1)), false},
		"not judged":             {withStatus(t, judgedAt(2, "7")), false},
		"one that is unreadable": {unreadable, false},
	} {
		if got := settled(c.route, false); got != c.want {
			t.Errorf("%s: settled %t", name, got)
		}
	}
}

// TestSettledPolicies: a policy is settled when some Gateway's controller has judged it as it is.
func TestSettledPolicies(t *testing.T) {
	t.Parallel()
	for _, generations := range [][]int64{{2}, {1, 2}, {1}, nil} {
		object := policy("tls", "tls.example.com")
		object.Generation = 2
		for _, generation := range generations {
			object.Status.Ancestors = append(object.Status.Ancestors, gatewayv1.PolicyAncestorStatus{
				Conditions: []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue, ObservedGeneration: generation}},
			})
		}
		snapshot, _ := written(t, object)
		if got := settled(snapshot.live[key{rollout.KindPolicy, "tls"}], false); got != slices.Contains(generations, 2) {
			t.Errorf("judged at %v: settled %t", generations, got)
		}
	}
}

// withStatus returns a route as it is read, what controllers say included.
func withStatus(t *testing.T, route Object) *unstructured.Unstructured {
	t.Helper()
	snapshot, _ := written(t, route)
	return snapshot.live[key{"HTTPRoute", route.GetName()}]
}

// TestNothingElseGoesDuringARename: while routes are attached to old listeners, objects that are
// not wanted may be in use.
func TestNothingElseGoesDuringARename(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.hasApplied(t, gatewaysPath, renamed())
	s.hasApplied(t, routesPath, attached("web", "gw-listener"))
	s.hasApplied(t, secretsPath, secret("old"))
	wanted := []Object{gateway("gw", "a.example.com"), attached("web", "gw-a.example.com")}
	var deleted []string
	for range 4 {
		_, written, _, err := run(t, s, wanted...)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(written, "DELETE secrets/old") {
			deleted = append(deleted, written...)
			continue
		}
		deleted = append(deleted, "")
	}
	check(t, "written by the event that deletes", deleted, "", "", "PATCH httproutes/web", "DELETE secrets/old", "")
}

// TestOwnerlessIsLeftAlone: if an object should have no owner, no owner is removed.
func TestOwnerlessIsLeftAlone(t *testing.T) {
	t.Parallel()
	object := gateway("gw", "a")
	object.OwnerReferences = nil
	desired, err := toUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	live := applied(t, object)
	live.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "x", UID: "uid-x"}})
	if hasOtherOwners(desired, live) || !same(desired, live, "gw") {
		t.Error("it would be written for its owner")
	}
}

// TestGoneBeforeItIsDisowned: an object that is deleted meanwhile is made again.
func TestGoneBeforeItIsDisowned(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusNotFound, http.StatusConflict} {
		s := newServer(t)
		s.edited(t, routesPath, httpRoute("r"), func(metadata map[string]any) {
			metadata["ownerReferences"] = append(metadata["ownerReferences"].([]any), map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "uid-x"})
		})
		merges := 0
		s.answer("PATCH "+routesPath+"/r", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Content-Type") == applyContentType {
				reply(w, http.StatusOK, applied(t, httpRoute("r")).Object)
				return
			}
			merges++
			refuse(code, map[int]metav1.StatusReason{http.StatusNotFound: "NotFound", http.StatusConflict: "Conflict"}[code], "it is gone")(w, r)
		})
		if _, _, _, err := run(t, s, httpRoute("r")); err != nil || merges != 1 {
			t.Errorf("%d: %v after %d tries to take the owner away", code, err, merges)
		}
	}
}

// TestKinds: each kind is found by its resource, and no other is. They are in the order of package
// rollout.
func TestKinds(t *testing.T) {
	t.Parallel()
	var kinds []string
	for _, r := range resources {
		kinds = append(kinds, r.kind)
		if got := kindOf(r.GroupVersionResource); got != r.kind {
			t.Errorf("%s: %q", r.Resource, got)
		}
	}
	check(t, "kinds", kinds, rollout.Kinds()...)
	if got := kindOf(gatewayClasses); got != "" {
		t.Errorf("classes: %q", got)
	}
}
