package charm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
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

// The controller's clock may be ahead of the pod's. Then an alarm goes off too early, and Juju must
// wake the charm once more.
func TestAlarmThatGoesOffTooEarlyIsSetAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withAuthority()
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	w.issue(10 * time.Minute) // It is due after nine.
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	first := w.alarms()
	if len(first) != 1 {
		t.Fatalf("there are %d alarms, want 1", len(first))
	}
	for range 3 {
		label := w.alarms()[0]
		delete(w.secrets, label) // The hook removes it and sees it no more.
		w.owned = map[string]string{"s1": ""}
		w.run(gocharm.Event{Kind: gocharm.SecretExpired, Secret: &gocharm.EventSecret{ID: "s1", Label: label, Revision: 1}})
		again := w.alarms()
		if len(again) != 1 {
			t.Fatalf("there are %d alarms after %s went off, want 1", len(again), label)
		}
		if again[0] == label {
			t.Error("its label is taken until Juju has removed the secret")
		}
	}
}

// Juju refuses an expiry in the past, also one that has passed when the hook ends. The label says
// which alarm it is. Another release has to find it by that.
func TestAlarmThatIsDueSoon(t *testing.T) {
	t.Parallel()
	for life, expire := range map[time.Duration]string{
		30 * time.Second:          "2026-01-01T00:01:00Z",
		2 * time.Hour:             "2026-01-01T01:48:00Z",
		2*time.Hour + time.Second: "2026-01-01T01:48:01Z", // It is due a tenth of a second before.
	} {
		w := newWorld(t)
		w.withAuthority()
		w.run(updateStatus())
		w.issue(life)
		var expires []string
		w.before = func(call gocharm.Call) error {
			if call.Tool == "secret-add" {
				expires = slices.DeleteFunc(slices.Clone(call.Args), func(arg string) bool { return !strings.HasPrefix(arg, "--expire") })
			}
			return nil
		}
		w.run(updateStatus())
		label := fmt.Sprintf("%s-renewal-certificates-%d", tlscertificates.LabelPrefix, now.Add(life/10*9+999*time.Millisecond).Unix())
		if got := w.alarms(); !slices.Equal(got, []string{label}) {
			t.Errorf("alarms %q, want %s", got, label)
		}
		if len(expires) != 1 || !strings.Contains(expires[0], expire) {
			t.Errorf("it expires at %q, want %s", expires, expire)
		}
	}
}

// alarms are the labels of the secrets that wake the charm.
func (w *world) alarms() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(w.secrets)), func(label string) bool {
		return !strings.HasPrefix(label, tlscertificates.LabelPrefix+"-renewal-")
	})
}

// If the clock is hours ahead, the charm must not be woken every minute for that time.
func TestAlarmThatGoesOffMuchTooEarlyIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withAuthority()
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	w.issue(100 * time.Hour)
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	label := w.alarms()[0]
	delete(w.secrets, label)
	w.owned = map[string]string{"s1": ""}
	w.run(gocharm.Event{Kind: gocharm.SecretExpired, Secret: &gocharm.EventSecret{ID: "s1", Label: label, Revision: 1}})
	if again := w.alarms(); len(again) > 0 {
		t.Errorf("alarms: %q", again)
	}
	w.run(gocharm.Event{Kind: gocharm.UpdateStatus})
	if len(w.alarms()) != 1 {
		t.Error("the next event sets no alarm")
	}
}

// issue lets the authority answer every request with a certificate of that life.
func (w *world) issue(life time.Duration) {
	w.t.Helper()
	requests, _ := tlscertificates.ParseRequests(w.bags["certificates:2"][own])
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	var answers []map[string]string
	for _, request := range requests {
		block, _ := pem.Decode([]byte(request.PEM))
		csr, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			w.t.Fatal(err)
		}
		certificate := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: csr.Subject.CommonName}, DNSNames: csr.DNSNames,
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life),
		}
		issuer := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example CA"}}
		der, err := x509.CreateCertificate(rand.Reader, certificate, issuer, csr.PublicKey, authority)
		if err != nil {
			w.t.Fatal(err)
		}
		answers = append(answers, map[string]string{
			"certificate_signing_request": request.PEM,
			"certificate":                 string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		})
	}
	text, err := json.Marshal(answers)
	if err != nil {
		w.t.Fatal(err)
	}
	w.bags["certificates:2"]["ca"] = map[string]string{"certificates": string(text)}
}
