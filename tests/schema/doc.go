// Package schema holds what the planner emits against the CRDs of every supported bundle of the
// Gateway API, without a cluster: schema and CEL rules are evaluated by the API server's own
// code. What the API server does beside, and its own kinds, are seen by package bundles.
//
//	go test ./schema -run 'TestGoldenObjects/1.6.3'
package schema
