package plan_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// gatewayOf returns the Gateway of a plan.
func gatewayOf(t *testing.T, p plan.Plan) *gatewayv1.Gateway {
	t.Helper()
	for _, object := range p.Objects {
		if gateway, ok := object.(*gatewayv1.Gateway); ok {
			return gateway
		}
	}
	t.Fatalf("no Gateway is planned: %s", p.Status.Message)
	return nil
}

// TestClassOfAnEditorIsNotUsed lets somebody move the Gateway to another controller, which no
// option asks for. The Gateway does not go there, even if that person deletes it.
func TestClassOfAnEditorIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(1)
	s := w.state()
	p := plan.Make(s)
	w.hook(s, p, 0)
	accepted := []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue, ObservedGeneration: 1}}
	edits := map[string]func(s *state.State){
		"none":    func(*state.State) {},
		"moved":   func(s *state.State) { s.Cluster.Gateway.Spec.GatewayClassName = "shared" },
		"deleted": func(s *state.State) { s.Cluster.Gateway = nil },
	}
	for name, edit := range edits {
		s := w.state()
		s.Cluster.Classes = append(s.Cluster.Classes, gatewayv1.GatewayClass{
			ObjectMeta: metav1.ObjectMeta{Name: "shared", Generation: 1}, Status: gatewayv1.GatewayClassStatus{Conditions: accepted},
		})
		edit(&s)
		p := plan.Make(s)
		if got := gatewayOf(t, p).Spec.GatewayClassName; got != "cilium" {
			t.Errorf("%s: the Gateway is of class %s", name, got)
		}
		if got := p.Record(s).Class; got != "cilium" {
			t.Errorf("%s: class %s is on record", name, got)
		}
	}
}

// TestRecordOfWhatIsLeftAlone: the record forgets nothing that a plan does not touch, and nothing
// that the API server has refused to replace.
func TestRecordOfWhatIsLeftAlone(t *testing.T) {
	t.Parallel()
	before := &state.Record{Settings: "s", Told: "t", Class: "c", Given: []string{"g"}}
	if got := (plan.Plan{KeepObjects: true}).Record(state.State{Record: before}); got.Settings != "s" || got.Told != "t" || got.Class != "c" || len(got.Given) != 1 {
		t.Errorf("with objects kept, on record is %+v", got)
	}
	s := state.State{Cluster: state.Cluster{Served: []state.Served{{Chain: "live"}}, Refused: []string{"x"}}}
	if got := (plan.Plan{}).Record(s); len(got.Given) != 1 || got.Given[0] != state.ChainDigest("live") {
		t.Errorf("with a Secret refused, on record is %+v", got)
	}
	refreshed := readState(t, "testdata/ip-certificate-issued.in.yaml")
	refreshed.Cluster.Refused = []string{"x"}
	if got := plan.Make(refreshed).Record(refreshed); len(got.Given) != 1 {
		t.Errorf("what is served and is to be is on record as %q", got.Given)
	}
	if s.Cluster.Refused = nil; len((plan.Plan{}).Record(s).Given) != 0 {
		t.Error("what is not planned stays on record")
	}
}

// TestRecordOfTheHostless: an application that may not have the listener for any host, since that
// would open the hosts of others, is not on record with it.
func TestRecordOfTheHostless(t *testing.T) {
	t.Parallel()
	s := readState(t, "testdata/gateway-route-hostless-unknown.in.yaml")
	s.RouteRequirers[0].Hostnames = []string{"a.example.com"}
	if got, want := plan.Make(s).Held, map[int]string{8: state.HeldSum("a.example.com")}; got[8] != want[8] {
		t.Errorf("on record is %v, want %v", got, want)
	}
}

// TestRecordOfTheDenied: an application of another model that cannot be served is not on record with
// its host while nothing tells where it was served, and another writes routes of its own there.
func TestRecordOfTheDenied(t *testing.T) {
	t.Parallel()
	for namedToo, want := range map[bool]string{false: state.HeldSum(stranger(11, "far", "shop").Path()), true: ""} {
		s := readState(t, "testdata/subdomain-two-applications.in.yaml")
		s.Cluster.Gateway, s.Cluster.Routes = nil, nil
		s.Requirers = append(s.Requirers, stranger(11, "far", "shop"))
		s.Requirers[2].Holds, s.Requirers[2].Scheme = true, "https"
		if namedToo {
			s.RouteRequirers = []state.RouteRequirer{{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{"far-shop.example.com"}, Told: true}}
		}
		if got := plan.Make(s).Held[11]; got != want {
			t.Errorf("another names its host: %t: on record is %q, want %q", namedToo, got, want)
		}
	}
}

// TestRecordIsBounded: of more than a thousand applications, the record loses the newest.
func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1000, 1001} {
		s := readState(t, "testdata/gateway-route-enforced-without-certificates.in.yaml")
		s.RouteRequirers, s.Record = nil, &state.Record{Held: map[int]string{}}
		for i := range count {
			s.RouteRequirers = append(s.RouteRequirers, state.RouteRequirer{RelationID: 10 + i, Application: "routes", Hostnames: []string{"a.example.com"}})
			s.Record.Held[10+i] = "sum"
		}
		if got := plan.Make(s).Held; len(got) != 1000 || got[10] == "" || got[1009] == "" {
			t.Errorf("of %d applications, %d are on record", count, len(got))
		}
	}
}
