package plan_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestOneApplicationsTrouble: a problem with the host of one application neither blocks the unit
// while others are served, nor hides the problem of another application. A problem with the host of
// the options concerns all.
func TestOneApplicationsTrouble(t *testing.T) {
	t.Parallel()
	deny := func(s *state.State, host string) {
		for i := range s.Certificates.Entries {
			if one := &s.Certificates.Entries[i]; one.Hosts[0] == host {
				one.State, one.Chain, one.Reason = state.CertificateDenied, "", `refused: domain_not_allowed: "no"`
			}
		}
	}
	spoil := func(s *state.State, relation int, name string) {
		s.Requirers = append(s.Requirers, state.Requirer{RelationID: relation, Application: name, Model: s.Model, Name: name, Problem: "port missing"})
	}
	unrecorded := func(s *state.State, host string) {
		var entries []string
		for _, name := range []string{"web.example.com", "a.example.com"} {
			status := "approved"
			if name == host {
				status = "permission_denied"
			}
			entries = append(entries, fmt.Sprintf(`{"uuid": %q, "status": %q}`, dnsrecord.UUID(name, netip.MustParseAddr("10.43.45.1")), status))
		}
		reply := state.Databag{"dns_entries": "[" + strings.Join(entries, ", ") + "]"}
		s.DNSProviders = []state.DNSProvider{{RelationID: 20, Application: "bind", Reply: reply}}
	}
	const denied = `certificate for a.example.com: refused: domain_not_allowed: "no"; allow it at the provider`
	for name, c := range map[string]struct {
		change  func(*state.State)
		kind    plan.Kind
		whole   string
		remarks []string
	}{
		"one refused host": {
			change: func(s *state.State) { deny(s, "a.example.com") },
			kind:   plan.Active, whole: "2 of 3 applications served; routes: " + denied,
		},
		"and another's trouble": {
			change: func(s *state.State) {
				deny(s, "a.example.com")
				spoil(s, 10, "bad")
			},
			kind: plan.Active, whole: "2 of 4 applications served; routes: " + denied + "; 1 more in the log",
			remarks: []string{"bad (relation 10): not served: port missing"},
		},
		"two refused, and two left out": {
			change: func(s *state.State) {
				s.RouteRequirers = append(s.RouteRequirers, state.RouteRequirer{RelationID: 12, Application: "others", Hostnames: []string{"b.example.com"}})
				s.Certificates.Entries = append(s.Certificates.Entries, state.Certificate{Request: "CSR-3", Hosts: []string{"b.example.com"}})
				deny(s, "a.example.com")
				deny(s, "b.example.com")
				spoil(s, 10, "bad")
				spoil(s, 11, "worse")
			},
			kind: plan.Active, whole: "2 of 6 applications served; routes: " + denied + "; 3 more in the log",
			remarks: []string{
				"bad (relation 10): not served: port missing", "worse (relation 11): not served: port missing",
				`others: Certificate for b.example.com: refused: domain_not_allowed: "no"; allow it at the provider`,
			},
		},
		"the host of the options": {
			change: func(s *state.State) { deny(s, "web.example.com") },
			kind:   plan.Blocked, whole: `Certificate for web.example.com: refused: domain_not_allowed: "no"; allow it at the provider`,
		},
		"nobody else is there": {
			change: func(s *state.State) {
				deny(s, "a.example.com")
				s.Requirers, s.RouteRequirers = nil, s.RouteRequirers[:1]
			},
			kind: plan.Blocked, whole: `Certificate for a.example.com: refused: domain_not_allowed: "no"; allow it at the provider`,
		},
		"a DNS record of one host": {
			change: func(s *state.State) { unrecorded(s, "a.example.com") },
			kind:   plan.Active, whole: "3 of 3 applications served; routes: DNS record by bind: a.example.com (10.43.45.1): permission denied; settle it at bind",
		},
		"and of the host of the options": {
			change: func(s *state.State) { unrecorded(s, "web.example.com") },
			kind:   plan.Blocked, whole: "DNS record by bind: web.example.com (10.43.45.1): permission denied; settle it at bind",
		},
		"who is not served comes before who lacks a record": {
			change: func(s *state.State) {
				unrecorded(s, "a.example.com")
				spoil(s, 10, "bad")
			},
			kind: plan.Active, whole: "3 of 4 applications served; bad: port missing; 1 more in the log",
			remarks: []string{"bad (relation 10): not served: port missing", "routes: DNS record by bind: a.example.com (10.43.45.1): permission denied; settle it at bind"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := readState(t, "testdata/gateway-route-beside-ingress.in.yaml")
			c.change(&s)
			p := plan.Make(s)
			whole := p.Status.Message
			if p.Status.Whole != "" {
				whole = p.Status.Whole
			}
			whole = strings.TrimPrefix(whole, "Gateway addresses: 10.43.45.1; ")
			if p.Status.Kind != c.kind || whole != c.whole {
				t.Errorf("status\n got %s %q\nwant %s %q", p.Status.Kind, whole, c.kind, c.whole)
			}
			remarks := slices.DeleteFunc(p.Remarks, func(r string) bool { return strings.HasPrefix(r, "bind (relation") })
			if diff := cmp.Diff(c.remarks, remarks); diff != "" && len(c.remarks)+len(remarks) > 0 {
				t.Errorf("remarks (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTroublesOfOneApplication: an application that stays where it is, and whose route is refused, has two
// troubles. It is not counted as another application with trouble.
func TestTroublesOfOneApplication(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/mode-switch-to-subdomain-of-another.in.yaml")
	for i := range s.Cluster.Routes {
		if route := &s.Cluster.Routes[i]; route.Name == "gateway-far-shop" {
			accepted := &route.Status.Parents[0].Conditions[0]
			accepted.Status, accepted.Reason = metav1.ConditionFalse, string(gatewayv1.RouteReasonUnsupportedValue)
		}
	}
	got := plan.Make(s).Status
	whole := got.Message
	if got.Whole != "" {
		whole = got.Whole
	}
	if !strings.Contains(whole, "remote-7: route is not accepted") && !strings.Contains(whole, "Route of remote-7 is not accepted") || strings.Contains(whole, "more in the log") {
		t.Errorf("status is %q", whole)
	}
}
