// Package e2e tests the charm by what a client sees: HTTP and HTTPS through a real gateway, while
// an operator makes changes. It is at the end of the flow event → read → plan → apply → publish →
// status, and knows nothing about the steps in between.
//
// A test makes a model of its own in the shared cluster (newFixture), acts on it through package
// lab, and sends requests to the gateway (awaitAnswer, unfailing). The stories of certificates
// (tls_*_test.go) have clients that send requests all the time over verified TLS (watch), or
// without TLS where nobody may answer (neverClear). Their log says how many requests were sent, and
// how many failed. If a URL changes (moved_test.go), users send requests to the old one and to the
// new one until the change is over (moving). The refreshes from the Python charm
// (refresh_*_test.go) start from everything that it leaves (newRefresh), and compare databags,
// objects and certificates. Decisions are tested in internal/plan, not here.
//
// The gateway is Traefik. All stories also run on Envoy and on Cilium, except those for which
// dataplane_test.go gives a reason (docs/reference/controllers.md says what was proven):
//
//	go test ./e2e -args -data-plane=envoy
//	go test ./e2e -args -data-plane=cilium
package e2e
