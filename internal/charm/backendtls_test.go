package charm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/gocharm"
)

// backendCA makes an authority's certificate, in PEM.
func backendCA(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "backend"}, NotBefore: now, NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func quoted(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withBackendTLS has the application speak TLS, and relates a provider of authorities,
// which has written nothing yet.
func withBackendTLS(t *testing.T) *world {
	t.Helper()
	w := serving(t)
	w.bags["gateway:1"]["shop"]["scheme"] = `"https"`
	w.relations["receive-ca-cert"] = []string{"receive-ca-cert:7"}
	w.remotes["receive-ca-cert:7"] = "ca"
	w.units["receive-ca-cert:7"] = []string{"ca/0"}
	w.bags["receive-ca-cert:7"] = map[string]map[string]string{own: {}, "ca": {}, "ca/0": {"ingress-address": "10.0.0.1"}}
	return w
}

// made are the kinds of objects that were written, in order.
func (w *world) made() []string {
	var kinds []string
	for _, write := range w.writes() {
		method, path, _ := strings.Cut(write, " ")
		parts := strings.Split(path, "/")
		kinds = append(kinds, method+" "+parts[len(parts)-2])
	}
	return kinds
}

// TestBackendTLS follows an application that speaks TLS: from one version of the interface to the
// other, and to the end of the relation.
func TestBackendTLS(t *testing.T) {
	t.Parallel()
	w := withBackendTLS(t)
	ca := backendCA(t)
	event := func(kind gocharm.Kind) gocharm.Event {
		return gocharm.Event{Kind: kind, Relation: &gocharm.EventRelation{Endpoint: "receive-ca-cert", ID: "receive-ca-cert:7", RemoteApp: "ca"}}
	}
	w.run(event(gocharm.RelationCreated))
	if diff := cmp.Diff(map[string]string{"version": "1"}, w.bags["receive-ca-cert:7"][own]); diff != "" {
		t.Errorf("our data (-want +got):\n%s", diff)
	}
	if got := w.lastStatus(); !strings.HasPrefix(got, "blocked Validation of ingress relation data failed. shop: no CA certificate yet from ca") {
		t.Errorf("status is %q", got)
	}
	if made := w.made(); !slices.Equal(made, []string{"DELETE httproutes", "DELETE services"}) {
		t.Errorf("without an authority: %v", made)
	}
	for version, bags := range []map[string]map[string]string{
		{own: w.bags["receive-ca-cert:7"][own], "ca": {}, "ca/0": {"ca": quoted(t, ca), "version": "0"}},
		{own: w.bags["receive-ca-cert:7"][own], "ca": {"certificates": quoted(t, []string{ca}), "version": "1"}, "ca/0": {}},
	} {
		w.bags["receive-ca-cert:7"] = bags
		w.run(event(gocharm.RelationChanged))
		w.control()
		// What the other version says is the same.
		if made := w.made(); slices.Contains(made, "PATCH backendtlspolicies") != (version == 0) || version == 1 && len(made) > 0 {
			t.Errorf("version %d: %v", version, made)
		}
		config := w.objects["/api/v1/namespaces/prod/configmaps/gw-backend-ca"]
		if config == nil || config["data"].(map[string]any)["ca.crt"] != ca {
			t.Errorf("version %d: ConfigMap is %v", version, config)
		}
	}
	// Units are not asked where the application's data say it all.
	w.run(updateStatus())
	if slices.Contains(w.calls, "relation-get receive-ca-cert:7 ca/0") {
		t.Errorf("calls: %q", w.calls)
	}
	w.writes()
	w.run(event(gocharm.RelationBroken))
	want := []string{"DELETE httproutes", "DELETE services", "DELETE backendtlspolicies", "DELETE configmaps"}
	if made := w.made(); !slices.Equal(made, want) {
		t.Errorf("without the relation: %v", made)
	}
}

// TestSilentProviderOfAuthorities follows what is kept of a provider that no longer says anything:
// its last certificates, until it says that there are none, or its relation ends.
func TestSilentProviderOfAuthorities(t *testing.T) {
	t.Parallel()
	event := func(kind gocharm.Kind, id string) gocharm.Event {
		return gocharm.Event{Kind: kind, Relation: &gocharm.EventRelation{Endpoint: "receive-ca-cert", ID: id, RemoteApp: "ca"}}
	}
	tests := map[string]struct {
		then func(w *world) gocharm.Event
		kept bool
	}{
		"no units": {func(*world) gocharm.Event { return updateStatus() }, true},
		"a unit that has written nothing": {func(w *world) gocharm.Event {
			w.units["receive-ca-cert:7"] = []string{"ca/1"}
			w.bags["receive-ca-cert:7"]["ca/1"] = map[string]string{"ingress-address": "10.0.0.2"}
			return event(gocharm.RelationJoined, "receive-ca-cert:7")
		}, true},
		"an empty list": {func(w *world) gocharm.Event {
			w.bags["receive-ca-cert:7"]["ca"] = map[string]string{"certificates": "[]", "version": "1"}
			return event(gocharm.RelationChanged, "receive-ca-cert:7")
		}, false},
		"no relation": {func(*world) gocharm.Event { return event(gocharm.RelationBroken, "receive-ca-cert:7") }, false},
		"another relation": {func(w *world) gocharm.Event {
			w.relations["receive-ca-cert"] = []string{"receive-ca-cert:8"}
			w.remotes["receive-ca-cert:8"] = "ca"
			w.bags["receive-ca-cert:8"] = map[string]map[string]string{own: {}, "ca": {}}
			return event(gocharm.RelationCreated, "receive-ca-cert:8")
		}, false},
		"it has expired": {func(w *world) gocharm.Event { w.later = 2 * time.Hour; return updateStatus() }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withBackendTLS(t)
			w.bags["receive-ca-cert:7"]["ca/0"] = map[string]string{"ca": quoted(t, backendCA(t)), "version": "0"}
			w.quiet()
			w.units["receive-ca-cert:7"] = nil
			w.writes()
			w.run(event(gocharm.RelationDeparted, "receive-ca-cert:7"))
			const remark = "ca (relation 7): it tells of no CA certificate: the last ones known are kept"
			if gone := deletions(w.writes()); len(gone) > 0 || !strings.Contains(strings.Join(w.log, " "), remark) {
				t.Errorf("without units it deletes %q; the log is %q", gone, w.log)
			}
			w.run(test.then(w))
			w.control()
			if kept := w.objects["/api/v1/namespaces/prod/configmaps/gw-backend-ca"] != nil; kept != test.kept {
				t.Errorf("the authority is kept: %t; status is %q", kept, w.lastStatus())
			}
		})
	}
}

