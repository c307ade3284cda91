package plan_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/canonical/gateway-api-integrator/internal/state"
)

// stranger returns an application of another model, at an address that identifies it.
func stranger(relation int, model, name string) state.Requirer {
	return state.Requirer{
		RelationID: relation, Application: fmt.Sprintf("remote-%d", relation), Foreign: true, Model: model, Name: name, Port: 8080, Scheme: "http",
		HasUnits: true, Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 66, 0, byte(relation)})},
	}
}

// remote returns the application of another model on a relation.
func (w *world) remote(relation int) *state.Requirer {
	return &w.requirers[slices.IndexFunc(w.requirers, func(r state.Requirer) bool { return r.RelationID == relation })]
}

// leadsTo returns what the forwarding routes at a host lead to.
func (w *world) leadsTo(host string) []string {
	var all []string
	for _, route := range w.routes {
		for _, parent := range route.Spec.ParentRefs {
			for _, listener := range w.gateway.Spec.Listeners {
				if listener.Name == *parent.SectionName && listenerName(listener) == host && forwards(route) {
					all = append(all, w.behind[string(route.Spec.Rules[0].BackendRefs[0].Name)])
				}
			}
		}
	}
	return all
}

// TestHostOfRoutesOfItsOwn guards against an earlier bug. If each application has a host of its
// own, an application of another model chooses the name of that host. It was then served, by a
// route for all paths, at everything that the routes of the host's owner left over.
func TestHostOfRoutesOfItsOwn(t *testing.T) {
	t.Parallel()
	const host = "far-shop.example.com"
	subdomains := func(w *world) {
		w.config.RoutingMode, w.config.ExternalHostname = state.RoutingSubdomain, "example.com"
	}
	victim := state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{host}}
	for name, before := range map[string]func(*world){
		"it comes": func(w *world) {
			subdomains(w)
			w.someHooks()
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
		},
		"its relation is older": func(w *world) {
			subdomains(w)
			w.someHooks()
			w.requirers = append(w.requirers, stranger(4, "far", "shop"))
		},
		"it had a path": func(w *world) {
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
			w.someHooks()
			subdomains(w)
		},
		"it had the same subdomain": func(w *world) {
			subdomains(w)
			w.config.ExternalHostname = "example.org"
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
			w.someHooks()
			subdomains(w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greedyWorld(t)
			w.routeRequirers = append(w.routeRequirers, victim)
			w.someHooks()
			before(w)
			w.someHooks()
			if got := w.leadsTo(host); len(got) > 0 || !w.told[5] {
				t.Errorf("%s leads to %q; victim is told: %t", host, got, w.told[5])
			}
		})
	}
	// The application that has the host keeps it, whoever names it later, even an application of
	// our model.
	for _, first := range []state.Requirer{stranger(9, "far", "shop"), {RelationID: 9, Application: "shop", Model: "far", Name: "shop", Port: 8080, Scheme: "http"}} {
		w := greedyWorld(t)
		subdomains(w)
		named := victim
		if !first.Foreign {
			first.Model, named.Hostnames = "prod", []string{"prod-shop.example.com"}
			w.routeRequirers = append(w.routeRequirers, named)
		}
		w.requirers = append(w.requirers, first)
		w.someHooks()
		if first.Foreign {
			w.routeRequirers = append(w.routeRequirers, named)
		}
		w.someHooks()
		if got := w.leadsTo(named.Hostnames[0]); len(got) != 1 || !w.told[5] {
			t.Errorf("%s leads to %q", named.Hostnames[0], got)
		}
	}
}

// TestCrowdBesideNoHost guards against an earlier bug. An application whose namespace is unknown
// names one host, and also wants any host. If another host is restricted, it is served at its one
// host only. It did not count as served: any application with an older relation could take its
// listener.
func TestCrowdBesideNoHost(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.config.HostsPerRelation = 32
	w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Foreign: true, Hostless: true, Hostnames: []string{"v.example.com"}})
	w.someHooks()
	if !w.told[5] {
		t.Fatal("it is not served")
	}
	w.writes("alpha", namesOf("crowd", 31)...)
	w.someHooks()
	if !w.told[5] {
		t.Error("it is not served any more")
	}
}

