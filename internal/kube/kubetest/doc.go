// Package kubetest plays the API server for unit tests, as far as HTTP shows it: it lists, takes
// what is applied, deletes, and keeps the record of who applied which fields. Only tests import
// it: those of kube, and those of whole events in charm.
//
// It stands beside the flow event → read → plan → apply → publish → status, and must not know
// any other package of the charm: what kube sends is judged by what comes over the wire.
//
// It validates and defaults nothing, and knows one writer for each object: who applies replaces
// all but the status. What a real API server makes of the charm's objects is tried in the tests
// module. Nor is there a controller: a test plays it, in Watched or by changing Objects.
//
//	api := kubetest.New()
//	server := httptest.NewServer(api)
//	api.Answers["GET /api/v1/namespaces/shop/secrets"] = kubetest.Refuse(403, "Forbidden", "no")
package kubetest
