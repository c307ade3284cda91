package charm_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

const (
	urlOfShop = `{"url": "http://web.example.com/prod-shop"}`
	byHand    = `{"url": "http://example.net/"}`
)

// published is the URL that the application is told.
func (w *world) published() string { return w.bags["gateway:1"][own]["ingress"] }

// undone runs a hook that Juju takes to have failed: nothing of what it was to carry out
// at the end is.
func (w *world) undone(event gocharm.Event) error {
	bags, stored := map[string]map[string]map[string]string{}, maps.Clone(w.state)
	for id, sides := range w.bags {
		bags[id] = map[string]map[string]string{}
		for name, bag := range sides {
			bags[id][name] = maps.Clone(bag)
		}
	}
	err := w.try(event)
	w.bags, w.state = bags, stored
	return err
}

// reads are the calls of the last run that read our own databags.
func (w *world) reads() []string {
	return slices.DeleteFunc(slices.Clone(w.calls), func(call string) bool {
		return !strings.HasPrefix(call, "relation-get ") || !strings.HasSuffix(call, " "+own)
	})
}

func updateStatus() gocharm.Event { return gocharm.Event{Kind: gocharm.UpdateStatus} }

func TestOwnDataAreReadOnce(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.withRoutes()
	w.quiet()
	w.run(updateStatus())
	want := []string{
		"state-get", "is-leader", "config-get",
		"relation-list gateway:1 gateway:1", "relation-get gateway:1 shop", "relation-get gateway:1 shop/0",
		"relation-list gateway-route:3 --app", "relation-get gateway-route:3 routes",
		"relation-list dns-record:4 --app", "relation-get dns-record:4 bind",
	}
	got := slices.DeleteFunc(w.calls, func(call string) bool {
		return slices.Contains([]string{"relation-ids", "status-set", "juju-log"}, call) || strings.HasPrefix(call, "secret-")
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Databags that the Python charm wrote are in no ledger. They are read once, and stay as they are
// if they are right.
func TestDataOfAnotherVersionAreReadAndLeftAlone(t *testing.T) {
	t.Parallel()
	w := serving(t)
	clear(w.state)
	w.run(updateStatus())
	if diff := cmp.Diff([]string{"relation-get gateway:1 " + own}, w.reads()); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if slices.ContainsFunc(w.calls, func(call string) bool { return strings.HasPrefix(call, "relation-set") }) {
		t.Errorf("written: %q", w.calls)
	}
	w.run(updateStatus())
	if got := w.reads(); len(got) > 0 || slices.Contains(w.calls, "state-set") {
		t.Errorf("the second hook calls %q", w.calls)
	}
}

func TestOverwrittenDataAreMended(t *testing.T) {
	t.Parallel()
	charmDir := t.TempDir()
	if err := os.WriteFile(filepath.Join(charmDir, "version"), []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []gocharm.Kind{gocharm.LeaderElected, gocharm.UpgradeCharm, gocharm.Start, gocharm.ConfigChanged} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			w.bags["gateway:1"][own]["ingress"] = byHand
			w.run(updateStatus())
			if got := w.published(); got != byHand {
				t.Fatalf("update-status has read the databag: it has %s", got)
			}
			w.run(gocharm.Event{Kind: kind, CharmDir: charmDir})
			if got := w.published(); got != urlOfShop {
				t.Errorf("%s is published", got)
			}
		})
	}
	t.Run("after an hour", func(t *testing.T) {
		t.Parallel()
		w := serving(t)
		w.bags["gateway:1"][own]["ingress"] = byHand
		w.later = time.Hour
		w.run(updateStatus())
		if got := w.published(); got != urlOfShop {
			t.Errorf("%s is published", got)
		}
		w.quiet()
		if got := w.reads(); len(got) > 0 {
			t.Errorf("read again: %q", got)
		}
	})
	t.Run("from the future", func(t *testing.T) {
		t.Parallel()
		w := serving(t)
		w.bags["gateway:1"][own]["ingress"] = byHand
		w.later = -time.Hour
		w.run(updateStatus())
		if got := w.published(); got != urlOfShop {
			t.Errorf("%s is published", got)
		}
	})
	t.Run("unreadable", func(t *testing.T) {
		t.Parallel()
		w := serving(t)
		w.bags["gateway:1"][own]["ingress"] = byHand
		w.state["ledger"] = `{"digests":[]}`
		w.run(updateStatus())
		if got := w.published(); got != urlOfShop {
			t.Errorf("%s is published", got)
		}
	})
}

// Juju 3 stores relation data and the unit's state together, or neither.
func TestAHookThatFailsIsRepeatedWhole(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]string{
		"after it wrote": "status-set", "when its changes are applied": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			w.config["external-hostname"] = "next.example.com"
			w.before = func(call gocharm.Call) error {
				if call.Tool == fails {
					return denied(call)
				}
				return nil
			}
			err := w.undone(updateStatus())
			if (err != nil) != (fails != "") {
				t.Errorf("the hook says %v", err)
			}
			if !slices.Contains(w.calls, "relation-set gateway:1 -") || w.published() != urlOfShop {
				t.Errorf("published %s by %q", w.published(), w.calls)
			}
			w.before = nil
			w.run(updateStatus())
			if want := `{"url": "http://next.example.com/prod-shop"}`; w.published() != want {
				t.Errorf("published: %s", w.published())
			}
		})
	}
}

