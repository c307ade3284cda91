package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// resourcesOf are the resources of the kinds that this story writes.
var resourcesOf = map[string]schema.GroupVersionResource{
	"ConfigMap":                        {Version: "v1", Resource: "configmaps"},
	"Secret":                           {Version: "v1", Resource: "secrets"},
	"Gateway":                          gatewayAPI("gateways"),
	"HTTPRoute":                        gatewayAPI("httproutes"),
	"ValidatingAdmissionPolicy":        {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"},
	"ValidatingAdmissionPolicyBinding": {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"},
}

// at returns where an object is written, in the namespace that it names or in none.
func at(object *unstructured.Unstructured) dynamic.ResourceInterface {
	resource := shared.Dynamic().Resource(resourcesOf[object.GetKind()])
	if object.GetNamespace() == "" {
		return resource
	}
	return resource.Namespace(object.GetNamespace())
}

func write(ctx context.Context, object *unstructured.Unstructured) error {
	_, err := at(object).Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "tenant", Force: true})
	return err
}

// object reads one from a text in YAML.
func (f *fixture) object(text string, args ...any) *unstructured.Unstructured {
	f.t.Helper()
	object := &unstructured.Unstructured{}
	f.must(yaml.Unmarshal(fmt.Appendf(nil, text, args...), &object.Object))
	return object
}

const ownGateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: mine, namespace: %s}
spec:
  gatewayClassName: %s
  listeners:
  - {name: http, port: 80, protocol: HTTP, hostname: %[3]q}
  - {name: https, port: 443, protocol: HTTPS, hostname: %[3]q, tls: {certificateRefs: [{name: mine}]}}
`

const ownRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: mine, namespace: %s}
spec:
  parentRefs: [{name: mine}]
  hostnames: %s
  rules:
  - matches: [{path: {type: PathPrefix, value: %q}}]
    backendRefs: [{name: tenant, port: 8080}]
`

