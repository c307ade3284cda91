package plan_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// A staging is an application that speaks TLS, its live route, and a controller that needs a
// Service to be named first.
type staging struct {
	t     *testing.T
	state state.State
	plan  plan.Plan
}

const (
	stagedRoute = "gateway-prod-vault"
	stagedHTTPS = "gateway-https-web-example-com"
)

func newStaging(t *testing.T) *staging {
	t.Helper()
	g := &staging{t: t, state: readState(t, "testdata/https-backend-units-accepted.in.yaml")}
	g.state.Cluster.Routes = g.state.Cluster.Routes[:1]
	return g
}

// units sets the units of the application, each with a host of its own.
func (g *staging) units(numbers ...int) {
	r := &g.state.Requirers[0]
	r.Units, r.Hosts = nil, nil
	for _, n := range numbers {
		host := fmt.Sprintf("vault-%d.example.net", n)
		r.Hosts = append(r.Hosts, host)
		r.Units = append(r.Units, state.Unit{Number: n, Host: host, Address: netip.AddrFrom4([4]byte{10, 1, 1, byte(n)})})
	}
}

// share sets one host for all units, so that they share a Service.
func (g *staging) share() {
	r := &g.state.Requirers[0]
	r.Hosts = []string{"vault.example.net"}
	for i := range r.Units {
		r.Units[i].Host = r.Hosts[0]
	}
}

// hook plans, and writes the plan. It returns what the route leads to, such as "0:1 1:0 all:0".
func (g *staging) hook() string {
	g.plan = plan.Make(g.state)
	g.state.Cluster.TLSServices = nil
	for _, object := range g.plan.Objects {
		if object.GetObjectKind().GroupVersionKind().Kind == "Service" {
			g.state.Cluster.TLSServices = append(g.state.Cluster.TLSServices, object.GetName())
		}
	}
	route := g.planned()
	if route == nil {
		g.t.Fatalf("there is no route %s, but %s", stagedRoute, render(g.t, g.plan))
	}
	refs := route.Spec.Rules[0].BackendRefs
	for _, ref := range refs { // The Services that it leads to stay.
		if !slices.Contains(g.state.Cluster.TLSServices, string(ref.Name)) {
			g.state.Cluster.TLSServices = append(g.state.Cluster.TLSServices, string(ref.Name))
		}
	}
	live := *route.DeepCopy()
	live.Generation = 1
	if before := g.live(); before != nil {
		live.Generation, live.Status = before.Generation, before.Status
		if text(before.Spec.Rules[0].BackendRefs) != text(refs) {
			live.Generation++
		}
		*before = live
	} else {
		g.state.Cluster.Routes = append(g.state.Cluster.Routes, live)
	}
	return text(refs)
}

func (g *staging) planned() *gatewayv1.HTTPRoute {
	for _, object := range g.plan.Objects {
		if route, is := object.(*gatewayv1.HTTPRoute); is && route.Name == stagedRoute {
			return route
		}
	}
	return nil
}

func (g *staging) live() *gatewayv1.HTTPRoute {
	i := slices.IndexFunc(g.state.Cluster.Routes, func(route gatewayv1.HTTPRoute) bool { return route.Name == stagedRoute })
	if i < 0 {
		return nil
	}
	return &g.state.Cluster.Routes[i]
}

// judge makes the controller judge the route as it is.
func (g *staging) judge() {
	live := g.live()
	live.Status.Parents = []gatewayv1.RouteParentStatus{{
		ControllerName: g.state.Cluster.Classes[0].Spec.ControllerName,
		ParentRef:      gatewayv1.ParentReference{Name: "gateway", SectionName: ptr.To[gatewayv1.SectionName](stagedHTTPS)},
		Conditions:     judged("Accepted", live.Generation),
	}}
}

// text shows references as unit:weight.
func text(refs []gatewayv1.HTTPBackendRef) string {
	var all []string
	for _, ref := range refs {
		name := strings.Trim(strings.TrimSuffix(strings.TrimPrefix(string(ref.Name), "gateway-vault"), "service"), "-")
		if name == "" {
			name = "all"
		}
		all = append(all, fmt.Sprintf("%s:%d", name, ptr.Deref(ref.Weight, 1)))
	}
	return strings.Join(all, " ")
}

func (g *staging) step(what, want string, unready bool) {
	g.t.Helper()
	if got := g.hook(); got != want {
		g.t.Errorf("%s: it leads to %s, not %s", what, got, want)
	}
	if got := slices.Contains(g.plan.Unready, stagedRoute); got != unready {
		g.t.Errorf("%s: it is not ready: %t", what, got)
	}
}

