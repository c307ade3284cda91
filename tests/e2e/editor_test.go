package e2e_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/canonical/gateway-api-integrator/internal/relation/tlscertificates"
)

// edit changes an object as somebody does who may edit it.
func (f *fixture) edit(resource schema.GroupVersionResource, name string, patch map[string]any) {
	f.t.Helper()
	body, err := json.Marshal(patch)
	f.must(err)
	_, err = shared.Dynamic().Resource(resource).Namespace(f.Model).Patch(f.ctx, name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "editor"})
	f.must(err)
}

// TestForgedSecret has somebody put a certificate of the charm's own key into a Secret,
// which no provider gave. It is not served, be the certificate still on its way or not.
func TestForgedSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "forged", map[string]any{"external-hostname": "forged.example.com", "enforce-https": true}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	url := app.URL(charm)
	f.awaitAnswer(url, 200)
	secrets := schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	name := charm + "-secret-forged.example.com"
	forge := func() string {
		t.Helper()
		object, err := shared.Dynamic().Resource(secrets).Namespace(f.Model).Get(f.ctx, name, metav1.GetOptions{})
		f.must(err)
		text, err := base64.StdEncoding.DecodeString(object.Object["data"].(map[string]any)["tls.key"].(string))
		f.must(err)
		key, err := tlscertificates.ParseKey(string(text))
		f.must(err)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(6), DNSNames: []string{"forged.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(9000 * time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		f.must(err)
		chain := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		f.edit(secrets, name, map[string]any{"data": map[string]any{"tls.crt": chain}})
		return chain
	}
	stands := func() string {
		object, err := shared.Dynamic().Resource(secrets).Namespace(f.Model).Get(f.ctx, name, metav1.GetOptions{})
		if err != nil {
			return ""
		}
		chain, _ := object.Object["data"].(map[string]any)["tls.crt"].(string)
		return chain
	}
	given := stands()
	forge()
	f.updateStatus()
	if got := stands(); got != given {
		t.Error("over what the provider gave, the forged certificate stays")
	}
	f.awaitAnswer(url, 200)

	// The provider says nothing any more: what it gave is served, and nothing else.
	f.ca.Mute = true
	f.settle()
	if got := stands(); got != given {
		t.Error("what a silent provider gave is served no more")
	}
	f.awaitAnswer(url, 200)
	forged := forge()
	f.updateStatus()
	if got := stands(); got == forged {
		t.Error("the forged certificate is served")
	}
}
