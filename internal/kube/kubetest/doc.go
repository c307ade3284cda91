// Package kubetest simulates the API server for unit tests, at the level of HTTP: it lists, applies
// and deletes objects, and keeps the record of who applied which fields. Only tests import it:
// those of kube, and those of whole events in charm.
//
// It is beside the flow event → read → plan → apply → publish → status, and must not know any other
// package of the charm: tests check what kube sends by the requests.
//
// It validates and defaults nothing, and knows one writer for each object: an apply replaces
// everything except the status. The tests module tries the charm's objects on a real API server.
// There is no controller either: a test simulates it, in Watched or by changing Objects.
//
//	api := kubetest.New()
//	server := httptest.NewServer(api)
//	api.Answers["GET /api/v1/namespaces/shop/secrets"] = kubetest.Refuse(403, "Forbidden", "no")
package kubetest
