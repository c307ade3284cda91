package plan_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestNamesCutToTheSameLabel: a label of a host that is too long is cut, and an application of
// another model can choose a name that equals the result. While each application had a path, both
// were served. When the routing mode changed, it used to be served at the other's host, in the
// other's own route.
func TestNamesCutToTheSameLabel(t *testing.T) {
	t.Parallel()
	name := "shop-of-the-department-for-" + strings.Repeat("very-", 8) + "long-names"
	local := state.Requirer{RelationID: 20, Application: name, Model: "prod", Name: name}
	abroad := state.Requirer{RelationID: 20, Application: "remote-20", Foreign: true, Model: "far", Name: name}
	for who, victim := range map[string]state.Requirer{"of our model": local, "of another model": abroad} {
		for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
			for _, older := range []bool{false, true} {
				w := greedyWorld(t)
				w.routeRequirers, w.config.RoutingMode = nil, mode
				victim.Port, victim.Scheme, victim.HasUnits, victim.Addresses = 8080, "http", true, []netip.Addr{netip.MustParseAddr("10.1.0.20")}
				w.requirers = append(w.requirers, victim)
				settle(t, w)

				evil := victim
				evil.RelationID, evil.Application, evil.Foreign = 30, "remote-30", true
				if older {
					evil.RelationID, evil.Application = 3, "remote-3"
				}
				i := strings.Index(victim.Label(), "-the-")
				evil.Model, evil.Name = victim.Label()[:i], victim.Label()[i+1:]
				evil.Addresses = []netip.Addr{netip.MustParseAddr("10.1.0.30")}
				w.requirers = append(w.requirers, evil)
				if evil.Label() != victim.Label() || evil.Path() == victim.Path() {
					t.Fatalf("labels %q and %q", evil.Label(), victim.Label())
				}
				settle(t, w)
				for _, mode = range []state.RoutingMode{state.RoutingSubdomain, state.RoutingPath, state.RoutingSubdomain} {
					before := w.neighbours()
					if _, served := before.requirers[20]; !served {
						t.Errorf("%s: it is told %q", who, w.urls[20])
					}
					w.config.RoutingMode = mode
					settle(t, w)
					if problem := w.robbed(before); problem != "" {
						t.Errorf("%s, to %s, the other one is older: %t: %s", who, mode, older, problem)
					}
				}
			}
		}
	}
}

// TestWhoWasToldTheSame: the Python charm told two applications the same URL if they asked for it.
// Now the application of our model has it, even if the other is older.
func TestWhoWasToldTheSame(t *testing.T) {
	t.Parallel()
	for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain} {
		w := greedyWorld(t)
		w.routeRequirers, w.config.RoutingMode = nil, mode
		mine := state.Requirer{RelationID: 20, Application: "x-app9", Model: "prod", Name: "x-app9", Port: 8080, Scheme: "http"}
		evil := mine
		evil.RelationID, evil.Application, evil.Foreign, evil.Model, evil.Name = 3, "remote-3", true, "prod-x", "app9"
		evil.HasUnits, evil.Addresses = true, []netip.Addr{netip.MustParseAddr("10.1.0.3")}
		w.requirers = append(w.requirers, mine)
		w.someHooks()
		w.requirers = append(w.requirers, evil)
		w.urls[3] = w.urls[20]
		before := w.neighbours()
		delete(before.requirers, 3)
		w.someHooks()
		if problem := w.robbed(before); problem != "" {
			t.Errorf("%s: %s", mode, problem)
		}
	}
}

// TestBothHadTheirPaths: the Python charm gave each of two applications its path, although their
// hosts would have the same name. Both keep their paths, and only one can have the host.
func TestBothHadTheirPaths(t *testing.T) {
	t.Parallel()
	name := "shop-of-the-department-for-" + strings.Repeat("very-", 8) + "long-names"
	victim := stranger(20, "far", name)
	i := strings.Index(victim.Label(), "-the-")
	evil := stranger(3, victim.Label()[:i], victim.Label()[i+1:])
	w := greedyWorld(t)
	w.routeRequirers, w.requirers = nil, append(w.requirers, evil, victim)
	for _, r := range []state.Requirer{evil, victim} {
		w.urls[r.RelationID] = "https://a.example.com" + r.Path()
	}
	for _, mode := range []state.RoutingMode{state.RoutingPath, state.RoutingSubdomain, state.RoutingPath} {
		w.config.RoutingMode = mode
		before := w.neighbours()
		w.someHooks()
		if problem := w.robbed(before); problem != "" && mode == state.RoutingPath {
			t.Errorf("%s: %s", mode, problem)
		}
	}
	if w.urls[3] == "" {
		t.Errorf("told are %v", w.urls)
	}
}

// TestBothHadTheirPathsInAnOutage: of two that have their paths though their hosts would be called the same,
// one that could not be served for a while was not on record meanwhile, and did not get its path again.
func TestBothHadTheirPathsInAnOutage(t *testing.T) {
	t.Parallel()
	name := "shop-of-the-department-for-" + strings.Repeat("very-", 8) + "long-names"
	victim := stranger(20, "far", name)
	i := strings.Index(victim.Label(), "-the-")
	other := stranger(13, victim.Label()[:i], victim.Label()[i+1:])
	w := greedyWorld(t)
	w.routeRequirers, w.requirers = nil, append(w.requirers, stranger(5, "x", "y"), other, victim)
	for _, r := range []state.Requirer{other, victim} {
		w.urls[r.RelationID] = "https://a.example.com" + r.Path()
	}
	w.someHooks()
	before := w.neighbours()
	w.config.CrossModelNetworks = "-10.66.0.20/32"
	w.someHooks()
	w.remote(5).Model, w.remote(5).Name = "far-shop", strings.TrimPrefix(name, "shop-")
	w.someHooks()
	w.config.CrossModelNetworks = ""
	w.someHooks()
	if problem := w.robbed(before); problem != "" || w.urls[20] == "" || w.urls[5] != "" {
		t.Errorf("told are %v: %s", w.urls, problem)
	}
}
