package e2e_test

import (
	"flag"
	"strings"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// The flags of these tests: go test ./e2e -args -data-plane=envoy.
var (
	dataPlane  = flag.String("data-plane", string(cluster.Traefik), "what serves Gateways: traefik or envoy")
	clusterDir = flag.String("cluster-dir", "", "where the cluster's data and logs go, and stay")
)

// toldTwice are the stories that are told on Envoy as well as on Traefik: those in
// which a data plane has something to say, in about two minutes. The rest is told on
// Traefik alone, for the reasons in docs/reference/controllers.md.
var toldTwice = []string{
	"TestAddHostWhilePending", "TestCAReplaced", "TestCertificatesOptional", "TestCrossModel",
	"TestDomainChanged", "TestEnforceSwitched", "TestGatewayRoute", "TestGatewayRouteInClear", "TestH2C",
	"TestHTTPS", "TestHostChange", "TestIssuedExpired", "TestLeaderAndPodLoss", "TestNoChange",
	"TestOneBadApplication", "TestPlainHTTP", "TestPort443", "TestProviderFallsSilent",
	"TestProviderReplaced", "TestRedirectOne", "TestRefresh", "TestRefreshBack", "TestRemoveHost", "TestRevocation", "TestRotation",
	"TestRoutingSwitched", "TestRoutingSwitchedInClear", "TestTLSBackend", "TestTLSBackendOfOldProvider",
	"TestTLSBackendRotation", "TestTLSBackendUnits", "TestTakeOver", "TestTakeOverCertificates",
	"TestUnitsOfAnotherModel", "TestUnitsOfOurModel", "TestWithdrawal",
}

// chooseDataPlane reads the flags. With Envoy the stories that are told twice run,
// unless -run says which.
func chooseDataPlane() cluster.DataPlane {
	flag.Parse()
	if run := flag.Lookup("test.run"); onEnvoy() && run.Value.String() == "" {
		_ = run.Value.Set("^(" + strings.Join(toldTwice, "|") + ")$")
	}
	return cluster.DataPlane(*dataPlane)
}

func onEnvoy() bool { return cluster.DataPlane(*dataPlane) == cluster.Envoy }

// here is a text that has the address of a Gateway of Traefik's, with that of the
// model's: on Envoy each Gateway has an address of its own.
func (f *fixture) here(text string) string {
	return strings.ReplaceAll(text, "10.43.45.1", f.Address())
}

// unverified is the answer for an application whose certificate the data plane does
// not accept.
func unverified() int {
	if onEnvoy() {
		return 503
	}
	return 500
}
