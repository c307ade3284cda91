package charm_test

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

const (
	webSecret      = "/api/v1/namespaces/prod/secrets/gw-secret-web.example.com"
	authoritiesMap = "/api/v1/namespaces/prod/configmaps/gw-backend-ca"
)

// forge puts a certificate of our own key, signed with that very key, into the Secret.
func (w *world) forge() {
	w.t.Helper()
	label, _ := tlscertificates.KeyLabels("certificates")
	key, err := tlscertificates.ParseKey(w.secrets[label])
	if err != nil {
		w.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(6), DNSNames: []string{"web.example.com"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(9000 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		w.t.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	w.objects[webSecret] = map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata": map[string]any{
			"name": "gw-secret-web.example.com", "namespace": "prod", "generation": 1, "resourceVersion": "1",
			"labels": map[string]any{"gateway-api-integrator.charm.juju.is/managed-by": own},
		},
		"data": map[string]any{
			"tls.crt": base64.StdEncoding.EncodeToString(chain), "tls.key": base64.StdEncoding.EncodeToString([]byte(w.secrets[label])),
		},
	}
}

// chain is what the Secret of the host has; empty for no Secret.
func (w *world) chain() string {
	object := w.objects[webSecret]
	if object == nil {
		return ""
	}
	text, err := base64.StdEncoding.DecodeString(object["data"].(map[string]any)["tls.crt"].(string))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// issued is a world at rest in which the provider has issued the certificate.
func issued(t *testing.T) *world {
	t.Helper()
	w := serving(t)
	w.withAuthority()
	w.quiet()
	w.issue(100 * time.Hour)
	w.quiet()
	return w
}

// TestForgedCertificateIsNotServed puts a certificate into a Secret that is for our key, and that
// no provider issued.
func TestForgedCertificateIsNotServed(t *testing.T) {
	t.Parallel()
	forged := func(w *world) string { w.forge(); return w.chain() }
	tests := map[string]func(w *world) (forged string){
		"while the first is pending": forged,
		"after the provider fell silent": func(w *world) string {
			w.issue(100 * time.Hour)
			w.quiet()
			w.bags["certificates:2"]["ca"] = map[string]string{}
			return forged(w)
		},
		"over one that is issued": func(w *world) string {
			w.issue(100 * time.Hour)
			w.quiet()
			return forged(w)
		},
		"and another unit leads": func(w *world) string {
			w.issue(100 * time.Hour)
			w.quiet()
			w.bags["certificates:2"]["ca"] = map[string]string{}
			w.nextLeader()
			return forged(w)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serving(t)
			w.withAuthority()
			w.quiet()
			forged := test(w)
			kind := gocharm.UpdateStatus
			if strings.Contains(name, "leads") {
				kind = gocharm.LeaderElected
			}
			w.run(gocharm.Event{Kind: kind})
			if got := w.chain(); got == forged {
				t.Error("what nobody has issued is served")
			}
			if issued := name == "over one that is issued"; issued != (w.chain() != "") {
				t.Errorf("the Secret has %q", w.chain())
			}
		})
	}
}

// TestLeaderAgainBeforeItIsTold: a unit that has led before, and leads again, may have other hooks
// before leader-elected. What it has stored is old: the certificates and authorities on record, and
// its ledger.
func TestLeaderAgainBeforeItIsTold(t *testing.T) {
	t.Parallel()
	for _, kind := range []gocharm.Kind{gocharm.UpdateStatus, gocharm.Start, gocharm.RelationChanged} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := withBackendTLS(t)
			w.withAuthority()
			good, evil := backendCA(t), backendCA(t)
			w.bags["receive-ca-cert:7"]["ca/0"] = map[string]string{"ca": quoted(t, evil), "version": "0"}
			w.quiet()
			w.issue(100 * time.Hour)
			w.quiet()
			old, before := maps.Clone(w.state), w.chain()
			// Another unit leads: the provider changes its authority, and renews.
			w.bags["receive-ca-cert:7"]["ca/0"]["ca"] = quoted(t, good)
			w.issue(200 * time.Hour)
			w.quiet()
			given, record := w.chain(), w.state["record"]
			w.bags["certificates:2"]["ca"] = map[string]string{}
			w.units["receive-ca-cert:7"] = nil
			if given == before || old["record"] == record {
				t.Fatal("the other leader has changed nothing")
			}
			w.bags["gateway:1"][own]["ingress"] = `{"url": "https://elsewhere.example.com/"}`
			w.nextLeader()
			w.state = old
			// Which hosts an application had when this unit led is old, too.
			w.state["allowance"] = `{"bound": 8, "over": {"3": ["stale.example.com"]}}`
			w.relations["gateway-route"], w.remotes["gateway-route:3"] = []string{"gateway-route:3"}, "routes"
			w.bags["gateway-route:3"] = map[string]map[string]string{own: {}, "routes": {}}
			event := gocharm.Event{Kind: kind}
			if kind == gocharm.RelationChanged {
				event.Relation = &gocharm.EventRelation{Endpoint: "gateway", ID: "gateway:1", RemoteApp: "shop"}
			}
			w.run(event)
			if got := w.chain(); got != given {
				t.Errorf("served is %q, not %q", got, given)
			}
			if got := w.state["allowance"]; strings.Contains(got, "stale") {
				t.Errorf("the allowance is %s", got)
			}
			if got := w.objects[authoritiesMap]["data"].(map[string]any)["ca.crt"]; got != good {
				t.Errorf("trusted is %q, not %q", got, good)
			}
			if got := w.urlOn("gateway:1"); !strings.Contains(got, "web.example.com") {
				t.Errorf("told is %q", got)
			}
			// An editor puts the old ones back.
			w.state = maps.Clone(old)
			w.objects[webSecret]["data"].(map[string]any)["tls.crt"] = base64.StdEncoding.EncodeToString([]byte(before))
			w.run(event)
			if got := w.chain(); got == before {
				t.Error("what the leader before has replaced is served")
			}
		})
	}
}

