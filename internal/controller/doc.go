// Package controller tells what controllers of the Gateway API do with what the charm writes.
//
// What a GatewayClass claims of itself is no fact: Cilium claims to speak HTTP/2 in clear and
// does not as it is shipped, Envoy Gateway claims nothing and does most. So what is known of a
// controller stands in one table here (table.go), by the controllerName of its class, and
// where it came from: measured by the project's own tests, or reported by the conformance
// tests of the Gateway API. The class's own claims decide what the table leaves open, and what
// differs between releases, since a class does not tell which release it is of.
//
// Statuses, warnings and what is planned are made from it (internal/plan). The page
// docs/reference/controllers.md has the same table, written by this package's test:
//
//	$ go test ./internal/controller -update
package controller
