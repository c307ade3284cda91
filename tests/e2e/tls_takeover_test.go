package e2e_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
	"github.com/canonical/gateway-api-integrator/tests/lab"
)

// A pythonCharm is what the Python charm leaves in Juju: its key, its requests and the
// secrets in which its library remembers certificates.
type pythonCharm struct {
	host     string
	key      *rsa.PrivateKey
	keyOwner string // an application or a unit
	keyLabel string
	request  string // as it stands in the databag
}

// TestTakeOverCertificates refreshes from the Python charm, with the key where its
// libraries have kept it. Nothing is issued again: the same bytes ask, the same
// certificate serves. What the old library has set to expire wakes the charm,
// is removed, and the certificate is renewed.
func TestTakeOverCertificates(t *testing.T) {
	t.Parallel()
	current, legacy := tlscertificates.KeyLabels("certificates")
	recorded := recordedRequest(t)
	tests := map[string]pythonCharm{
		"present": {keyOwner: charm, keyLabel: current},
		"older":   {keyOwner: charm, keyLabel: legacy},
		// The key and the request are recordings of the real library.
		"oldest": {keyOwner: charm + "/0", keyLabel: legacy, host: recorded.host, key: recorded.key, request: recorded.request},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.key == nil {
				test = test.asking(t, name+".python.example.com")
			}
			testTakeOver(t, "python-"+name, test)
		})
	}
}

// asking makes a key, and a request like the Python library's: its unique identifier
// is a UUID of version 4, which does not tell when it was made.
func (p pythonCharm) asking(t *testing.T, host string) pythonCharm {
	t.Helper()
	key, err := tlscertificates.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request, err := tlscertificates.NewRequest(rand.Reader, time.Now(), key, tlscertificates.Subject{
		CommonName: host, DNSNames: []string{host}, UniqueID: "6f1c1f4e-0f5c-4b57-9d2c-3a1f6f6f2b11",
	})
	if err != nil {
		t.Fatal(err)
	}
	p.host, p.key, p.request = host, key, tlscertificates.EncodeRequests([]tlscertificates.Request{request})["certificate_signing_requests"]
	return p
}

// recordedRequest reads what the real library wrote.
func recordedRequest(t *testing.T) pythonCharm {
	t.Helper()
	text, err := os.ReadFile("../../internal/relation/tlscertificates/testdata/tls_fixture.json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct {
		Key string            `json:"private_key"`
		Bag map[string]string `json:"requirer_databag"`
	}
	if err := json.Unmarshal(text, &fixture); err != nil {
		t.Fatal(err)
	}
	key, err := tlscertificates.ParseKey(fixture.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pythonCharm{host: "gw.example.com", key: key, request: fixture.Bag["certificate_signing_requests"]}
}

// takenOver makes a model in which the Python charm was before, and got a certificate. The
// application that it served is there, and no hook has run yet.
func (p pythonCharm) takenOver(t *testing.T, model string, juju *clock) (*fixture, *lab.App) {
	t.Helper()
	f := newModel(t, model, juju.of)
	f.must(f.Deploy(f.ctx, charm, map[string]any{"external-hostname": p.host}, true))
	_, err := f.Juju.AddCharmSecret(p.keyOwner, p.keyLabel, map[string]string{"private-key": tlscertificates.EncodeKey(p.key)}, time.Time{})
	f.must(err)
	f.ca, err = f.AddAuthority("ca")
	f.must(err)
	app, err := f.AddApp(f.ctx, "web", 8080, 1)
	f.must(err)
	f.must(f.Relate(f.ctx, "web:ingress", charm))
	f.must(f.Relate(f.ctx, charm+":certificates", "ca"))
	f.must(f.Write(f.ca, map[string]string{"certificate_signing_requests": p.request}))
	_, err = f.Answer(f.ctx)
	f.must(err)
	return f, app
}

// issueAgain has the authority answer the request for a host once more, with a certificate
// that has a life left, and began so long before now. From then on it holds its answers, so
// that nothing comes of a hook that is late. Stories change to a certificate of short life
// by this when all else is ready: a slow machine eats nothing of it meanwhile.
func (f *fixture) issueAgain(host string, before, left time.Duration) *x509.Certificate {
	f.t.Helper()
	f.ca.Backdate, f.ca.Life, f.ca.Hold = before, left, false
	f.ca.Reissue(host)
	_, err := f.Answer(f.ctx)
	f.must(err)
	f.ca.Backdate, f.ca.Life, f.ca.Hold = 0, 0, true
	f.must(f.Settle(f.ctx))
	return last(f.ca.Issued(host))
}

// oldAge is how long the life of a certificate is that issueOld leaves.
const oldAge = time.Minute

// issueOld issues a certificate again of which nine tenths of the life are over in some
// time, by what the certificate says, and which has a minute left. That counts where the
// request does not tell when it was made, as the Python charm's.
func (f *fixture) issueOld(host string, due time.Duration) *x509.Certificate {
	f.t.Helper()
	return f.issueAgain(host, 9*oldAge-10*due, oldAge)
}

// awaitDue waits until a certificate is to be renewed that was asked for in the
// Python charm's way.
func (f *fixture) awaitDue(leaf *x509.Certificate) {
	f.t.Helper()
	f.await(dueAt(leaf).Add(time.Second))
}

// dueAt is when nine tenths of a certificate's life are over, by what it says.
func dueAt(leaf *x509.Certificate) time.Time {
	return leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 10 * 9)
}

