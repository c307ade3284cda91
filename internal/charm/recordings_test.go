package charm_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/recorded"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

const requirerRecording = "../relation/tlscertificates/testdata/tls_requirer.txt"

// held is what stands in Juju of a charm that asks for a certificate.
type held struct {
	Requests int  // in the databag of the application, or of the unit where the mode is that
	Key      bool // whether the private key's secret is there
}

// A lifeCase is a recorded case of the requirer's life: what happens to a charm whose only host has
// its certificate, unless the case says otherwise.
type lifeCase struct {
	do func(*world)
	// pending is what we hold then, and settled what we hold once the provider has
	// answered what is asked of it.
	pending, settled held
}

// lifeCases are the blocks of the requirer's recordings that are not about what the
// provider wrote (those are in tlscertificates' tests), by their names there.
func lifeCases() map[string]lifeCase {
	none, one, two := held{}, held{Requests: 1, Key: true}, held{Requests: 2, Key: true}
	return map[string]lifeCase{
		"created": {do: func(*world) {}, pending: one, settled: one},
		// The library drops the old request at once. We serve the old host until the new
		// one has its certificate, and keep asking for what we serve.
		"hostname changed (config_changed)": {do: func(w *world) {
			w.config["external-hostname"] = "new.example.com"
			w.run(gocharm.Event{Kind: gocharm.ConfigChanged})
		}, pending: two, settled: one},
		"no requests": {do: func(w *world) {
			w.bags["gateway:1"]["shop"] = nil
			w.config["external-hostname"] = ""
			w.bags["certificates:2"]["ca"]["capabilities"] = `{"supports_ip_sans": false}`
			w.quiet()
		}, pending: held{Key: true}, settled: held{Key: true}},
		// The library drops the request that was issued; we do when the next one is.
		"secret expired": {do: func(w *world) {
			w.later = 10 * time.Hour
			w.run(gocharm.Event{Kind: gocharm.SecretExpired, Secret: &gocharm.EventSecret{ID: "s1", Label: w.alarms()[0], Revision: 1}})
		}, pending: two, settled: one},
		// Nothing is written to a relation that breaks, and the key is removed with it.
		"broken": {do: func(w *world) {
			label, _ := tlscertificates.KeyLabels("certificates")
			w.relations["certificates"] = nil
			w.owned = map[string]string{"d0ns8mh3t7s5d8ihj6eg": label}
			w.before = func(call gocharm.Call) error {
				if call.Tool == "secret-remove" {
					delete(w.secrets, w.owned[call.Args[0]])
				}
				return nil
			}
			w.run(gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "certificates", ID: "certificates:2"}})
		}, pending: held{Requests: 1}, settled: held{Requests: 1}},
		"created non leader": {do: func(w *world) {
			w.leader, w.secrets = false, map[string]string{}
			w.bags["certificates:2"][own] = map[string]string{}
			w.run(gocharm.Event{Kind: gocharm.RelationCreated, Relation: &gocharm.EventRelation{Endpoint: "certificates", ID: "certificates:2"}})
		}, pending: none, settled: none},
	}
}

// unlikeMode tells where the library's mode makes a difference that we do not follow.
var unlikeMode = map[string]string{
	"UNIT created non leader": "each of its units asks for itself; ours ask as one application",
}

// TestRequirerRecordings compares what we request and keep, as hosts, leaders and the relation come
// and go, with what the Python library did in both of its modes.
func TestRequirerRecordings(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"APP", "UNIT"} {
		var names []string
		for _, block := range recorded.Section(t, requirerRecording, "MODE Mode."+mode) {
			if strings.HasPrefix(block.Name, "changed ") {
				continue
			}
			names = append(names, block.Name)
			t.Run(mode+" "+block.Name, func(t *testing.T) {
				t.Parallel()
				test, known := lifeCases()[block.Name]
				if !known {
					t.Fatal("the block is unknown to this test")
				}
				library := held{
					Requests: strings.Count(block.Text, `"certificate_signing_request":`) - strings.Count(block.Text, "RAW tail"),
					Key:      strings.Contains(block.Text, "-private-key-"),
				}
				test.run(t, library, unlikeMode[mode+" "+block.Name])
			})
		}
		slices.Sort(names)
		if want := slices.Sorted(maps.Keys(lifeCases())); !slices.Equal(names, want) {
			t.Errorf("mode %s has %q, want %q", mode, names, want)
		}
	}
}

func (test lifeCase) run(t *testing.T, library held, unlike string) {
	w := newWorld(t)
	w.withAuthority()
	w.quiet()
	w.issue(10 * time.Hour)
	w.quiet()
	test.do(w)
	pending := w.held()
	if diff := cmp.Diff(test.pending, pending); diff != "" {
		t.Errorf("held at first (-want +got):\n%s", diff)
	}
	if w.relations["certificates"] != nil {
		w.issue(100 * time.Hour)
		w.quiet()
	}
	settled := w.held()
	if diff := cmp.Diff(test.settled, settled); diff != "" {
		t.Errorf("held in the end (-want +got):\n%s", diff)
	}
	if like := settled == library; like != (unlike == "") {
		t.Errorf("we hold %+v and the library %+v: %q", settled, library, unlike)
	}
}

// held tells what stands in Juju.
func (w *world) held() held {
	w.t.Helper()
	label, _ := tlscertificates.KeyLabels("certificates")
	return held{Requests: len(w.requested()), Key: w.secrets[label] != ""}
}

// TestLegacyKeyRecordings compares what happens to a request after a refresh from an older library,
// for each place where that kept the key, with what the library's next release did. The owner of
// the secret matters to Juju: TestTakeOverCertificates, with real processes, has both.
func TestLegacyKeyRecordings(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	seen := 0
	for _, line := range recorded.Lines(t, requirerRecording, "CN limits") {
		rest, about := strings.CutPrefix(line, "legacy owner ")
		if !about {
			continue
		}
		seen++
		t.Run(rest, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withAuthority()
			w.run(updateStatus())
			before := w.bags["certificates:2"][own]["certificate_signing_requests"]
			if key := w.secrets[current]; strings.HasPrefix(rest, "None") {
				w.secrets = map[string]string{}
			} else {
				w.secrets = map[string]string{legacy: key}
			}
			w.run(updateStatus())
			kept := w.bags["certificates:2"][own]["certificate_signing_requests"] == before
			if library := strings.Contains(rest, "kept: True"); before == "" || kept != library {
				t.Errorf("kept: %t, by the library: %t", kept, library)
			}
		})
	}
	if seen != 3 {
		t.Errorf("%d lines were recorded, want 3", seen)
	}
}
