package plan_test

import (
	"slices"
	"strings"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// TestNamesOfSecretsCollide guards against an earlier bug. Names are cut, and an application may
// name a host whose Secret has the name of another's, or find two hosts that are cut to the same
// name. From then on, two Secrets of one name ended each hook with an error. Now each host has its
// own, and a host that is served keeps its Secret.
func TestNamesOfSecretsCollide(t *testing.T) {
	t.Parallel()
	const prefix = "gateway-secret-"
	cut := func(host string) string { return strings.TrimPrefix(state.BoundedName(prefix+host, 63), prefix) }
	const first, alike = "a-rather-long-name-of-a-host.department-42335.example.net", "a-rather-long-name-of-a-host.department-48680.example.net"
	if cut(first) != cut(alike) {
		t.Fatalf("%s and %s are cut to different names", first, alike)
	}
	hashed := func(host string) string {
		return strings.TrimPrefix(state.BoundedName(prefix+cut(host)+"-"+state.ShortHash("gateway/"+host), 63), prefix)
	}
	instead := hashed(first)
	for name, evil := range map[string][]string{
		"the name of its Secret":              {cut(first)},
		"the same hash":                       {alike},
		"both":                                {alike, cut(first)},
		"the name that it would have instead": {instead},
		"the same hash, and the name that it has instead": {hashed(alike), alike},
		"its names, one after the other, and itself last": {cut(first), instead, first},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := greedyWorld(t)
			w.routeRequirers = append(w.routeRequirers, state.RouteRequirer{RelationID: 9, Application: "victim", Hostnames: []string{first}})
			settle(t, w)
			had := secretOfHost(w, first)
			w.writes("alpha", evil...) // Its relation is older.
			settle(t, w)
			if got := secretOfHost(w, first); had == "" || got != had {
				t.Errorf("the Secret of %s is called %q, not %q any more", first, got, had)
			}
			all := append([]string{first}, evil...)
			for _, host := range all {
				if !strings.Contains(string(w.secrets[secretOfHost(w, host)]), host) {
					t.Errorf("%s is served with %q", host, w.secrets[secretOfHost(w, host)])
				}
			}
			// They are served by what is in these Secrets until there are certificates for another key.
			w.keys++
			w.key = w.keys
			w.aHook()
			for _, host := range all {
				if secretOfHost(w, host) == "" {
					t.Errorf("%s is not served over HTTPS while the key is new", host)
				}
			}
			settle(t, w)
			slices.Reverse(evil)
			w.writes("alpha", evil...)
			settle(t, w)
			w.writes("alpha", "alpha.example.net")
			settle(t, w)
			if got := secretOfHost(w, first); got != had {
				t.Errorf("the Secret of %s is called %q, not %q, when its neighbour has gone", first, got, had)
			}
		})
	}
}

// secretOfHost returns the Secret that a host's listener refers to.
func secretOfHost(w *world, host string) string {
	for _, listener := range w.gateway.Spec.Listeners {
		if listenerName(listener) == host && listener.TLS != nil {
			return string(listener.TLS.CertificateRefs[0].Name)
		}
	}
	return ""
}

// TestHostsNamedAsAddresses guards against an earlier bug. The HTTPS listener for any host is named
// after an address of the Gateway. A host with the same label led to a Gateway with two listeners
// of one name, which the API server refuses: nothing could be changed any more.
func TestHostsNamedAsAddresses(t *testing.T) {
	t.Parallel()
	for address, hosts := range map[string][]string{
		"10.43.45.1":  {"10.43-45-1", "10-43.45-1", "10-43-45-1"},
		"2001:db8::1": {"2001-0db8-0000-0000-0000-0000-0000-0001", "2001.0db8.0000.0000.0000.0000.0000-0001"},
	} {
		for _, host := range hosts {
			if normal, err := state.NormalizeHostname(host); err != nil || normal != host {
				t.Errorf("%s is no host: %v", host, err)
			}
			w := greedyWorld(t)
			w.addresses, w.config.ExternalHostname = addressesOf(address), ""
			settle(t, w)
			w.writes("alpha", host)
			p := settle(t, w)
			if want := "alpha: the listener of "; !strings.Contains(p.Status.Whole, want) {
				t.Errorf("%s: status %q", host, p.Status.Whole)
			}
			w.writes("alpha", host+".example.net")
			settle(t, w)
			if got := w.secureRoutes(); len(got) != 1 {
				t.Errorf("served: %q", got)
			}
		}
	}
	// An address of six would be written in another way in the name of a listener.
	w := greedyWorld(t)
	w.writes("alpha", "fd00-1-2-3-4-5-6-7")
	settle(t, w)
	if got := w.secureRoutes(); len(got) != 1 || !w.told[3] {
		t.Errorf("served: %q", got)
	}
}

