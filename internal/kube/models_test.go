package kube

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A namespace belongs to the model that Juju has written on it. If several namespaces claim a
// model, the oldest counts, no matter who made the others.
func TestModels(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, one := range []struct{ name, made, key, uuid string }{
		{"far", "2026-01-01T00:00:00Z", "model.juju.is/id", "uuid-far"},
		{"a-forged", "2026-01-02T00:00:00Z", "model.juju.is/id", "uuid-far"},
		{"old", "2020-01-01T00:00:00Z", "juju-model", "uuid-old"},
		{"same-b", "2026-01-01T00:00:00Z", "model.juju.is/id", "uuid-same"},
		{"same-a", "2026-01-01T00:00:00Z", "model.juju.is/id", "uuid-same"},
		{"empty", "2026-01-01T00:00:00Z", "model.juju.is/id", ""},
		{"plain", "2026-01-01T00:00:00Z", "example.com/id", "uuid-plain"},
	} {
		s.has(t, namespacesPath, map[string]any{"metadata": map[string]any{
			"name": one.name, "creationTimestamp": one.made, "annotations": map[string]any{one.key: one.uuid},
		}})
	}
	got, err := s.client(t).Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"uuid-far": "far", "uuid-old": "old", "uuid-same": "same-a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Without the permission nothing is known. An outage is an error.
func TestModelsRefused(t *testing.T) {
	t.Parallel()
	for code, fails := range map[int]bool{http.StatusForbidden: false, http.StatusInternalServerError: true} {
		s := newServer(t)
		s.answer("GET "+namespacesPath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		got, err := s.client(t).Models(t.Context())
		if len(got) > 0 || (err != nil) != fails {
			t.Errorf("%d: %v, %v", code, got, err)
		}
	}
}
