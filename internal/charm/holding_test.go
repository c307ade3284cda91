package charm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// foreign relates an application of another model, which has a unit at an address.
func (w *world) foreign(id, name, address string) {
	w.relate(id, "remote-"+name)
	w.bags[id]["remote-"+name]["model"], w.bags[id]["remote-"+name]["name"] = `"far"`, `"`+name+`"`
	w.bags[id]["remote-"+name+"/0"]["ip"] = `"` + address + `"`
	if w.models == nil {
		w.models = map[string]string{}
	}
	w.models[id] = "00000000-4993-4c3a-928e-c646226beeee"
}

// TestPlaceOutlivesTheProvider: while HTTPS is enforced and the provider of certificates is
// replaced, no application has a URL. The record says which application has a path, also to another
// leader: an older relation that asks for that path meanwhile does not get it.
func TestPlaceOutlivesTheProvider(t *testing.T) {
	t.Parallel()
	for _, led := range []bool{false, true} {
		w := issued(t)
		w.config["enforce-https"] = true
		w.foreign("gateway:0", "evil", "10.1.0.6")
		w.foreign("gateway:5", "victim", "10.1.0.5")
		w.settle()
		const url = `{"url": "https://web.example.com/far-victim"}`
		if got := w.urlOn("gateway:5"); got != url {
			t.Fatalf("victim is told %q", got)
		}
		w.relations["certificates"] = nil
		w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "certificates", ID: "certificates:2"}})
		w.bags["gateway:0"]["remote-evil"]["name"] = `"victim"`
		kind := gocharm.UpdateStatus
		if led {
			w.nextLeader()
			kind = gocharm.LeaderElected
		}
		w.run(gocharm.Event{Kind: kind})
		if got := w.urlOn("gateway:5"); got != "" {
			t.Errorf("victim is told %q without a certificate", got)
		}
		w.withAuthority()
		w.settle()
		w.issue(100 * time.Hour)
		w.settle()
		if got := w.urlOn("gateway:5"); got != url || w.urlOn("gateway:0") != "" {
			t.Errorf("another leader: %t: victim is told %q, evil %q", led, got, w.urlOn("gateway:0"))
		}
		if got := w.state["record"]; strings.Contains(got, "held") {
			t.Errorf("on record is still %s", got)
		}
	}
}
