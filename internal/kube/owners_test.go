package kube

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// edited puts an object of ours into the server, with metadata that somebody has added.
func (s *server) edited(t *testing.T, collection string, object Object, edit func(metadata map[string]any)) {
	t.Helper()
	live := applied(t, object).Object
	edit(live["metadata"].(map[string]any))
	s.has(t, collection, live)
}

// merges are the bodies of merge patches, of those requests that the server has seen.
func (s *server) merges(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, request := range s.requests {
		if request.contentType != "application/merge-patch+json" {
			continue
		}
		var body map[string]any
		if err := json.Unmarshal(request.body, &body); err != nil {
			t.Fatal(err)
		}
		all = append(all, body)
	}
	return all
}

// TestOwnersOfOthersAreTakenAway: with them the object would outlast the application.
func TestOwnersOfOthersAreTakenAway(t *testing.T) {
	t.Parallel()
	// A StatefulSet that has not written the object, and another kind with the name of a manager
	// that has.
	for _, owner := range []map[string]any{
		{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "uid-x"},
		{"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "uid-x"},
		{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "x", "uid": "uid-x"},
	} {
		ownedBy(t, owner)
	}
}

func ownedBy(t *testing.T, owner map[string]any) {
	t.Helper()
	s := newServer(t)
	s.edited(t, routesPath, httpRoute("r"), func(metadata map[string]any) {
		metadata["ownerReferences"] = append(metadata["ownerReferences"].([]any), owner)
		metadata["managedFields"] = append(metadata["managedFields"].([]any), map[string]any{"manager": "other", "operation": "Update"})
	})
	client := s.client(t)
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.written()
	if _, _, err := client.Apply(t.Context(), snapshot, []Object{httpRoute("r")}); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{"metadata": map[string]any{
		"uid":             "uid-r",
		"ownerReferences": []any{map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "gw", "uid": "uid-gw"}},
	}}}
	if diff := cmp.Diff(want, s.merges(t)); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	check(t, "written", s.written(), "PATCH httproutes/r", "PATCH httproutes/r")
	// It is now as desired.
	_, written, _, err := run(t, s, httpRoute("r"))
	if check(t, "written again", written); err != nil {
		t.Error(err)
	}
}

// TestHeldRoutesAreDetached: a route that stays when it is deleted serves nothing.
func TestHeldRoutesAreDetached(t *testing.T) {
	t.Parallel()
	finalizer := func(metadata map[string]any) { metadata["finalizers"] = []any{"example.com/held"} }
	tests := map[string]struct {
		edit    func(metadata map[string]any)
		written []string
		changes []string
	}{
		"held before it is deleted": {finalizer, []string{"PATCH httproutes/r", "DELETE httproutes/r"}, []string{"HTTPRoute/r deleted"}},
		"deleted, and held": {func(metadata map[string]any) {
			finalizer(metadata)
			metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
		}, []string{"PATCH httproutes/r"}, []string{"HTTPRoute/r configured"}},
		"free": {func(map[string]any) {}, []string{"DELETE httproutes/r"}, []string{"HTTPRoute/r deleted"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.edited(t, routesPath, httpRoute("r"), test.edit)
			s.answer("PATCH "+routesPath+"/r", func(w http.ResponseWriter, _ *http.Request) {
				object := s.objects[routesPath+"/r"]
				object["spec"].(map[string]any)["parentRefs"] = []any{}
				reply(w, http.StatusOK, object)
			})
			client := s.client(t)
			snapshot, err := client.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.written()
			changes, _, err := client.Apply(t.Context(), snapshot, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"metadata": map[string]any{"uid": "uid-r"}, "spec": map[string]any{"parentRefs": []any{}}}
			if merges := s.merges(t); name == "free" && len(merges) > 0 || name != "free" && !cmp.Equal([]map[string]any{want}, merges) {
				t.Errorf("merged %v", merges)
			}
			check(t, "written", s.written(), test.written...)
			var got []string
			for _, change := range changes {
				got = append(got, change.String())
			}
			if !slices.Equal(got, test.changes) {
				t.Errorf("changes are %v", got)
			}
			// What was done is known, so that it is not done again within the event.
			if changes, _, err = client.Apply(t.Context(), snapshot, nil); len(changes) > 0 || err != nil {
				t.Errorf("and then %v, %v", changes, err)
			}
			check(t, "written again", s.written())
		})
	}
	// One that is detached already is left alone.
	s := newServer(t)
	s.has(t, routesPath, map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": map[string]any{"parentRefs": []any{}},
		"metadata": map[string]any{
			"name": "r", "labels": map[string]any{testLabel: "gw"}, "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": []any{"example.com/held"},
		},
	})
	_, written, _, err := run(t, s)
	if check(t, "written", written); err != nil {
		t.Error(err)
	}
}
