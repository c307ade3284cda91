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

// notOnEnvoy are the stories that are told with Traefik alone, and why. The table in
// docs/reference/controllers.md has them all.
var notOnEnvoy = map[string]string{}

// chooseDataPlane reads the flag. Only the stories that are for the data plane run.
func chooseDataPlane() cluster.DataPlane {
	flag.Parse()
	if onEnvoy() {
		names := []string{}
		for name := range notOnEnvoy {
			names = append(names, "^"+name+"$")
		}
		_ = flag.Set("test.skip", strings.Join(names, "|"))
	}
	return cluster.DataPlane(*dataPlane)
}

func onEnvoy() bool { return cluster.DataPlane(*dataPlane) == cluster.Envoy }

// here is a text that has the address of a Gateway of Traefik's, with that of the
// model's: on Envoy each Gateway has an address of its own.
func (f *fixture) here(text string) string {
	return strings.ReplaceAll(text, "10.43.45.1", f.Address())
}
