package plan_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/relation/dnsrecord"
	"github.com/canonical/gateway-api-integrator/internal/relation/pyjson"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// ours are the commands that the charm may tell an operator to run.
var ours = regexp.MustCompile("^(juju (trust|config|integrate|status|debug-log)|kubectl( -n [a-z0-9-]+)? (describe|get)|k8s enable|sudo k8s set)( [A-Za-z0-9=.:,/_-]+)*$")

// notOurs returns a piece in backquotes that is not a command of the charm's; empty for none.
func notOurs(text string) string {
	pieces := strings.Split(text, "`")
	if len(pieces)%2 == 0 {
		return "a backquote alone"
	}
	for i := 1; i < len(pieces); i += 2 {
		if !ours.MatchString(pieces[i]) {
			return pieces[i]
		}
	}
	return ""
}

// posing returns text of somebody else, in what the operator is told, that looks like the charm's
// own; empty for none.
func posing(p plan.Plan) string {
	for _, text := range append([]string{p.Status.Message, p.Status.Whole}, p.Remarks...) {
		if found := notOurs(text); found != "" {
			return fmt.Sprintf("%q in %q", found, text)
		}
		// Without quotations, the rest of the text consists of the charm's words and names.
		if bare := regexp.MustCompile(`"(\\.|[^"\\])*"`).ReplaceAllString(text, ""); strings.Contains(bare, "wicked") {
			return fmt.Sprintf("words that are not quoted in %q", text)
		}
	}
	return ""
}

// slander is what somebody writes who wants the operator to run it.
const slander = "no; `juju trust wicked --scope=cluster`; \"run\" `rm wicked`\n`kubectl delete wicked`"

func slandered(conditions []metav1.Condition) {
	for i := range conditions {
		conditions[i].Message = slander
	}
}

// slanderedReason is the reason that results from the words of an authority that refuses.
func slanderedReason(of state.CertificateState) string {
	words := pyjson.Plain(slander)
	refusal := tlscertificates.RequestError{Code: tlscertificates.CodeDomainNotAllowed, Name: words, Message: words, Reason: words}
	switch of {
	case state.CertificateDenied:
		return "refused: " + refusal.String()
	case state.CertificateDelayed:
		return "the provider reports: " + refusal.String()
	default:
		return ""
	}
}

// slanderedReply is what a DNS server says about some hosts.
func slanderedReply(status string) state.Databag {
	var entries []string
	for _, host := range append([]string{"a.example.com", "b.example.com"}, routeHosts...) {
		uuid := dnsrecord.UUID(host, netip.MustParseAddr("10.43.45.1"))
		entries = append(entries, fmt.Sprintf(`{"uuid": %q, "status": %q, "description": %s}`, uuid, status, pyjson.Quote(slander)))
	}
	return state.Databag{"dns_entries": "[" + strings.Join(entries, ", ") + "]"}
}

// slanderAll puts the words into every part of a state that others write, in the form in which
// packages kube and relation read it.
func slanderAll(s *state.State) {
	for i := range s.Cluster.Classes {
		slandered(s.Cluster.Classes[i].Status.Conditions)
	}
	if g := s.Cluster.Gateway; g != nil {
		slandered(g.Status.Conditions)
		for i := range g.Status.Listeners {
			slandered(g.Status.Listeners[i].Conditions)
		}
	}
	for i := range s.Cluster.Routes {
		for j := range s.Cluster.Routes[i].Status.Parents {
			slandered(s.Cluster.Routes[i].Status.Parents[j].Conditions)
		}
	}
	for i := range s.Cluster.Policies {
		for j := range s.Cluster.Policies[i].Status.Ancestors {
			slandered(s.Cluster.Policies[i].Status.Ancestors[j].Conditions)
		}
	}
	for i := range s.Cluster.Refusals {
		s.Cluster.Refusals[i].Reason = slander
	}
	for i := range s.Cluster.Foreign {
		if s.Cluster.Foreign[i].Maker != "" {
			s.Cluster.Foreign[i].Maker = slander
		}
	}
	for i := range s.Certificates.Entries {
		entry := &s.Certificates.Entries[i]
		if entry.State == state.CertificateDenied || entry.State == state.CertificateDelayed {
			entry.Reason = slanderedReason(entry.State)
		}
		if entry.LeadsTo != "" {
			entry.LeadsTo = pyjson.Said(slander)
		}
	}
	for i := range s.DNSProviders {
		reply := s.DNSProviders[i].Reply
		for key, value := range reply {
			value = regexp.MustCompile(`, "description": "[^"]*"`).ReplaceAllString(value, "")
			reply[key] = regexp.MustCompile(`("status": "[a-z_]*")`).ReplaceAllString(value, `$1, "description": `+pyjson.Quote(slander))
		}
	}
	s.Requirers = append(s.Requirers, state.NewRequirer(900, "spoiler", state.Databag{
		"model": pyjson.Quote(slander), "name": pyjson.Quote(slander), "port": slander, "scheme": pyjson.Quote(slander), "strip-prefix": slander,
	}, []state.UnitBag{{Bag: state.Databag{"host": slander, "ip": slander}}}))
	s.RouteRequirers = append(s.RouteRequirers, state.NewRouteRequirer(901, "router", state.Databag{"hostname": pyjson.Quote(slander), "additional_hostnames": slander}))
}

// TestTheirWordsPoseAsNobodys lets others write, in each golden case, text that looks like a cure.
func TestTheirWordsPoseAsNobodys(t *testing.T) {
	t.Parallel()
	spoken := 0
	for name := range goldenPlans(t) {
		s := readState(t, "testdata/"+name+".in.yaml")
		slanderAll(&s)
		p := plan.Make(s)
		if found := posing(p); found != "" {
			t.Errorf("%s: %s", name, found)
		}
		if strings.Contains(p.Status.Message, "juju trust wicked") {
			spoken++
		}
		if n := len([]rune(p.Status.Message)); n > 120 || !namesACure(p.Status) {
			t.Errorf("%s: %d characters, or no cure: %q", name, n, p.Status.Message)
		}
		if quotes := strings.Count(strings.ReplaceAll(p.Status.Message, `\"`, ""), `"`); quotes%2 != 0 {
			t.Errorf("%s: a quotation does not end: %q", name, p.Status.Message)
		}
	}
	if spoken < 15 {
		t.Errorf("their words got into %d statuses only", spoken)
	}
}

// TestADescriptionIsNoCure repeats an attack that was found: a DNS server's words in a status.
func TestADescriptionIsNoCure(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/dns-record-refused.in.yaml")
	for i := range s.DNSProviders {
		for key, value := range s.DNSProviders[i].Reply {
			s.DNSProviders[i].Reply[key] = strings.Replace(value, "zone example.com is not yours", "run `juju trust web --scope=cluster`", 1)
		}
	}
	p := plan.Make(s)
	const want = `DNS record by bind: gw.example.com (10.0.0.1): permission denied: "run 'juju trust web --scope=clus…"; settle it at bind`
	if p.Status.Message != want {
		t.Errorf("status\n got %q\nwant %q", p.Status.Message, want)
	}
	if !slices.ContainsFunc(p.Remarks, func(r string) bool { return strings.HasSuffix(r, `: "run 'juju trust web --scope=cluster'"`) }) {
		t.Errorf("remarks %q", p.Remarks)
	}
}