func testTakeOver(t *testing.T, model string, python pythonCharm) {
	var juju clock
	f, app := python.takenOver(t, model, &juju)
	story := "taken over from the Python charm, key of " + python.keyOwner + " as " + python.keyLabel
	before, leaf := f.requests(), f.ca.Issued(python.host)[0]
	sum := sha256.Sum256([]byte(before[0]))
	expiry := time.Now().Add(time.Minute) // The library counts life from when it hears of the certificate.
	remembered := certificateSecrets + "certificate-0-certificates-" + hex.EncodeToString(sum[:])
	_, err := f.Juju.AddCharmSecret(charm+"/0", remembered, map[string]string{
		"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})), "csr": before[0],
	}, expiry)
	f.must(err)

	f.must(f.Settle(f.ctx))
	f.awaitStatus("active", active)
	watched := f.watch(story, app.URL(charm))
	watched.more()
	if diff := cmp.Diff(before, f.requests()); diff != "" {
		t.Fatalf("requests (-before +after):\n%s", diff)
	}
	if n := len(f.ca.Issued(python.host)); n != 1 {
		t.Fatalf("%d certificates were issued", n)
	}
	f.awaitLeaf(app.URL(charm), leaf)

	old := f.issueOld(python.host, 6*time.Second)
	f.awaitLeaf(app.URL(charm), old)
	watched.more()
	f.awaitDue(old)
	f.ca.Hold = false
	juju.reach(expiry)
	f.ran = nil
	f.must(f.Tick(f.ctx))
	if left := f.labelled(certificateSecrets + "certificate-"); len(left) != 0 {
		t.Errorf("left over in Juju: %v, after %v", labels(left), f.ran)
	}
	after := f.requests()
	if len(after) != 1 || after[0] == before[0] || !python.key.PublicKey.Equal(f.parsed(after)[0].PublicKey) {
		t.Errorf("requests are %v after %v", after, f.ran)
	}
	f.awaitLeaf(app.URL(charm), last(f.ca.Issued(python.host)))

	// A unit's key is of no use to the next leader; it has become the application's.
	next, err := f.Juju.AddUnit(f.ctx, charm)
	f.must(err)
	f.must(f.Settle(f.ctx))
	f.must(f.Juju.SetLeader(charm, next))
	f.must(f.Settle(f.ctx))
	if diff := cmp.Diff(after, f.requests()); diff != "" {
		t.Errorf("requests with another leader (-before +after):\n%s", diff)
	}
	watched.end()
	if issued := f.ca.Issued(python.host); len(issued) != 3 || len(watched.All[0].Leaves) != 3 {
		t.Errorf("%d certificates were issued, %d served", len(issued), len(watched.All[0].Leaves))
	}
}
