package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/internal/plan"
	"github.com/canonical/gateway-api-integrator/internal/state"
)

// The part of a world about applications that ask for as much as they can.

// A crowd is what such applications did, and what they got.
type crowd struct {
	allowance state.Allowance
	relations int // how many certificates relations there were
	names     int // how many names were invented
	// firsts are when certificates for new names were requested, by relation. greedy is the first
	// relation that had more of them in an hour than it may.
	firsts map[int][]time.Time
	greedy string
}

// crowdOut lets an application on gateway-route name thirty hosts that nobody has named.
func (w *world) crowdOut() {
	if len(w.routeRequirers) == 0 || w.random.IntN(2) > 0 {
		return
	}
	r := &w.routeRequirers[w.random.IntN(len(w.routeRequirers))]
	*r = state.RouteRequirer{RelationID: r.RelationID, Application: r.Application}
	for range 30 {
		w.crowd.names++
		r.Hostnames = append(r.Hostnames, fmt.Sprintf("crowd-%d-%d.example.net", r.RelationID, w.crowd.names))
	}
	slices.Sort(r.Hostnames) // The first hosts need not be named first.
}

// crowded counts the hosts that such applications may have now.
func (w *world) crowded() int {
	count := 0
	for _, r := range w.routeRequirers {
		if len(r.Hostnames) == 30 {
			count += state.DefaultHostsPerRelation
		}
	}
	return count
}

// withinBound returns those of an application's hosts that have listeners if it asks for more than
// it may have, and otherwise all of them.
func withinBound(hosts []string, bound int, listeners map[gatewayv1.SectionName]gatewayv1.Listener) []string {
	if len(hosts) <= bound {
		return hosts
	}
	var all []string
	for _, host := range hosts {
		if listener, ok := listeners[gatewayv1.SectionName("gateway-http-"+strings.ReplaceAll(host, ".", "-"))]; ok && listenerName(listener) == host {
			all = append(all, host)
		}
	}
	if len(all) < bound {
		all = append(all, fmt.Sprintf("%d of %d hosts", len(all), len(hosts))) // It has no listener.
	}
	return all
}

// count looks at the requests in a plan, and counts those for a crowd's names that had none before.
// It does not count what the operator causes (another provider, host or mode), nor requests by a
// unit that has just become the leader and knows nothing.
func (c *crowd) count(w *world, s state.State, p plan.Plan) {
	c.allowance = p.Allowance
	if s.Allowance.For == "" {
		c.firsts = nil
	}
	if p.Relations.Requests == nil || s.Allowance.For != p.Allowance.For {
		return
	}
	if c.firsts == nil {
		c.firsts = map[int][]time.Time{}
	}
	for _, names := range p.Relations.Requests.Create {
		var relation, number int
		if _, err := fmt.Sscanf(names[0], "crowd-%d-%d.example.net", &relation, &number); err != nil {
			continue
		}
		if slices.ContainsFunc(w.orders, func(o *order) bool { return o.hosts[0] == names[0] }) || slices.Contains(s.Allowance.Hosts, names[0]) {
			continue
		}
		c.firsts[relation] = append(c.firsts[relation], w.now)
	}
	for relation, firsts := range c.firsts {
		recent := slices.DeleteFunc(firsts, func(at time.Time) bool { return w.now.Sub(at) >= time.Hour })
		if c.firsts[relation] = recent; len(recent) > state.DefaultCertificatesPerHour {
			c.greedy = fmt.Sprintf("relation %d had %d certificates requested within an hour", relation, len(recent))
		}
	}
}
