// Package bundles shows every object that the planner can emit to the API server
// with each supported bundle of the Gateway API, from the oldest to the newest:
// its schemas and rules, not ours, say what is accepted. There is no data plane.
//
//	go test ./bundles -run 'TestEveryBundle/1.4.1'
package bundles