// TestSecTenantGateway: a tenant makes a Gateway of the same class in its own namespace, for a host
// of the charm's. The result depends on the controller: Traefik treats all Gateways as one. The
// policy of the page about it keeps the host.
func TestSecTenantGateway(t *testing.T) {
	t.Parallel()
	const host, path = "sectg.example.com", "/sectg-web/login"
	f := newFixture(t, "sectg", map[string]any{"external-hostname": host}).withAuthority()
	f.app("web", 8080, nil)
	f.awaitStatus("active", active)
	f.awaitAnswer("https://"+host+path, 200)
	tenant := f.tenant("sectg-tenant")
	f.must(write(f.ctx, f.selfSigned(tenant.Model, "other.example.net")))

	urls := []string{"https://" + host + path, "http://" + host + path}
	gateway := f.object(ownGateway, tenant.Model, class(), host)
	route := f.object(ownRoute, tenant.Model, "["+host+"]", path)
	f.must(write(f.ctx, gateway))
	f.must(write(f.ctx, route))
	if f.accepted(tenant.Model, "mine"); traits().OwnAddresses {
		f.neverTenants("a Gateway of a tenant's", urls...)
	} else {
		for _, url := range urls {
			f.awaitUnit(url, "tenant/0")
		}
	}
	for _, object := range []*unstructured.Unstructured{route, gateway} {
		f.must(at(object).Delete(f.ctx, object.GetName(), metav1.DeleteOptions{}))
	}
	f.awaitUnit(urls[0], "web/0")
	f.awaitAnswer(urls[1], 301)

	f.applyPolicy(host, tenant.Model)
	f.must(eventually(f.ctx, func(ctx context.Context) error { // It is in force a moment later.
		if err := write(ctx, gateway); !apierrors.IsForbidden(err) {
			return fmt.Errorf("the tenant's Gateway is not refused: %v", err)
		}
		return nil
	}))
	// It may have been made in that moment.
	if err := at(gateway).Delete(f.ctx, "mine", metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	f.refused(tenant.Model, path, host)
	f.neverTenants("a tenant under the policy", urls...)

	// Other hosts are the tenant's to have; and the charm goes on making what is its own.
	f.must(write(f.ctx, f.object(ownGateway, tenant.Model, class(), "other.example.net")))
	for _, hosts := range []string{"[]", "[other.example.net]"} {
		f.must(write(f.ctx, f.object(ownRoute, tenant.Model, hosts, path)))
	}
	api := f.app("api", 8080, nil)
	f.awaitUnit(api.URL(charm), "api/0")
	f.configure(map[string]any{"routing-mode": "subdomain"})
	f.awaitUnit("https://sectg-api."+host+"/", "api/0")
	f.neverTenants("a tenant under the policy, with hosts of its own", "https://sectg-api."+host+path, "http://sectg-api."+host+path)
}

// refused has a tenant try what else would take the host's traffic.
func (f *fixture) refused(namespace, path, host string) {
	f.t.Helper()
	for _, name := range []string{host, "*.example.com", "sectg-api." + host, "*." + host, ""} {
		gateway := f.object(ownGateway, namespace, class(), name)
		if name == "" {
			listeners, _, err := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
			f.must(err)
			for _, listener := range listeners {
				delete(listener.(map[string]any), "hostname")
			}
			f.must(unstructured.SetNestedSlice(gateway.Object, listeners, "spec", "listeners"))
		}
		if err := write(f.ctx, gateway); !apierrors.IsForbidden(err) {
			f.t.Errorf("a tenant's Gateway for %q: %v", name, err)
		}
		if name == "" {
			continue
		}
		if err := write(f.ctx, f.object(ownRoute, namespace, fmt.Sprintf("[other.example.net, %q]", name), path)); !apierrors.IsForbidden(err) {
			f.t.Errorf("a tenant's route for %q: %v", name, err)
		}
	}
}

// applyPolicy applies the page's policy, for the hosts of the charm's model. Other stories are
// told in the same cluster: it is for these two namespaces alone.
func (f *fixture) applyPolicy(host, tenant string) {
	f.t.Helper()
	page, err := os.ReadFile("../../docs/how-to/keep-hosts.yaml")
	f.must(err)
	text := string(page)
	for old, with := range map[string]string{
		"namespace: edge": "namespace: " + f.Model, "values: [edge]": "values: [" + f.Model + "]", "example.com *.example.com": host + " *." + host,
	} {
		if !strings.Contains(text, old) {
			f.t.Fatalf("the page has no %q", old)
		}
		text = strings.ReplaceAll(text, old, with)
	}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader([]byte(text))))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		f.must(err)
		object := &unstructured.Unstructured{}
		f.must(yaml.Unmarshal(document, &object.Object))
		if object.GetKind() == "ValidatingAdmissionPolicyBinding" {
			expressions, _, err := unstructured.NestedSlice(object.Object, "spec", "matchResources", "namespaceSelector", "matchExpressions")
			f.must(err)
			expressions = append(expressions, map[string]any{
				"key": "kubernetes.io/metadata.name", "operator": "In", "values": []any{f.Model, tenant},
			})
			f.must(unstructured.SetNestedSlice(object.Object, expressions, "spec", "matchResources", "namespaceSelector", "matchExpressions"))
		}
		f.must(write(f.ctx, object))
		f.t.Cleanup(func() {
			_ = at(object).Delete(context.WithoutCancel(f.ctx), object.GetName(), metav1.DeleteOptions{})
		})
	}
}

// selfSigned is a Secret of the tenant's, with a certificate for a host.
func (f *fixture) selfSigned(namespace, host string) *unstructured.Unstructured {
	f.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	f.must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	f.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	f.must(err)
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata": map[string]any{"name": "mine", "namespace": namespace},
		"stringData": map[string]any{
			"tls.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})),
			"tls.key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		},
	}}
}

// awaitUnit waits until a URL is answered by a unit.
func (f *fixture) awaitUnit(url, unit string) {
	f.t.Helper()
	f.must(eventually(f.ctx, func(ctx context.Context) error {
		response, err := f.Get(ctx, url, f.ca.Pool())
		if err == nil && response.Echo.Unit != unit {
			err = fmt.Errorf("%s is answered by %q (%d), not %q", url, response.Echo.Unit, response.Code, unit)
		}
		return err
	}))
}
