// Package golden reads the planner's golden cases: states of a charm, each a file of a few lines
// that says how it differs from another. Only tests import it: those of the planner, and those
// that show what is planned to the bundles' schemas and to a real API server.
//
// It stands beside the flow event → read → plan → apply → publish → status, and knows the state
// alone; what is planned for a case, and NAME.out.yaml, is its callers' matter.
//
// A case is a file NAME.in.yaml. After a comment that says what it shows comes what it starts
// from, and then a patch:
//
//	# The provider refuses the host.
//	from: https
//	certificates.entries[CSR-1]: {state: denied, reason: "only *.internal", chain: null}
//	cluster.gateway.status.listeners[*].attachedRoutes: 0
//	cluster.routes: null
//
// It starts from a base, base/NAME.yaml, which is written out whole, or from another case that
// starts from a base. Each line of the patch is a path and a value:
//
//	config.externalHostname: a.example.com   # a field, by the names that lead to it
//	requirers[shop].port: 0                  # the element of a list that is called so
//	requirers[0].port: 0                     # by its position
//	requirers[*].port: 0                     # all elements
//	requirers[+]: {relationID: 8, …}         # one more element; a list has several
//	requirers[+]: {like: shop, name: blog}   # a copy of another, and how it differs
//
// A mapping changes what it names and leaves the rest; null removes; any other value stands
// instead of what was there. The keys of such a mapping are paths too, and lines count in their
// order. A key with a slash, as annotations and labels have it, is no path. An element is called
// what the first of these fields says that it has: application, metadata.name, request, secret,
// name, option, type.
//
// What a patch cannot mean is an error, which names the file and the line: a path that leads
// nowhere, a field that no state has, a line or a file that changes nothing.
package golden
