package kube

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadyEndpoints counts, by Service, endpoints that are ready or have no ready condition. One
// that is in several slices counts once.
func TestReadyEndpoints(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	has := func(name, service string, endpoints ...any) {
		s.has(t, slicesPath, map[string]any{
			"metadata":  map[string]any{"name": name, "labels": map[string]any{"kubernetes.io/service-name": service}},
			"endpoints": endpoints,
		})
	}
	at := func(ready any, addresses ...any) map[string]any {
		endpoint := map[string]any{"addresses": addresses}
		if ready != nil {
			endpoint["conditions"] = map[string]any{"ready": ready}
		}
		return endpoint
	}
	has("web-1", "web", at(true, "10.0.0.1"), at(false, "10.0.0.2"), at(nil, "10.0.0.3"), at(true))
	has("web-2", "web", at(true, "10.0.0.1"), at(true, "10.0.0.4"))
	has("blog-1", "blog", at(true, "10.0.0.1"))
	has("idle-1", "idle", at(false, "10.0.0.5"))
	got, err := s.client(t).ReadyEndpoints(t.Context())
	if diff := cmp.Diff(map[string]int{"web": 3, "blog": 1}, got); diff != "" || err != nil {
		t.Errorf("ready (-want +got):\n%s, %v", diff, err)
	}
}

// TestReadyEndpointsRefused: if the charm may not read them, nothing is known.
func TestReadyEndpointsRefused(t *testing.T) {
	t.Parallel()
	for code, fails := range map[int]bool{http.StatusForbidden: false, http.StatusInternalServerError: true} {
		s := newServer(t)
		s.answer("GET "+slicesPath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		if got, err := s.client(t).ReadyEndpoints(t.Context()); (err != nil) != fails || got != nil {
			t.Errorf("%d: %v, %v", code, got, err)
		}
	}
}
