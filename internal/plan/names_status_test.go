package plan_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestLongNamesLeaveRoom: an application of another model has a name of 39 characters, and hosts
// may be longer. The status still says what is wrong and what to do about it; the log has the whole
// names.
func TestLongNamesLeaveRoom(t *testing.T) {
	t.Parallel()
	const alias, other = "remote-0123456789abcdef0123456789abcdef", "remote-fedcba9876543210fedcba9876543210"
	abroad := func(relation int, alias, model string) state.Requirer {
		return state.Requirer{RelationID: relation, Application: alias, Foreign: true, Model: model, Name: "shop", Port: 8080, Scheme: "https"}
	}
	for name, c := range map[string]struct {
		change func(*state.State)
		want   string
	}{
		"beside one that is served": {
			func(s *state.State) { s.Requirers = append(s.Requirers, abroad(9, alias, "staging")) },
			"1 of 2 applications served; remote-0123456…89abcdef: no CA for scheme https; `juju integrate gateway:receive-ca-cert CA`",
		},
		"alone": {
			func(s *state.State) { s.Requirers = []state.Requirer{abroad(9, alias, "staging")} },
			"Validation of ingress relation data failed. remote-0123456…89abcdef: no CA…; `juju integrate gateway:receive-ca-cert CA`",
		},
		"two that wait": {
			func(s *state.State) {
				s.Requirers = []state.Requirer{{RelationID: 8, Application: alias, Waiting: true}, {RelationID: 9, Application: other, Waiting: true}, {RelationID: 10, Application: "blog", Waiting: true}}
			},
			"Waiting for ingress relation data from remote-0123456…9abcdef, remote-fedcba9…6543210, blog",
		},
		"a host": {
			func(s *state.State) {
				s.Config.ExternalHostname = "a-rather-long-name-of-a-host.department.example.com"
				s.Certificates.Entries[0].Hosts = []string{s.Config.ExternalHostname}
				s.Cluster.Gateway.Status.Listeners[1].Name = "gateway-https-a-rather-long-name-of-a-host-department-example-com"
				s.Cluster.Gateway.Status.Listeners[1].Conditions[1] = metav1.Condition{
					Type: "ResolvedRefs", Status: metav1.ConditionFalse, Reason: "InvalidCertificateRef", Message: "not found",
				}
			},
			"HTTPS listener of a-rather-long-…mple.com cannot use its Secret: \"not found\"; see `kubectl -n prod describe gateway`",
		},
		"a command keeps its names": {
			func(s *state.State) {
				s.Application, s.Cluster = "gateway-api-integrator-of-the-public-zone", state.Cluster{Forbidden: "list gateways"}
			},
			"Insufficient permissions, try: `juju trust gateway-api-integrator-of-the-public-zone --scope=cluster`",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := readState(t, "testdata/conditions-odd.in.yaml")
			c.change(&s)
			got := plan.Make(s).Status
			if got.Message != c.want {
				t.Errorf("status\n got %q\nwant %q", got.Message, c.want)
			}
			if strings.Contains(got.Message, "…") && strings.Contains(got.Whole, "…") {
				t.Errorf("the log has %q", got.Whole)
			}
		})
	}
}

// TestTheirWordsAreNoCure: somebody who may write a reason cannot make it look like a command of
// ours.
func TestTheirWordsAreNoCure(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/certificate-denied.in.yaml")
	s.Certificates.Entries[0].Reason = "no; try `juju trust evil --scope=cluster`; and more."
	check := func(want string) {
		t.Helper()
		if got := plan.Make(s).Status.Message; got != want {
			t.Errorf("status\n got %q\nwant %q", got, want)
		}
	}
	check("Certificate for web.example.com: no, try 'juju trust evil --scope=cluster', and more; allow it at the provider")
	s.Cluster.Foreign = []state.Foreign{{Kind: "Gateway", Name: "gateway", Maker: "kubectl; `juju trust evil`"}}
	check("Gateway gateway was made by \"kubectl, 'juju trust evil'\"; delete it, or deploy the charm under another name")
}

// TestTheirSentenceEnds: words of somebody else end as they do, unless ours follow them.
func TestTheirSentenceEnds(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/certificate-early.in.yaml")
	s.Certificates.Entries[0].Reason = "It is not open."
	if got := plan.Make(s).Status.Message; !strings.HasSuffix(got, ": It is not open.") {
		t.Errorf("status %q", got)
	}
}