// TestNamesOfListenersAreCutAlike guards against an earlier bug. The names of the listeners of a
// very long host are cut, and an application may name a host whose listener has the name that
// results. A Gateway cannot have two listeners of one name: the API server refused it, and nothing
// could be changed any more.
func TestNamesOfListenersAreCutAlike(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("abcdefghij.", 22) + "x.example"
	for _, protocol := range []string{"http", "https"} {
		w := greedyWorld(t)
		w.config.ExternalHostname = long
		settle(t, w)
		prefix := "gateway-" + protocol + "-"
		cut := strings.TrimPrefix(state.BoundedName(prefix+strings.ReplaceAll(long, ".", "-"), 253), prefix)
		evil := strings.ReplaceAll(cut, "abcdefghij-", "abcdefghij.")
		if normal, err := state.NormalizeHostname(evil); err != nil || normal != evil {
			t.Fatalf("%s is no host: %v", evil, err)
		}
		w.writes("alpha", evil)
		settle(t, w)
		seen := map[string]bool{}
		for _, listener := range w.gateway.Spec.Listeners {
			if seen[string(listener.Name)] {
				t.Errorf("two listeners are called %s", listener.Name)
			}
			seen[string(listener.Name)] = true
		}
		if got := w.urls[2]; got != "https://"+long+"/prod-app5" || w.told[3] {
			t.Errorf("app5 is told %q, alpha: %t", got, w.told[3])
		}
	}
}

// TestARefusedSecretOfTheSecond: if the API server refuses to create a Secret, the charm does not
// try yet another name, which would delay the other hosts.
func TestARefusedSecretOfTheSecond(t *testing.T) {
	t.Parallel()
	const first, alike = "a-rather-long-name-of-a-host.department-42335.example.net", "a-rather-long-name-of-a-host.department-48680.example.net"
	w := greedyWorld(t)
	w.writes("alpha", first, alike)
	settle(t, w)
	had := map[string]bool{}
	for name := range w.secrets {
		had[name] = true
	}
	refused := secretOfHost(w, alike)
	s := w.state()
	s.Cluster.Refused = []string{refused}
	s.Cluster.Served = slices.DeleteFunc(s.Cluster.Served, func(one state.Served) bool { return one.Secret == refused })
	for i := range s.Cluster.Gateway.Spec.Listeners {
		if listener := &s.Cluster.Gateway.Spec.Listeners[i]; listenerName(*listener) == alike {
			listener.TLS = nil
		}
	}
	for _, object := range plan.Make(s).Objects {
		if _, ok := secretData(object); ok && (!had[object.GetName()] || object.GetName() == refused) {
			t.Errorf("Secret %s is tried", object.GetName())
		}
	}
	if !strings.Contains(refused, "-") || len(had) != 3 {
		t.Errorf("the Secrets were %v", had)
	}
}

// TestComesBack: who has asked for nothing that can be served for a while has lost the names of its listeners,
// and does not get them from who has them by then.
func TestComesBack(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]state.RouteRequirer{"a problem": {Problem: "hostname: is wrong"}, "nothing is written": {Waiting: true}} {
		for host, mode := range map[string]state.RoutingMode{"v.example.com": state.RoutingPath, "far-shop.v.example.com": state.RoutingSubdomain} {
			w := greedyWorld(t)
			evil := evilRoutes(strings.Replace(host, ".", "-", 1))
			w.config.RoutingMode, w.config.ExternalHostname = mode, "w.example.com"
			w.routeRequirers = append(w.routeRequirers, evil)
			w.someHooks()
			gone.RelationID, gone.Application = evil.RelationID, evil.Application
			w.routeRequirers[1] = gone
			w.someHooks()
			w.config.ExternalHostname = "v.example.com"
			w.requirers = append(w.requirers, stranger(9, "far", "shop"))
			w.someHooks()
			w.someHooks()
			before := w.gateway.Spec.Listeners
			w.routeRequirers[1] = evil
			w.someHooks()
			for _, l := range before {
				kept := func(other gatewayv1.Listener) bool {
					return other.Name == l.Name && listenerName(other) == listenerName(l)
				}
				if !slices.ContainsFunc(w.gateway.Spec.Listeners, kept) || w.told[4] {
					t.Errorf("%s, %s: there is no listener %s for %s any more", name, mode, l.Name, listenerName(l))
				}
			}
		}
	}
}