// TestStandbyForgets: a unit that does not lead keeps nothing of its state as a leader, except the
// allowance.
func TestStandbyForgets(t *testing.T) {
	t.Parallel()
	w := issued(t)
	if w.state["ledger"] == "" || w.state["record"] == "" {
		t.Fatalf("stored is %v", w.state)
	}
	granted := w.state["allowance"]
	w.leader = false
	w.run(updateStatus())
	if w.state["ledger"] != "" || w.state["record"] != "" || w.state["allowance"] != granted {
		t.Errorf("stored is %v", w.state)
	}
}

// TestSecretsHiddenFromWhoLeadsNoMore: Juju shows the application's secrets only to the leader. A
// unit that does not see the record may have just lost leadership.
func TestSecretsHiddenFromWhoLeadsNoMore(t *testing.T) {
	t.Parallel()
	w := issued(t)
	given := w.chain()
	w.bags["certificates:2"]["ca"] = map[string]string{}
	w.before = func(call gocharm.Call) error {
		if strings.HasPrefix(call.Tool, "secret-") {
			w.leader, w.owned = false, nil
			maps.DeleteFunc(w.secrets, func(label, _ string) bool { return strings.HasPrefix(label, recordPrefix) })
		}
		return nil
	}
	w.writes()
	w.run(updateStatus())
	if got := w.writes(); len(got) > 0 || w.chain() != given || !strings.Contains(w.lastStatus(), "Standby") {
		t.Errorf("written: %q; served is %q; status is %q", got, w.chain(), w.lastStatus())
	}
}

// TestSilentProviderOfCertificates: its certificates are still served, whichever unit leads.
func TestSilentProviderOfCertificates(t *testing.T) {
	t.Parallel()
	for _, kind := range []gocharm.Kind{gocharm.UpdateStatus, gocharm.LeaderElected, gocharm.UpgradeCharm} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := issued(t)
			given := w.chain()
			w.bags["certificates:2"]["ca"] = map[string]string{}
			switch kind {
			case gocharm.LeaderElected:
				w.nextLeader()
			case gocharm.UpgradeCharm: // From a release that kept no record.
				maps.DeleteFunc(w.secrets, func(label, _ string) bool { return strings.HasPrefix(label, recordPrefix) })
				w.owned = nil
				delete(w.state, "record")
			}
			w.run(gocharm.Event{Kind: kind})
			w.quiet()
			if got := w.chain(); got != given || given == "" {
				t.Errorf("served is %q, after %q", got, given)
			}
		})
	}
}

const recordPrefix = "gateway-api-integrator-record-"

// nextLeader returns the application another leader: it has stored nothing, and sees the
// application's secrets.
func (w *world) nextLeader() {
	w.t.Helper()
	w.state, w.owned = map[string]string{}, map[string]string{}
	for i, label := range slices.Sorted(maps.Keys(w.secrets)) {
		id := fmt.Sprintf("d0ns8mh3t7s5d8ihj6e%d", i)
		if strings.HasPrefix(label, recordPrefix) {
			id = idOf(label)
		}
		w.owned[id] = label
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(w.owned)), func(label string) bool { return strings.HasPrefix(label, recordPrefix) }) {
		w.t.Fatalf("nothing is handed over: %v", w.owned)
	}
}

