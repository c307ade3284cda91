// Package address says where a unit of another model may be. Such a unit writes its own address,
// and the gateway sends traffic there. If that is not the address of a pod, the node, a cloud's
// metadata service or the API server would be open to anybody who sends requests to the gateway.
//
// The package is part of the third step of every event:
//
//	event → read → plan → apply → publish → status
//
// The planner asks it about each address before the address gets into an EndpointSlice. It looks
// nothing up: its caller gives it what is known of the cluster. It must not import anything but the
// standard library.
//
// An IPv6 address that leads to an IPv4 address, as with NAT64, is also judged by that IPv4
// address. Of the networks that contain an address, the smallest decides. Networks are
//
//   - those of the operator's option, each allowed or denied;
//   - the special-purpose registries of IANA (iana/*.csv), except private networks, where pods
//     are;
//   - addresses of metadata services that are in none of these (metadata.go);
//   - what the charm knows of its cluster: see [Known].
//
// An address that is in none of these networks is allowed. Addresses that Kubernetes refuses in an
// EndpointSlice are never allowed.
//
// The registries are the unchanged files of IANA. They have no copyright, because they are facts.
// To bring them up to date, fetch
//
//	https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry-1.csv
//	https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry-1.csv
//
// and write their date and digests into the test that checks them.
package address