// TestNobodysFault: an application that cannot be served at the moment, for reasons that it did not
// cause, used to lose its place and its host to an older application that asked for them meanwhile.
func TestNobodysFault(t *testing.T) {
	t.Parallel()
	outages := map[string]struct{ begin, end func(*world) }{
		"the provider of certificates is replaced": {
			func(w *world) { w.related, w.orders, w.key = false, nil, 0; w.crowd.relations++ },
			func(w *world) { w.related = true },
		},
		"the Gateway has no address": {
			func(w *world) { w.addresses = nil },
			func(w *world) { w.addresses = addressesOf("10.43.45.1") },
		},
		"all certificates are revoked": {
			func(w *world) {
				for _, o := range w.orders {
					o.state = state.CertificateRevoked
				}
			},
			func(w *world) {
				for _, o := range w.orders {
					o.state, o.from, o.till = state.CertificateIssued, w.now, w.now.AddDate(0, 3, 0)
				}
			},
		},
	}
	for name, outage := range outages {
		for _, hostname := range []string{"a.example.com", ""} {
			t.Run(strings.Join([]string{name, hostname}, " "), func(t *testing.T) {
				t.Parallel()
				w := greedyWorld(t)
				w.config.ExternalHostname = hostname
				w.requirers = append(w.requirers, stranger(7, "far", "evil"), stranger(8, "far", "victim"))
				w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 5, Application: "victim", Namespace: "prod", Hostnames: []string{"v.example.com"}})
				w.someHooks()
				url := w.urls[8]
				if url == "" || !w.told[5] {
					t.Fatalf("served are %v, %v", w.urls, w.told)
				}
				outage.begin(w)
				w.someHooks()
				w.remote(7).Name = "victim"
				w.writes("alpha", "v-example.com")
				w.someHooks()
				outage.end(w)
				w.someHooks()
				if w.urls[8] != url || w.urls[7] != "" || !w.told[5] || w.told[3] {
					t.Errorf("told are %v, %v", w.urls, w.told)
				}
				if got := w.leadsTo(hostname); !slices.Contains(got, "[10.66.0.8]") || slices.Contains(got, "[10.66.0.7]") {
					t.Errorf("served are %q", got)
				}
				// An application that leaves, leaves its place to others.
				w.requirers = slices.DeleteFunc(w.requirers, func(r state.Requirer) bool { return r.RelationID == 8 })
				w.routeRequirers = slices.DeleteFunc(w.routeRequirers, func(r state.RouteRequirer) bool { return r.RelationID == 5 })
				w.someHooks()
				if w.urls[7] != url || !w.told[3] || len(w.record.Held) != 1 {
					t.Errorf("told are %v, %v; on record is %v", w.urls, w.told, w.record.Held)
				}
			})
		}
	}
}

// TestPlaceOutlivesTheAuthorities: an application that speaks TLS cannot be served without
// authorities. An older relation that asked for its path meanwhile used to get it.
func TestPlaceOutlivesTheAuthorities(t *testing.T) {
	t.Parallel()
	w := greedyWorld(t)
	w.backends.authorities, w.backends.features = []string{"CA-1\n"}, verifiesOne
	victim := stranger(8, "far", "victim")
	victim.Scheme, victim.Hosts = "https", []string{"victim.far"}
	victim.Units = []state.Unit{{Host: "victim.far", Address: victim.Addresses[0]}}
	w.requirers = append(w.requirers, stranger(7, "far", "evil"), victim)
	w.someHooks()
	url := w.urls[8]
	w.remote(7).Name = "victim"
	w.backends.authorities = nil
	w.someHooks()
	if w.urls[7]+w.urls[8] != "" {
		t.Errorf("told are %v", w.urls)
	}
	w.backends.authorities = []string{"CA-2\n"}
	w.someHooks()
	if w.urls[8] != url || url == "" || w.urls[7] != "" {
		t.Errorf("told are %v", w.urls)
	}
	w.remote(8).Problem = "port is missing"
	w.someHooks()
	if w.urls[7] != url || w.urls[8] != "" {
		t.Errorf("who asks for nothing that can be served keeps it: told are %v", w.urls)
	}
}
