package plan_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// greedyWorld returns a world with an application on ingress, and one on gateway-route, alpha, whose
// relation is older than all others on gateway-route.
func greedyWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(0)
	for seed := uint64(1); w.backends.authorities != nil; seed++ {
		w = newWorld(seed)
	}
	w.requirers = []state.Requirer{{RelationID: 2, Application: "app5", Model: "prod", Name: "app5", Port: 8080, Scheme: "http"}}
	w.routeRequirers = []state.RouteRequirer{{RelationID: 3, Application: "alpha", Hostnames: []string{"alpha.example.net"}}}
	w.backends, w.relation = backends{}, 9
	settle(t, w)
	return w
}

// settle runs hooks and issues certificates until a plan requests nothing more.
func settle(t *testing.T, w *world) plan.Plan {
	t.Helper()
	for range mostHooks {
		before := w.ordered
		s := w.state()
		p := w.make(&s)
		if problem := broken(w, s, p); problem != "" {
			t.Fatal(problem)
		}
		w.hook(s, p, 0)
		for _, o := range w.orders {
			if o.state == state.CertificatePending {
				o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.Add(90*24*time.Hour)
			}
		}
		if before == w.ordered {
			s = w.state()
			p = w.make(&s)
			w.hook(s, p, 0)
			return p
		}
	}
	t.Fatal("there is no end of orders")
	return plan.Plan{}
}

// writes lets an application on gateway-route name other hosts.
func (w *world) writes(application string, hosts ...string) {
	i := slices.IndexFunc(w.routeRequirers, func(r state.RouteRequirer) bool { return r.Application == application })
	w.routeRequirers[i].Hostnames, w.routeRequirers[i].Hostless = hosts, false
}

func namesOf(prefix string, count int) []string {
	var all []string
	for i := range count {
		all = append(all, fmt.Sprintf("%s-%02d.example.net", prefix, i))
	}
	return all
}

// TestOneApplicationSpendsItsOwnShare guards against an earlier bug. An application that named
// thirty hosts, then thirty others, and so on, got 150 certificates issued in five hooks, by an
// authority that counts them for the whole account. Now each application has its own share of
// requests in an hour.
func TestOneApplicationSpendsItsOwnShare(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	before := w.ordered
	var p plan.Plan
	for write := range 5 {
		w.writes("alpha", namesOf(fmt.Sprint("w", write), 30)...)
		p = settle(t, w)
	}
	// alpha.example.net cost nothing: it existed when the unit became the leader.
	if got := w.ordered - before; got != 16 {
		t.Errorf("%d certificates were requested in five hooks", got)
	}
	if text := strings.Join(p.Remarks, "\n"); !strings.Contains(text, "from 13:00 UTC they are requested for w4-00.example.net") {
		t.Errorf("the log says:\n%s", text)
	}
	// An application that arrives now does not wait.
	w.addRoute()
	newcomer := &w.routeRequirers[len(w.routeRequirers)-1]
	newcomer.Waiting = false
	w.writes(newcomer.Application, "new.example.net")
	before = w.ordered
	settle(t, w)
	if got := w.ordered - before; got != 1 || !slices.Contains(w.secureRoutes(), newcomer.Application+` at "new.example.net"`) {
		t.Errorf("%d were requested for who came later, served: %q", got, w.secureRoutes())
	}
	// The next hour brings another share, and no more.
	before = w.ordered
	for minute := range 100 {
		w.now = w.now.Add(time.Minute)
		w.writes("alpha", namesOf(fmt.Sprint("m", minute), 30)...)
		settle(t, w)
	}
	if got := w.ordered - before; got != 16 {
		t.Errorf("%d certificates were requested in the next 100 minutes", got)
	}
}

// TestAChangingNameSpendsItsShare: each way to change a name, on either endpoint, and to change it
// back and forth, is a way to cause certificate requests.
func TestAChangingNameSpendsItsShare(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world, i int){
		"another name each time": func(w *world, i int) { w.writes("alpha", fmt.Sprintf("n%d.example.net", i)) },
		"back and forth":         func(w *world, i int) { w.writes("alpha", fmt.Sprintf("n%d.example.net", i%2)) },
		"there and not there": func(w *world, i int) {
			w.routeRequirers[0].Problem = []string{"", "hostname: is wrong"}[i%2]
		},
		"addresses and not": func(w *world, i int) {
			w.routeRequirers[0].Hostless, w.routeRequirers[0].Namespace = i%2 == 0, "prod"
		},
		"a relation that is made anew": func(w *world, i int) {
			w.routeRequirers[0].RelationID = 100 + i
			w.writes("alpha", fmt.Sprintf("n%d.example.net", i))
		},
		"an ingress by another name": func(w *world, i int) {
			w.requirers[0].Name, w.requirers[0].Foreign = fmt.Sprint("app", i), true
			w.requirers[0].Addresses = []netip.Addr{netip.MustParseAddr("10.1.0.5")}
		},
		"an ingress that comes and goes": func(w *world, i int) {
			w.requirers[0].Problem = []string{"", "port must be from 1 to 65535"}[i%2]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greedyWorld(t)
			w.config.RoutingMode = state.RoutingSubdomain
			settle(t, w)
			before := w.ordered
			for i := range 150 {
				change(w, i)
				settle(t, w)
			}
			if got := w.ordered - before; got < 2 || got > 16 {
				t.Errorf("%d certificates were requested for 150 changes", got)
			}
		})
	}
}

