package kube

import (
	"net/http"
	"net/netip"
	"slices"
	"testing"
)

// The API server has the address of its Service and those of its machines: a request to either
// reaches it.
func TestServers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	has := func(name, service string, addresses ...any) {
		s.has(t, serverSlicesPath, map[string]any{
			"metadata":  map[string]any{"name": name, "labels": map[string]any{"kubernetes.io/service-name": service}},
			"endpoints": []any{map[string]any{"addresses": addresses}},
		})
	}
	has("kubernetes", "kubernetes", "192.0.2.5", "192.0.2.4", "a-name")
	has("kubernetes-ipv6", "kubernetes", "2001:db8::4", "192.0.2.4")
	has("other", "other", "192.0.2.9")
	client := s.client(t)
	got, err := client.Servers(t.Context())
	want := slices.Concat(client.server, []netip.Addr{netip.MustParseAddr("192.0.2.4"), netip.MustParseAddr("192.0.2.5"), netip.MustParseAddr("2001:db8::4")})
	if err != nil || len(client.server) != 1 || !slices.Equal(got, want) {
		t.Errorf("%v, %v, not %v", got, err, want)
	}
}

// Without the permission only the address of its Service is known. An outage is an error.
func TestServersRefused(t *testing.T) {
	t.Parallel()
	for code, fails := range map[int]bool{http.StatusForbidden: false, http.StatusInternalServerError: true} {
		s := newServer(t)
		s.answer("GET "+serverSlicesPath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		client := s.client(t)
		got, err := client.Servers(t.Context())
		if (err != nil) != fails || !fails && !slices.Equal(got, client.server) {
			t.Errorf("%d: %v, %v", code, got, err)
		}
	}
}
