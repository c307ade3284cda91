package e2e_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
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

// owner makes an object of the editor's, and gives it as an owner.
func (f *fixture) owner() map[string]any {
	f.t.Helper()
	resource := schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	object, err := shared.Dynamic().Resource(resource).Namespace(f.Model).Get(f.ctx, "default", metav1.GetOptions{})
	f.must(err)
	return map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "name": "default", "uid": string(object.GetUID())}
}

// routesInClear are the charm's routes that lead to an application from an HTTP listener.
func (f *fixture) routesInClear() []string {
	f.t.Helper()
	list, err := shared.Dynamic().Resource(gatewayAPI("httproutes")).Namespace(f.Model).List(f.ctx, metav1.ListOptions{})
	f.must(err)
	var names []string
	for i := range list.Items {
		route := list.Items[i].Object["spec"].(map[string]any)
		parents, _ := route["parentRefs"].([]any)
		for _, rule := range route["rules"].([]any) {
			leads := rule.(map[string]any)["backendRefs"] != nil
			for _, parent := range parents {
				section, _ := parent.(map[string]any)["sectionName"].(string)
				if leads && strings.HasPrefix(section, charm+"-http-") {
					names = append(names, list.Items[i].GetName())
				}
			}
		}
	}
	return names
}

// TestEditor: somebody edits the charm's objects in the cluster: the owner of a route, its
// finalizers, the notes of the Gateway, the content of a Secret. The next hook serves what follows
// from Juju's data, and nothing else.
func TestEditor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "editor", map[string]any{"external-hostname": "editor.example.com", "enforce-https": false}).withAuthority()
	app := f.app("web", 8080, nil)
	f.awaitStatusBeginning("active " + active)
	const clear = "http://editor.example.com/editor-web"
	f.awaitAnswer(clear, 200)
	routes, gateways := gatewayAPI("httproutes"), gatewayAPI("gateways")
	secrets := schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

	// What the charm does not set: that a route is for other hosts, and that a Service is another name.
	services := schema.GroupVersionResource{Version: "v1", Resource: "services"}
	for _, route := range f.routesInClear() {
		f.edit(routes, route, map[string]any{"spec": map[string]any{"hostnames": []any{"nowhere.example.com"}}})
	}
	f.edit(services, charm+"-web-service", map[string]any{"spec": map[string]any{"type": "ExternalName", "externalName": "nowhere.example.com"}})
	f.awaitAnswer(clear, 404)
	f.updateStatus()
	f.awaitAnswer(clear, 200)
	f.updateStatus()
	for resource, name := range map[schema.GroupVersionResource]string{routes: f.routesInClear()[0], services: charm + "-web-service"} {
		object, err := shared.Dynamic().Resource(resource).Namespace(f.Model).Get(f.ctx, name, metav1.GetOptions{})
		f.must(err)
		for _, entry := range object.GetManagedFields() {
			if entry.Manager == "editor" || entry.Manager == charm && entry.Operation != metav1.ManagedFieldsOperationApply {
				t.Errorf("%s has fields that %s has set: %s", name, entry.Manager, entry.FieldsV1)
			}
		}
	}

	// A route that serves in clear is given to somebody else, and held by a finalizer. It
	// serves no more when HTTPS is enforced.
	for _, route := range f.routesInClear() {
		f.edit(routes, route, map[string]any{"metadata": map[string]any{
			"ownerReferences": []any{f.owner()}, "finalizers": []any{"example.com/held"},
		}})
	}
	f.configure(map[string]any{"enforce-https": true})
	f.awaitAnswer(clear, 301)
	for _, route := range f.routesInClear() {
		t.Errorf("route %s still serves in clear", route)
	}
	watched := f.neverClear("edits", clear)
	url := app.URL(charm)
	f.awaitAnswer(url, 200)

	// Whom the Secret of the host belongs to.
	secret := charm + "-secret-editor.example.com"
	f.edit(secrets, secret, map[string]any{"metadata": map[string]any{"ownerReferences": []any{f.owner()}}})
	f.updateStatus()
	object, err := shared.Dynamic().Resource(secrets).Namespace(f.Model).Get(f.ctx, secret, metav1.GetOptions{})
	f.must(err)
	if owners := object.GetOwnerReferences(); len(owners) != 1 || owners[0].Kind != "StatefulSet" {
		t.Errorf("the Secret belongs to %v", owners)
	}

	// What the Gateway notes counts for nothing, whichever option is wrong.
	f.configure(map[string]any{"hsts-max-age": -1})
	f.edit(gateways, charm, map[string]any{"metadata": map[string]any{"annotations": map[string]any{
		"gateway-api-integrator.charm.juju.is/settings": `{"external-hostname":"evil.example.com","hsts-max-age":1}`,
	}}})
	f.updateStatus()
	if listeners := strings.Join(f.listeners(), " "); strings.Contains(listeners, "evil") || !strings.Contains(listeners, "https-editor-example-com") {
		t.Errorf("listeners are %s", listeners)
	}
	if requests := f.requests(); len(requests) != 1 {
		t.Errorf("%d certificates are requested", len(requests))
	}
	f.awaitAnswer(url, 200)
	f.configure(map[string]any{"hsts-max-age": 300})
	f.awaitStatus("active", active)
	watched()
}

// TestForgedSecret: somebody puts a certificate of the charm's own key into a Secret that no
// provider issued. It is not served, whether the real certificate is still pending or not.
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
