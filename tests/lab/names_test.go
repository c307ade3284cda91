package lab

import "testing"

// The names are those that stories on the cluster show of the charm.
func TestRedirectRoute(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"routing.example.com":           "gateway-api-integrator-http-routing-example-com-ce615fe9",
		"stress-steady.one.example.com": "gateway-api-integrator-http-stress-steady-one-770c493f-c57abfcd",
		"old.hostile-tls.example.com":   "gateway-api-integrator-http-old-hostile-tls-e-a042733f-bab58ce1",
	} {
		if got := RedirectRoute("gateway-api-integrator", host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}
