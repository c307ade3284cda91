package kube

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/canonical/gateway-api-integrator/internal/kube/kubetest"
)

// The paths under which the API server has what the charm handles.
const (
	classesPath      = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"
	statefulSetPath  = "/apis/apps/v1/namespaces/shop/statefulsets/gw"
	secretsPath      = "/api/v1/namespaces/shop/secrets"
	gatewaysPath     = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways"
	configMapsPath   = "/api/v1/namespaces/shop/configmaps"
	policiesPath     = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/backendtlspolicies"
	servicesPath     = "/api/v1/namespaces/shop/services"
	slicesPath       = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
	routesPath       = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"
	testLabel        = "example.com/managed-by"
	namespacesPath   = "/api/v1/namespaces"
	serverSlicesPath = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
	applyContentType = "application/apply-patch+yaml"
)

// paths are the collections that take part in Apply, in the order of writing.
var paths = []string{secretsPath, gatewaysPath, configMapsPath, policiesPath, servicesPath, slicesPath, routesPath}

// A request is what the server was asked.
type request struct {
	method, path string
	query        url.Values
	contentType  string
	body         []byte
}

// String reads as "PATCH secrets/a".
func (r request) String() string {
	parts := strings.Split(r.path, "/")
	tail := parts[len(parts)-1]
	if !slices.Contains(append(paths, classesPath), r.path) {
		tail = parts[len(parts)-2] + "/" + tail
	}
	return r.method + " " + tail
}

// server is a kubetest.Server that keeps what it was asked. A test can answer certain requests
// itself.
type server struct {
	*httptest.Server
	api     *kubetest.Server
	objects map[string]map[string]any // the api's

	mutex       *sync.Mutex // the api's
	requests    []request
	connections int
	answers     map[string]http.HandlerFunc // the api's
}

// unstarted makes a server, which is a handler.
func unstarted() *server {
	api := kubetest.New()
	return &server{api: api, objects: api.Objects, mutex: &api.Mutex, answers: api.Answers}
}

// newServer starts a server that speaks TLS and HTTP/2, as the real one does.
func newServer(t *testing.T) *server {
	t.Helper()
	s := unstarted()
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mutex.Lock()
			defer s.mutex.Unlock()
			s.connections++
		}
	}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *server) client(t *testing.T) *Client { return s.impatientClient(t, 0) }

// impatientClient makes a client that waits so long for an answer.
func (s *server) impatientClient(t *testing.T, timeout time.Duration) *Client {
	t.Helper()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	client, err := NewClient(
		&rest.Config{Host: s.URL, TLSClientConfig: rest.TLSClientConfig{CAData: authority}, Timeout: timeout},
		Options{Namespace: "shop", Manager: "gw", Label: testLabel},
	)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// answer has requests such as "GET /api/v1/…" answered by a handler. It must be
// called before there are requests.
func (s *server) answer(request string, handler http.HandlerFunc) { s.answers[request] = handler }

// has puts an object into the server, as another client would.
func (s *server) has(t *testing.T, collection string, object map[string]any) {
	t.Helper()
	s.api.Put(collection, object)
}

// hasApplied puts an object into the server as the application applied it.
func (s *server) hasApplied(t *testing.T, collection string, object Object) {
	t.Helper()
	s.has(t, collection, applied(t, object).Object)
}

// written are the requests that were not to read, and forgets all.
func (s *server) written() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var lines []string
	for _, request := range s.requests {
		if request.method != http.MethodGet {
			lines = append(lines, request.String())
		}
	}
	s.requests = nil
	return lines
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mutex.Lock()
	s.requests = append(s.requests, request{r.Method, r.URL.Path, r.URL.Query(), r.Header.Get("Content-Type"), body})
	s.mutex.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.api.ServeHTTP(w, r)
}

func (s *server) list(collection string, _ url.Values) map[string]any { return s.api.List(collection) }

func reply(w http.ResponseWriter, code int, content any) { kubetest.Reply(w, code, content) }

func status(code int, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
	}
}

// refuse answers as the API server does.
func refuse(code int, reason metav1.StatusReason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply(w, code, status(code, reason, message)) }
}

// unserved answers as for a kind that the API server does not have.
func unserved(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "404 page not found", http.StatusNotFound)
}

// hang answers nothing until the client has given up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func forbidden() http.HandlerFunc {
	return refuse(http.StatusForbidden, metav1.StatusReasonForbidden, "no permission")
}

// plain says that an error is none of the kinds that have a type.
func plain(err error) error {
	if target := (*ForbiddenError)(nil); asError(err, &target) {
		return fmt.Errorf("got a ForbiddenError: %w", err)
	}
	if target := (*NoResourceError)(nil); asError(err, &target) {
		return fmt.Errorf("got a NoResourceError: %w", err)
	}
	if err == nil {
		return fmt.Errorf("got no error")
	}
	return nil
}