// TestRequestsForConfigMaps: ConfigMaps are requested only if there may be one.
func TestRequestsForConfigMaps(t *testing.T) {
	t.Parallel()
	w := serving(t)
	asked := func(event gocharm.Event) bool {
		w.mutex.Lock()
		w.requests = nil
		w.mutex.Unlock()
		w.run(event)
		w.mutex.Lock()
		defer w.mutex.Unlock()
		return slices.ContainsFunc(w.requests, func(r string) bool { return strings.HasSuffix(r, "/configmaps") })
	}
	broken := gocharm.Event{Kind: gocharm.RelationBroken, Relation: &gocharm.EventRelation{Endpoint: "receive-ca-cert", ID: "receive-ca-cert:7", RemoteApp: "ca"}}
	other := gocharm.Event{Kind: gocharm.RelationChanged, Relation: &gocharm.EventRelation{Endpoint: "gateway", ID: "gateway:1", RemoteApp: "shop"}}
	if asked(updateStatus()) || asked(other) || asked(gocharm.Event{Kind: gocharm.ConfigChanged}) {
		t.Error("asked for ConfigMaps without a need")
	}
	if !asked(broken) {
		t.Error("a ConfigMap may be left, and was not asked for")
	}
	if !asked(gocharm.Event{Kind: gocharm.LeaderElected}) {
		t.Error("the last leader's hook may have broken off, and no ConfigMap was asked for")
	}
	w.relations["receive-ca-cert"] = []string{"receive-ca-cert:8"}
	w.remotes["receive-ca-cert:8"] = "ca"
	w.bags["receive-ca-cert:8"] = map[string]map[string]string{own: {}, "ca": {"certificates": "[]"}}
	if !asked(updateStatus()) {
		t.Error("there is a provider of authorities, and no ConfigMap was asked for")
	}
}
