package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// deadline is for anything that a controller or Traefik is to do.
const deadline = 60 * time.Second

var (
	gateways       = schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: "v1", Resource: "gateways"}
	httpRoutes     = schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: "v1", Resource: "httproutes"}
	definitions    = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	gatewayClasses = schema.GroupVersionResource{Group: gatewayv1.GroupName, Version: "v1", Resource: "gatewayclasses"}
)

// site is one host served over HTTPS by one pod: everything made by hand that
// the charm would make. Without a host it is whatever Traefik has no other
// listener for.
type site struct {
	cluster     *cluster.Cluster
	model, host string
	names       certifiedNames
	pod         *cluster.RunningPod
	ca          *x509.CertPool
	certificate []byte // PEM
	key         []byte
}

// certifiedNames are what a certificate is for.
type certifiedNames struct {
	dns       []string
	addresses []net.IP
}

func newSite(t *testing.T, c *cluster.Cluster, model, host string) *site {
	t.Helper()
	return newCertifiedSite(t, c, model, host, certifiedNames{dns: []string{host}})
}

func newCertifiedSite(t *testing.T, c *cluster.Cluster, model, host string, names certifiedNames) *site {
	t.Helper()
	s := &site{cluster: c, model: model, host: host, names: names}
	s.issue(t)
	must(t, c.CreateModel(t.Context(), model))
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "hello from web-0 to %s", r.URL.Path) })
	var err error
	s.pod, err = c.AddPod(t.Context(), model, "web", 0, cluster.Pod{Port: 8080, Handler: hello})
	must(t, err)
	return s
}

func (s *site) client() *http.Client { return s.cluster.Client(s.ca) }

// issue makes a certificate authority and the site's certificate.
func (s *site) issue(t *testing.T) {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "site CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: s.names.dns, IPAddresses: s.names.addresses, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	must(t, err)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	parsed, err := x509.ParseCertificate(caDER)
	must(t, err)
	s.ca = x509.NewCertPool()
	s.ca.AddCert(parsed)
	s.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER})
	s.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// apply creates Secret, Gateway, Service and HTTPRoute.
func (s *site) apply(t *testing.T) {
	t.Helper()
	core := s.cluster.Typed().CoreV1()
	_, err := core.Secrets(s.model).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "site"}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: s.certificate, corev1.TLSPrivateKeyKey: s.key},
	}, metav1.CreateOptions{})
	must(t, err)
	create(t, s.cluster, gateways, typedGateway(s.model, "site", s.host))
	_, err = core.Services(s.model).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app.kubernetes.io/name": "web"},
			Ports:    []corev1.ServicePort{{Name: "tcp-8080", Port: 8080}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	create(t, s.cluster, httpRoutes, typedRoute(s.model, s.host))
}

func typedGateway(namespace, name, host string) *gatewayv1.Gateway {
	var hostname *gatewayv1.Hostname
	if host != "" {
		hostname = (*gatewayv1.Hostname)(&host)
	}
	return &gatewayv1.Gateway{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "Gateway"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: cluster.TraefikClass,
			Listeners: []gatewayv1.Listener{{
				Name: "https", Port: 443, Protocol: gatewayv1.HTTPSProtocolType, Hostname: hostname,
				TLS: &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "site"}}},
			}},
		},
	}
}

func typedRoute(namespace, host string) *gatewayv1.HTTPRoute {
	port, section := gatewayv1.PortNumber(8080), gatewayv1.SectionName("https")
	route := &gatewayv1.HTTPRoute{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "HTTPRoute"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: namespace},
	}
	route.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: "site", SectionName: &section}}
	if host != "" {
		route.Spec.Hostnames = []gatewayv1.Hostname{gatewayv1.Hostname(host)}
	}
	backend := gatewayv1.HTTPBackendRef{}
	backend.Name, backend.Port = "web", &port
	route.Spec.Rules = []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{backend}}}
	return route
}

// create creates an object in the namespace that it names.
func create(t *testing.T, c *cluster.Cluster, resource schema.GroupVersionResource, object metav1.Object) {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	must(t, err)
	delete(content, "status")
	_, err = c.Dynamic().Resource(resource).Namespace(object.GetNamespace()).
		Create(t.Context(), &unstructured.Unstructured{Object: content}, metav1.CreateOptions{FieldValidation: "Strict"})
	must(t, err)
}
