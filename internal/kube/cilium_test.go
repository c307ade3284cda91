package kube

import (
	"net/http"
	"testing"
)

// TestCiliumSettings reads Cilium's settings where they are; without them, or without the permission, nothing is
// known.
func TestCiliumSettings(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
	for code, want := range map[int]struct {
		value string
		fails bool
	}{
		http.StatusOK: {"true", false}, http.StatusNotFound: {}, http.StatusForbidden: {}, http.StatusInternalServerError: {"", true},
	} {
		s := newServer(t)
		s.answer("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			if code == http.StatusOK {
				_, _ = w.Write([]byte(`{"apiVersion":"v1","kind":"ConfigMap","data":{"enable-gateway-api-app-protocol":"true"}}`))
			}
		})
		got, err := s.client(t).CiliumSettings(t.Context())
		if got["enable-gateway-api-app-protocol"] != want.value || (err != nil) != want.fails {
			t.Errorf("%d: %v, %v", code, got, err)
		}
	}
}
