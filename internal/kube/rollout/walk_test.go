package rollout

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// someThings returns objects of all kinds, as a planner may want them: what they refer to is
// among them.
func someThings(random *rand.Rand) []thing {
	var all []thing
	add := func(kind, name string, o Object) {
		o.Ref = Ref{kind, name}
		if !slices.ContainsFunc(all, func(one thing) bool { return one.Ref == o.Ref }) {
			all = append(all, thing{Object: o, Content: fmt.Sprint(random.Intn(3))})
		}
	}
	one := func(names ...string) string { return names[random.Intn(len(names))] }
	gateway := Object{}
	for _, host := range []string{"a", "b"} {
		secret := one("s1", "s2", "s3")
		add(KindSecret, secret, Object{})
		gateway.Listeners = append(gateway.Listeners, Listener{Name: one("", "", "old-") + host, Port: 443, Host: host, Secrets: []string{secret}})
	}
	gateway.Class = one("class", "class", "other")
	add(KindGateway, "gw", gateway)
	for _, name := range []string{"r1", "r2", "r3"} {
		if random.Intn(4) == 0 {
			continue
		}
		service := one("v1", "v2", "v3", "v4")
		tls := random.Intn(2) == 0
		if tls {
			add(KindConfigMap, "ca", Object{})
			add(KindPolicy, service, Object{Targets: []string{service}})
		}
		add(KindService, service, Object{TLS: tls})
		add(KindEndpointSlice, service+"-ipv4", Object{Service: service})
		add(KindRoute, name, Object{Parents: []string{gateway.Listeners[random.Intn(2)].Name}, Backends: []string{service}})
	}
	return all
}

// TestNothingInUseGoes walks through events in which anything may be desired, refused and observed,
// and looks at what each leaves behind: no live route leads to a Service that was there and has
// gone, nor does what a controller has last seen of it, and the same for the Gateway's Secrets.
// Where two routes lead to a Service and one goes, the Service goes with it; see DESIGN.md.
func TestNothingInUseGoes(t *testing.T) {
	t.Parallel()
	for seed := range int64(150) {
		random := rand.New(rand.NewSource(seed))
		desired := someThings(random)
		c := newCluster(desired)
		seen := map[Ref]thing{} // what the controller has last judged
		for event := range 30 {
			for _, ref := range c.refs() {
				if random.Intn(2) == 0 {
					c.observe(ref)
				}
				if one := c.things[ref]; *one.Observed == one.generation {
					seen[ref] = *one
				}
			}
			if random.Intn(3) == 0 {
				desired = someThings(random)
			}
			var refused []Ref
			for _, ref := range append(c.refs(), Ref{KindSecret, "s1"}, Ref{KindService, "v1"}, Ref{KindPolicy, "v2"}, Ref{KindConfigMap, "ca"}) {
				if random.Intn(12) == 0 {
					refused = append(refused, ref)
				}
			}
			before := maps.Clone(c.things)
			maps.DeleteFunc(seen, func(ref Ref, _ thing) bool { return c.things[ref] == nil })
			steps := c.roll(desired, refused)
			for ref := range before {
				withIt := func(one *thing) bool { return c.things[one.Ref] == nil && one.refersTo(ref) }
				if c.things[ref] != nil || slices.ContainsFunc(slices.Collect(maps.Values(before)), withIt) {
					continue
				}
				if user := c.userOf(ref, seen, desired); user != "" {
					t.Fatalf("seed %d, event %d: %s has gone, and %s\n%s", seed, event, ref, user, strings.Join(steps, "\n"))
				}
			}
		}
	}
}

// userOf returns who would miss an object that has gone; empty for nobody.
func (c *cluster) userOf(gone Ref, seen map[Ref]thing, desired []thing) string {
	for _, ref := range c.refs() {
		live, last := *c.things[ref], seen[ref]
		stays := slices.ContainsFunc(desired, func(one thing) bool { return one.Ref == ref })
		behind := stays && last.generation > 0 && *live.Observed < live.generation
		for _, one := range []thing{live, last} {
			if one.generation == live.generation || behind {
				if one.refersTo(gone) {
					return ref.String() + " refers to it"
				}
			}
		}
	}
	return ""
}

// refersTo reports whether an object needs another while it is served. A listener that goes takes
// its Secret along, so the Gateway as it was seen does not count where the present one has no
// such listener.
func (one thing) refersTo(other Ref) bool {
	switch other.Kind {
	case KindService:
		return one.Kind == KindRoute && slices.Contains(one.Backends, other.Name)
	case KindSecret:
		return one.Kind == KindGateway && slices.ContainsFunc(one.Listeners, func(l Listener) bool { return slices.Contains(l.Secrets, other.Name) })
	case KindPolicy, KindEndpointSlice:
		return false // They go with their Service, which may stay without them.
	default:
		return false
	}
}
