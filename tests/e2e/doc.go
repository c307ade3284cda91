// Package e2e holds the tests of the charm by what a client sees: HTTP and HTTPS
// through a real gateway, while an operator's life goes on. It stands at the end
// of the flow event → read → plan → apply → publish → status, and knows nothing
// of what is in between.
//
// A test makes a model of its own in the shared cluster (newFixture), acts on it
// through package lab, and asks the gateway (awaitAnswer, unfailing). The stories of
// certificates (tls_*_test.go) have clients that ask all the while over verified TLS
// (watch), or in clear where nobody may answer (neverClear); their log tells how many
// requests were sent, and how many failed. Where a URL changes (moved_test.go), users ask at
// the old one and at the new one until the change is over (moving). The refreshes from the Python charm
// (refresh_*_test.go) start from all that it leaves (newRefresh), and compare databags,
// objects and certificates. Decisions are tested in internal/plan, not here.
//
// The gateway is Traefik. All stories are told again on Envoy and on Cilium, but those of
// which dataplane_test.go says why not (docs/reference/controllers.md has what was proven):
//
//	go test ./e2e -args -data-plane=envoy
//	go test ./e2e -args -data-plane=cilium
package e2e