// Juju 4.0 stores one after the other, and may fail in between: a ledger is never ahead of the
// databags, nor behind them for long.
func TestHalfOfWhatAHookWroteIsCarriedOut(t *testing.T) {
	t.Parallel()
	const urlOfNext = `{"url": "http://next.example.com/prod-shop"}`
	tests := map[string]struct {
		half func(w *world, bag, stored map[string]string) // takes the other half back
		host string                                        // what is wanted afterwards
		at   time.Duration                                 // when it has to be there, at the latest
		want string
	}{
		"the stored state": {
			half: func(w *world, bag, _ map[string]string) { w.bags["gateway:1"][own] = bag },
			host: "next.example.com", want: urlOfNext,
		},
		"the stored state, and the old is wanted again": {
			half: func(w *world, bag, _ map[string]string) { w.bags["gateway:1"][own] = bag },
			host: "web.example.com", want: urlOfShop,
		},
		"the relation": {
			half: func(w *world, _, stored map[string]string) { w.state = stored },
			host: "next.example.com", want: urlOfNext,
		},
		"the relation, and the old is wanted again": {
			half: func(w *world, _, stored map[string]string) { w.state = stored },
			host: "web.example.com", at: time.Hour, want: urlOfShop,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			bag, stored := maps.Clone(w.bags["gateway:1"][own]), maps.Clone(w.state)
			w.config["external-hostname"] = "next.example.com"
			w.run(updateStatus())
			if w.published() != urlOfNext {
				t.Fatalf("published: %s", w.published())
			}
			test.half(w, bag, stored)
			w.config["external-hostname"] = test.host
			w.later = test.at
			w.run(updateStatus())
			if w.published() != test.want {
				t.Errorf("published: %s", w.published())
			}
			w.quiet()
			if got := w.reads(); len(got) > 0 || w.published() != test.want {
				t.Errorf("in the end it reads %q, and %s is published", got, w.published())
			}
		})
	}
}

// The next hook reads once more what a hook wrote.
func TestWhatWasWrittenIsReadByTheNextHook(t *testing.T) {
	t.Parallel()
	w := serving(t)
	w.config["external-hostname"] = "next.example.com"
	for i, want := range []int{1, 1, 0, 0} {
		w.run(updateStatus())
		stores := slices.Contains(w.calls, "state-set")
		if got := w.reads(); len(got) != want || stores != (want > 0) {
			t.Errorf("hook %d reads %q; it stores a ledger: %t", i+1, got, stores)
		}
	}
}

// One unit leads, then another, then the first again. The first unit gets an event before its
// leader-elected.
func TestLeadershipGoesAndComesBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ host, want string }{
		"wanting what it once wrote": {"web.example.com", urlOfShop},
		"wanting something else":     {"third.example.com", `{"url": "http://third.example.com/prod-shop"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			first := w.state
			w.state = map[string]string{} // the other unit's
			w.config["external-hostname"] = "other.example.com"
			w.run(gocharm.Event{Kind: gocharm.LeaderElected})
			if got, want := w.published(), `{"url": "http://other.example.com/prod-shop"}`; got != want {
				t.Fatalf("the other leader publishes %s", got)
			}
			w.state = first
			w.config["external-hostname"] = test.host
			w.run(updateStatus())
			w.run(gocharm.Event{Kind: gocharm.LeaderElected})
			if got := w.published(); got != test.want {
				t.Errorf("%s is published", got)
			}
			w.quiet()
			if got := w.reads(); len(got) > 0 || w.published() != test.want {
				t.Errorf("read again: %q, publishing %s", got, w.published())
			}
		})
	}
}

// A relation that is made again is another one.
func TestRelationRemovedAndMadeAgain(t *testing.T) {
	t.Parallel()
	w := serving(t)
	shop := w.bags["gateway:1"]
	w.relations["gateway"] = nil
	w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "gateway", ID: "gateway:1"}})
	var kept struct {
		Digests map[string]string
		Ours    []int
	}
	if err := json.Unmarshal([]byte(w.state["ledger"]), &kept); err != nil || len(kept.Digests)+len(kept.Ours) > 0 {
		t.Errorf("kept: %v, %v", kept, err)
	}
	w.relations["gateway"] = []string{"gateway:7"}
	w.remotes["gateway:7"], w.units["gateway:7"] = "shop", []string{"shop/0"}
	w.bags["gateway:7"] = map[string]map[string]string{own: {}, "shop": shop["shop"], "shop/0": shop["shop/0"]}
	w.run(updateStatus())
	if got := w.bags["gateway:7"][own]["ingress"]; got != urlOfShop {
		t.Errorf("%q is published", got)
	}
}