// TestWhatIsNotAnApplicationsDoingDoesNotWait: if an application has spent its share, its
// certificates are still renewed, and requested again when the operator rotates the key, replaces
// the provider, or changes the host.
func TestWhatIsNotAnApplicationsDoingDoesNotWait(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(w *world){
		"renewal":         func(w *world) { w.now = w.now.Add(82 * 24 * time.Hour) },
		"rotation":        func(w *world) { w.keys++; w.key = w.keys },
		"another host":    func(w *world) { w.config.ExternalHostname = "b.example.com" },
		"a lost databag":  func(w *world) { w.orders = nil },
		"another address": func(w *world) { w.addresses = addressesOf("10.43.45.9") },
		"another provider": func(w *world) {
			w.related, w.orders, w.key = false, nil, 0
			s := w.state()
			w.hook(s, plan.Make(s), 0)
			w.related = true
			w.crowd.relations++
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greedyWorld(t)
			// All of them existed before the bounds.
			w.config.HostsPerRelation = 31
			w.writes("alpha", namesOf("live", 24)...)
			w.crowd.allowance = state.Allowance{}
			settle(t, w)
			w.config.HostsPerRelation = 0
			for i := range 20 {
				w.writes("alpha", slices.Concat(namesOf("live", 24), namesOf(fmt.Sprint("more", i), 8))...)
				settle(t, w)
			}
			had := w.secureRoutes()
			if len(had) != 24 {
				t.Fatalf("%d hosts are served: %q", len(had), had)
			}
			s := w.state()
			for range 16 { // It spends the share of this hour, and has no other in the next eleven weeks.
				w.crowd.allowance.Times = map[string][]int64{"alpha": append(w.crowd.allowance.Times["alpha"], s.Now.Unix())}
			}
			before := w.ordered
			happens(w)
			for application := range w.crowd.allowance.Times {
				for i := range w.crowd.allowance.Times[application] {
					w.crowd.allowance.Times[application][i] = w.now.Unix()
				}
			}
			settle(t, w)
			if got := w.ordered - before; name != "another address" && name != "another host" && got != 25 {
				t.Errorf("%d of 25 certificates were requested at once", got)
			}
			if now := w.secureRoutes(); !slices.Equal(had, now) {
				t.Errorf("served before: %q\nand now: %q", had, now)
			}
		})
	}
}

// TestABoundIsNoLoss: a relation keeps the hosts that it has when the bound takes effect, by a
// refresh or by the option, as long as it asks for them, whatever else it asks for. Then the bound
// applies.
func TestABoundIsNoLoss(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.config.HostsPerRelation = 20
	w.writes("alpha", namesOf("live", 20)...)
	settle(t, w)
	for i, step := range []struct {
		bound int
		hosts []string
		want  int
	}{
		{0, namesOf("live", 20), 20},
		{0, slices.Concat(namesOf("front", 9), namesOf("live", 20)), 20}, // Those that are served come first.
		{0, slices.Concat(namesOf("front", 9), namesOf("live", 12)), 12},
		{0, slices.Concat(namesOf("front", 9), namesOf("live", 20)), 12}, // It no longer has what it has given up.
		{0, slices.Concat(namesOf("front", 9), namesOf("live", 7)), 8},
		{0, slices.Concat(namesOf("another", 9), namesOf("live", 7)), 8},
		{12, slices.Concat(namesOf("another", 9), namesOf("live", 7)), 12},
		{5, slices.Concat(namesOf("another", 9), namesOf("live", 7)), 12},
		{5, slices.Concat(namesOf("another", 9), namesOf("live", 1)), 6},
		{5, slices.Concat(namesOf("another", 9), namesOf("live", 7)), 6},
	} {
		w.now = w.now.Add(time.Hour)
		w.config.HostsPerRelation = step.bound
		w.writes("alpha", step.hosts...)
		s := w.state()
		for range 3 {
			s = w.state()
			w.hook(s, w.make(&s), 0)
			for _, o := range w.orders {
				o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.Add(90*24*time.Hour)
			}
		}
		if now := w.secureRoutes(); len(now) != step.want {
			t.Errorf("step %d: %d hosts instead of %d: %q", i, len(now), step.want, now)
		}
	}
}

// TestWhatOthersHaveIsNotWhatOneHad guards against an earlier bug. An application that named the
// hosts of others got all of them, whatever the bound, as soon as another unit became the leader or
// the operator changed the bound: every host with listeners counted as its own.
func TestWhatOthersHaveIsNotWhatOneHad(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(w *world){
		"another leader": func(w *world) { w.crowd.allowance = state.Allowance{} },
		"another bound":  func(w *world) { w.config.HostsPerRelation = 7 },
	} {
		for _, namespace := range []string{"", "elsewhere"} {
			t.Run(name+" "+namespace, func(t *testing.T) {
				t.Parallel()
				w := greedyWorld(t)
				w.config.RoutingMode, w.routeRequirers[0].Namespace = state.RoutingSubdomain, namespace
				var hosts []string
				for i := range 20 {
					r := w.requirers[0]
					r.RelationID, r.Application, r.Name = 20+i, fmt.Sprint("app", 100+i), fmt.Sprint("app", 100+i)
					w.requirers = append(w.requirers, r)
					hosts = append(hosts, r.Label()+".a.example.com")
				}
				settle(t, w)
				w.writes("alpha", hosts...)
				settle(t, w)
				before := w.secureRoutes()
				happens(w)
				settle(t, w)
				if now := w.secureRoutes(); len(before) != 8 || len(now) > 8 {
					t.Errorf("it had %q, and has %q", before, now)
				}
			})
		}
	}
}