// TestAuthorityOfAnEditorIsNotTrusted adds an authority to the ConfigMap, and its digest to
// the note there, while the provider is silent.
func TestAuthorityOfAnEditorIsNotTrusted(t *testing.T) {
	t.Parallel()
	for _, kind := range []gocharm.Kind{gocharm.UpdateStatus, gocharm.LeaderElected} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := withBackendTLS(t)
			good, evil := backendCA(t), backendCA(t)
			w.bags["receive-ca-cert:7"]["ca/0"] = map[string]string{"ca": quoted(t, good), "version": "0"}
			w.quiet()
			w.units["receive-ca-cert:7"] = nil
			edited := w.objects[authoritiesMap]
			edited["data"].(map[string]any)["ca.crt"] = good + evil
			sum := sha256.Sum256([]byte(evil))
			told := map[string][]string{}
			annotations := edited["metadata"].(map[string]any)["annotations"].(map[string]any)
			const note = "gateway-api-integrator.charm.juju.is/told"
			if err := json.Unmarshal([]byte(annotations[note].(string)), &told); err != nil || len(told["7"]) != 1 {
				t.Fatalf("noted is %v, %v", annotations, err)
			}
			told["7"] = append(told["7"], hex.EncodeToString(sum[:8]))
			annotations[note] = quoted(t, told)
			if kind == gocharm.LeaderElected {
				w.nextLeader()
			}
			w.run(gocharm.Event{Kind: kind})
			w.quiet()
			config := w.objects[authoritiesMap]
			if config == nil || config["data"].(map[string]any)["ca.crt"] != good {
				t.Errorf("trusted is %v, want what the provider told of", config)
			}
		})
	}
}

// TestRecordCostsNothing: hooks that change nothing make one call for the record.
func TestRecordCostsNothing(t *testing.T) {
	t.Parallel()
	w := issued(t)
	w.run(updateStatus())
	for _, call := range w.calls {
		if call == "secret-ids" || call == "secret-add" || call == "state-set" {
			t.Errorf("calls are %q", w.calls)
		}
	}
	if infos := slices.DeleteFunc(slices.Clone(w.calls), func(call string) bool { return call != "secret-info-get" }); len(infos) > 2 {
		t.Errorf("more than the alarm and the record is looked for: %q", w.calls)
	}
	if kept := w.state["record"]; !strings.Contains(kept, `"handed":"`) || !strings.Contains(kept, `"given":["`) {
		t.Errorf("on record is %s", kept)
	}
}

// TestRecordThatCannotBeRead: a refused read does not mean that there is no record.
func TestRecordThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := issued(t)
	w.nextLeader()
	w.before = func(call gocharm.Call) error {
		if call.Tool == "secret-ids" {
			return denied(call)
		}
		return nil
	}
	if err := w.try(gocharm.Event{Kind: gocharm.LeaderElected}); err == nil {
		t.Error("the hook does not fail")
	}
}

// TestRecordThatNobodyCanTellOf: if Juju does not say whether the record exists, that does not
// prove that it is gone.
func TestRecordThatNobodyCanTellOf(t *testing.T) {
	t.Parallel()
	w := issued(t)
	w.before = func(call gocharm.Call) error {
		if call.Tool == "secret-info-get" && slices.ContainsFunc(call.Args, func(arg string) bool { return strings.HasPrefix(arg, "--label="+recordPrefix) }) {
			return errors.New("connection is shut down")
		}
		return nil
	}
	w.writes()
	if err := w.try(updateStatus()); err == nil {
		t.Errorf("the hook does not fail; status is %q", w.lastStatus())
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("written: %q", got)
	}
}

// TestRecordOfTheLeaderBeforeMustBeRead: without it the content of the cluster would be believed.
func TestRecordOfTheLeaderBeforeMustBeRead(t *testing.T) {
	t.Parallel()
	w := issued(t)
	w.nextLeader()
	refused := false
	w.before = func(call gocharm.Call) error {
		if call.Tool == "secret-get" && !slices.ContainsFunc(call.Args, func(arg string) bool { return strings.HasPrefix(arg, "--label=") }) {
			refused = true
			return errors.New("connection is shut down")
		}
		return nil
	}
	w.writes()
	err := w.try(gocharm.Event{Kind: gocharm.LeaderElected})
	if got := w.writes(); !refused || err == nil || len(got) > 0 {
		t.Errorf("asked %t, the hook ends with %v, written: %q", refused, err, got)
	}
}

// TestRecordThatIsGone: the unit that has led meanwhile had nothing to record, and may have written
// to the relations. So the ledger is not trusted either.
func TestRecordThatIsGone(t *testing.T) {
	t.Parallel()
	w := issued(t)
	w.run(updateStatus())
	if slices.Contains(w.calls, "relation-get gateway:1 "+own) {
		t.Fatalf("at rest: %q", w.calls)
	}
	for label := range w.secrets {
		if strings.Contains(label, "-record-") {
			delete(w.secrets, label)
		}
	}
	w.run(updateStatus())
	if !slices.Contains(w.calls, "relation-get gateway:1 "+own) {
		t.Errorf("what stands there is not read: %q", w.calls)
	}
}
