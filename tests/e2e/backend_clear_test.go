package e2e_test

import (
	"testing"
)

// TestTLSBackendOverHTTP: with enforce-https=false clients may use plain HTTP; the Gateway still
// uses TLS to the application.
func TestTLSBackendOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "tlsclear", map[string]any{"external-hostname": "tlsclear.example.com", "enforce-https": false}).withAuthority()
	signer := f.authority("backend")
	f.withCASource("authorities", signer)
	app := f.withTLSApp("vault", 1, signer)
	f.awaitStatus("active", active+" (enforce-https is set to false)")
	f.awaitAnswer("http://tlsclear.example.com/tlsclear-vault", 200)
	f.awaitAnswer("https://tlsclear.example.com/tlsclear-vault", 200)
	if n := app.Plain.Load(); n > 0 {
		t.Errorf("%d requests came in clear", n)
	}

	// At rest, a hook reads one kind more than for others, and writes nothing.
	counts, requests := f.atRest()
	if requests != 9 || counts["list configmaps"] != 1 {
		t.Errorf("%d API requests, want 9: %v", requests, counts)
	}
}
