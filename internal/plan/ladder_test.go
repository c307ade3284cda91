package plan_test

import (
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestLadder has several things wrong at a time: the status reports the first one that the operator
// can correct, in the order of causes.
func TestLadder(t *testing.T) {
	t.Parallel()
	type change = func(*state.State)
	withoutCertificates := func(s *state.State) { s.Certificates = state.Certificates{} }
	untrusted := func(s *state.State) { s.Cluster = state.Cluster{Forbidden: "list gatewayclasses"} }
	withoutCRDs := func(s *state.State) { s.Cluster = state.Cluster{WithoutGatewayAPI: true} }
	withoutClass := func(s *state.State) { s.Cluster.Classes = nil }
	pendingClass := func(s *state.State) {
		s.Config.GatewayClass = "cilium"
		s.Cluster.Classes[0].Status.Conditions = nil
	}
	readOnly := func(s *state.State) {
		s.Cluster.Refusals = []state.Refusal{{Kind: "Gateway", Name: "gateway", Action: "patch gateways", Permission: true}}
	}
	wrongOption := func(s *state.State) {
		s.Problems = []state.Problem{{Option: state.OptionHSTSMaxAge, Message: "is negative"}}
	}
	withoutHostname := func(s *state.State) {
		s.Config.ExternalHostname, s.Config.RoutingMode = "", state.RoutingSubdomain
	}
	newGateway := func(s *state.State) { s.Cluster.Gateway = nil }
	const certificates = "Certificates relation is needed if enforce-https is enabled. Try `juju integrate gateway:certificates CA`"

	for name, c := range map[string]struct {
		changes []change
		want    string // how the message begins
	}{
		"nothing else is wrong":         {[]change{withoutCertificates}, certificates},
		"deployed without --trust":      {[]change{withoutCertificates, untrusted}, "Insufficient permissions, try: `juju trust gateway --scope=cluster`"},
		"without the Gateway API":       {[]change{withoutCertificates, withoutCRDs}, "Gateway API resources are not installed"},
		"what is needed may be refused": {[]change{withoutCertificates, readOnly}, "Insufficient permissions, try: `juju trust gateway --scope=cluster`"},
		"without a class":               {[]change{withoutCertificates, withoutClass}, "There is no GatewayClass"},
		"a class that has to wait":      {[]change{withoutCertificates, pendingClass}, certificates},
		"the class alone":               {[]change{pendingClass}, "Waiting for a controller to accept gateway class cilium"},
		"without a Gateway":             {[]change{withoutCertificates, newGateway}, certificates},
		"a wrong value":                 {[]change{withoutCertificates, untrusted, wrongOption}, "invalid configuration: hsts-max-age is negative"},
		"a missing value":               {[]change{withoutCertificates, untrusted, withoutHostname}, "external-hostname must be set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := readState(t, "testdata/conditions-odd.in.yaml")
			for _, change := range c.changes {
				change(&s)
			}
			if got := plan.Make(s).Status; !strings.HasPrefix(got.Message, c.want) {
				t.Errorf("status\n got %q\nwant %q…", got.Message, c.want)
			}
		})
	}
}
