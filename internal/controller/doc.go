// Package controller says what controllers of the Gateway API do with what the charm writes.
//
// The claims of a GatewayClass are not facts: Cilium claims to speak HTTP/2 without TLS, and by
// default does not; Envoy Gateway claims nothing and supports most features. So one table here
// (table.go) has what is known about a controller, by the controllerName of its class, and the
// source: measured by the project's own tests, or reported by the conformance tests of the Gateway
// API. The class's own claims decide what the table leaves open, and what differs between releases,
// because a class does not tell its controller's release.
//
// Package internal/plan uses the table for statuses, warnings and plans. The page
// docs/reference/controllers.md has the same table, written by this package's test:
//
//	$ go test ./internal/controller -update
package controller
