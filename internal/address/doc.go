// Package address says where a unit of another model may be. Such a unit tells its own
// address, and traffic of the gateway goes there: an address that is no pod's would open the
// node, a cloud's metadata service or the API server to whoever asks the gateway.
//
// It is part of the third step of an event's road,
//
//	event → read → plan → apply → publish → status
//
// and is asked by the planner for each address before that gets into an EndpointSlice. It
// looks nothing up: what is known of the cluster is given to it. It must not import anything
// but the standard library.
//
// An address is taken apart first: IPv6 addresses that lead to an IPv4 address, as those of
// NAT64 do, are judged by that one too. Of the networks that contain the address the
// smallest decides. Networks are
//
//   - those of the operator's option, each allowed or denied;
//   - the special-purpose registries of IANA (iana/*.csv), all of them but private networks,
//     where pods are;
//   - addresses of metadata services that are in none of these (metadata.go);
//   - what the charm knows of its cluster: see [Known].
//
// What no network contains is allowed. Addresses that Kubernetes refuses in an EndpointSlice
// are never allowed.
//
// The registries are the files of IANA as they are, which have no copyright: they are facts.
// To bring them up to date, fetch
//
//	https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry-1.csv
//	https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry-1.csv
//
// and write their date and digests into the test that holds them.
package address