// TestStages moves a route in every possible way from some Services to others: no Service gets
// requests that the controller has not seen before, and none is removed that may still get some.
func TestStages(t *testing.T) {
	t.Parallel()
	g := newStaging(t)
	g.units(0)
	g.step("new", "0:1", false)
	g.judge()
	g.units(0, 1)
	g.step("a unit comes", "0:1 1:0", true)
	g.step("it is not judged yet", "0:1 1:0", true)
	g.judge()
	g.step("it is", "0:1 1:1", false)
	g.units(1)
	g.step("a unit goes before that is judged", "1:1 0:0", false)
	g.step("that is not judged yet", "1:1 0:0", false)
	g.judge()
	g.step("it is", "1:1", false)
	g.judge()
	g.units(2, 3)
	g.step("all are others", "2:0 3:0 1:1", true)
	g.judge()
	g.step("they are ready", "2:1 3:1 1:0", false)
	g.judge()
	g.units(2, 3)
	g.share()
	g.step("they share one", "all:0 2:1 3:1", true)
	g.judge()
	g.step("it is ready", "all:1 2:0 3:0", false)
	g.units(2, 3)
	g.step("and back, before that is judged", "2:0 3:0 all:1", true)
	g.judge()
	g.step("they are ready", "2:1 3:1 all:0", false)
	g.judge()
	g.step("the end", "2:1 3:1", false)
}

// TestStagesNotTaken: a route changes at once if stages would gain nothing, or lose something.
func TestStagesNotTaken(t *testing.T) {
	t.Parallel()
	many := make([]int, 16)
	for i := range many {
		many[i] = i + 10
	}
	for name, c := range map[string]struct {
		before, after []int
		change        func(*staging)
		want          string
	}{
		"another controller": {[]int{0}, []int{0, 1}, func(g *staging) { g.state.Cluster.Classes[0].Spec.ControllerName = "traefik.io/gateway-controller" }, "0:1 1:1"},
		"nobody serves":      {[]int{0}, []int{1}, func(g *staging) { g.live().Spec.Rules[0].BackendRefs[0].Weight = ptr.To[int32](0) }, "1:1"},
		"it was led away":    {[]int{0}, []int{0, 1}, func(g *staging) { g.live().Spec.Rules[0].BackendRefs[0].Name = "somebodys" }, "0:1 1:1"},
		"to another model":   {[]int{0}, []int{0, 1}, func(g *staging) { g.live().Spec.Rules[0].BackendRefs[0].Namespace = ptr.To[gatewayv1.Namespace]("far") }, "0:1 1:1"},
		"to another port":    {[]int{0}, []int{0, 1}, func(g *staging) { g.state.Requirers[0].Port = 9443 }, "0:1 1:1"},
		"it spoke in clear":  {[]int{0}, []int{0, 1}, func(g *staging) { g.state.Cluster.TLSServices = nil }, "0:1 1:1"},
		"too many":           {[]int{0}, many, func(*staging) {}, "10:1 11:1 12:1 13:1 14:1 15:1 16:1 17:1 18:1 19:1 20:1 21:1 22:1 23:1 24:1 25:1"},
	} {
		g := newStaging(t)
		g.units(c.before...)
		g.step(name, "0:1", false)
		g.judge()
		g.units(c.after...)
		c.change(g)
		g.step(name, c.want, false)
	}
}

// TestStagesAsWritten: stages do not depend on how the API server lists the route, or on whether it
// has written out that a Service has weight 1.
func TestStagesAsWritten(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*staging){
		"the route comes first":    func(g *staging) { slices.Reverse(g.state.Cluster.Routes) },
		"no weight is written out": func(g *staging) { g.live().Spec.Rules[0].BackendRefs[0].Weight = nil },
	} {
		g := newStaging(t)
		g.units(0)
		g.step(name, "0:1", false)
		g.judge()
		g.units(0, 1)
		change(g)
		g.step(name, "0:1 1:0", true)
	}
}

// TestStagesOfAny moves at random from some units to others, with a controller that judges now and
// then.
func TestStagesOfAny(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	g := newStaging(t)
	g.units(0)
	before, seen := g.hook(), "0:1" // what was written last, and judged last
	for range 500 {
		switch random.IntN(4) {
		case 0:
			g.units(random.Perm(6)[:1+random.IntN(5)]...)
		case 1:
			g.share()
		}
		if random.IntN(2) == 0 {
			g.judge()
			seen = before
		}
		now := g.hook()
		weights := map[string]string{}
		for _, part := range strings.Fields(now) {
			unit, weight, _ := strings.Cut(part, ":")
			weights[unit] = weight
			if weight == "1" && !strings.Contains(" "+before, " "+part) && !strings.Contains(" "+seen, " "+unit+":") {
				t.Fatalf("from %s, of which %s is judged, to %s: %s was not shown", before, seen, now, unit)
			}
		}
		if !strings.Contains(now, ":1") {
			t.Fatalf("from %s to %s: nobody serves", before, now)
		}
		for _, part := range strings.Fields(before) {
			if unit, weight, _ := strings.Cut(part, ":"); weight == "1" && weights[unit] == "" {
				t.Fatalf("from %s to %s: %s went at once", before, now, unit)
			}
		}
		before = now
	}
	g.units(0, 1)
	for range 4 {
		g.judge()
		g.hook()
	}
	g.step("the end", "0:1 1:1", false)
}
