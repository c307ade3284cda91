package charm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// withRoutes relates an application that writes routes of its own and a DNS server. It
// gives what counts the writes to each relation.
func (w *world) withRoutes() func() map[string]int {
	w.relations["gateway-route"], w.relations["dns-record"] = []string{"gateway-route:3"}, []string{"dns-record:4"}
	w.remotes["gateway-route:3"], w.remotes["dns-record:4"] = "routes", "bind"
	w.bags["gateway-route:3"] = map[string]map[string]string{
		own: {}, "routes": {"hostname": `"a.example.com"`, "additional_hostnames": `[]`},
	}
	w.bags["dns-record:4"] = map[string]map[string]string{own: {}, "bind": {}}
	written := map[string]int{}
	w.before = func(call gocharm.Call) error {
		if call.Tool == "relation-set" {
			written[call.Args[1]]++
		}
		return nil
	}
	return func() map[string]int {
		counted := written
		written = map[string]int{}
		return counted
	}
}

// quiet runs hooks until the controller has caught up.
func (w *world) quiet() {
	for range 2 {
		w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
		w.control()
	}
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
}

func TestRoutesAndRecordsArePublishedOnce(t *testing.T) {
	t.Parallel()
	w := serving(t)
	written := w.withRoutes()
	w.quiet()
	if diff := cmp.Diff(map[string]int{"gateway-route:3": 1, "dns-record:4": 1}, written()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"gateway_address": `"10.0.0.9"`, "gateway_model": `"prod"`, "gateway_name": `"gw"`, "hsts_max_age": "null", "https_mode": `"disabled"`,
	}
	if diff := cmp.Diff(want, w.bags["gateway-route:3"][own]); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	records := w.bags["dns-record:4"][own]["dns_entries"]
	for _, host := range []string{"a.example.com", "web.example.com"} {
		if !strings.Contains(records, `"domain": "`+host+`"`) {
			t.Errorf("no record for %s: %s", host, records)
		}
	}
	if got := w.lastStatus(); !strings.HasPrefix(got, "active ") {
		t.Errorf("status is %q", got)
	}
}

// A Gateway that nobody can reach yet is not published.
func TestNothingIsPublishedWithoutAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slow = true
	written := w.withRoutes()
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if got := written(); got["gateway-route:3"]+got["dns-record:4"] > 0 {
		t.Errorf("written: %v", got)
	}
}

func TestInvalidRoutesAreWithdrawnOnce(t *testing.T) {
	t.Parallel()
	for name, bag := range map[string]map[string]string{
		"invalid": {"hostname": `"10.0.0.1"`, "additional_hostnames": `[]`},
		"emptied": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			written := w.withRoutes()
			w.quiet()
			written()
			w.bags["gateway-route:3"]["routes"] = bag
			w.quiet()
			if diff := cmp.Diff(map[string]int{"gateway-route:3": 1, "dns-record:4": 1}, written()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			for key, value := range w.bags["gateway-route:3"][own] {
				if value != "" {
					t.Errorf("%s stands there: %s", key, value)
				}
			}
			if records := w.bags["dns-record:4"][own]["dns_entries"]; strings.Contains(records, "a.example.com") || !strings.Contains(records, "web.example.com") {
				t.Errorf("records: %s", records)
			}
		})
	}
}

// Nothing is written to a relation that breaks, and what it asked for is removed, even if Juju
// still lists it.
func TestBrokenRouteRelationIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	w := serving(t)
	written := w.withRoutes()
	w.quiet()
	written()
	for endpoint, id := range map[string]string{"gateway-route": "gateway-route:3", "dns-record": "dns-record:4"} {
		w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: endpoint, ID: id}})
		if got := written(); got[id] > 0 {
			t.Errorf("written to %s", id)
		}
	}
}
