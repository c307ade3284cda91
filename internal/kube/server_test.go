package kube

import (
	"cmp"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
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

// server plays the HTTP edge of an API server: it lists what it was given, takes
// what is applied, and deletes. It admits and defaults nothing. A test
// can answer certain requests itself.
type server struct {
	*httptest.Server

	mutex       sync.Mutex
	objects     map[string]map[string]any // by path
	answers     map[string]http.HandlerFunc
	requests    []request
	connections int
	version     int
}

// newServer starts a server that speaks TLS and HTTP/2, as the real one does.
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{objects: map[string]map[string]any{}, answers: map[string]http.HandlerFunc{}}
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
	metadata := object["metadata"].(map[string]any)
	s.version++
	metadata["resourceVersion"] = strconv.Itoa(s.version)
	if metadata["uid"] == nil {
		metadata["uid"] = "uid-" + metadata["name"].(string)
	}
	s.objects[collection+"/"+metadata["name"].(string)] = object
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
	if handler := s.answers[r.Method+" "+r.URL.Path]; handler != nil {
		handler(w, r)
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case r.Method == http.MethodGet && slices.Contains(append(paths, classesPath, namespacesPath, serverSlicesPath), r.URL.Path):
		reply(w, http.StatusOK, s.list(r.URL.Path, r.URL.Query()))
	case r.Method == http.MethodPatch && r.Header.Get("Content-Type") == applyContentType:
		s.apply(w, r.URL.Path, body)
	case s.objects[r.URL.Path] == nil:
		reply(w, http.StatusNotFound, status(http.StatusNotFound, "NotFound", "not found"))
	case r.Method == http.MethodDelete:
		delete(s.objects, r.URL.Path)
		reply(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	default:
		reply(w, http.StatusOK, s.objects[r.URL.Path])
	}
}

func (s *server) list(collection string, query url.Values) map[string]any {
	items := []any{}
	for _, path := range slices.SortedFunc(maps.Keys(s.objects), cmp.Compare) {
		if strings.HasPrefix(path, collection+"/") && selected(s.objects[path], query) {
			items = append(items, s.objects[path])
		}
	}
	return map[string]any{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{}, "items": items}
}

// selected reports whether an object has the label of the selector, and the name of the other.
func selected(object map[string]any, query url.Values) bool {
	metadata, _ := object["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	if name, value, found := strings.Cut(query.Get("labelSelector"), "="); found {
		value, _, _ = strings.Cut(value, ",")
		if labels[name] != value {
			return false
		}
	}
	_, name, found := strings.Cut(query.Get("fieldSelector"), "=")
	return !found || metadata["name"] == name
}

// apply takes the object as the only manager's, with a new version, unless another is
// meant than the one that is there.
func (s *server) apply(w http.ResponseWriter, path string, body []byte) {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	metadata := object["metadata"].(map[string]any)
	if uid := metadata["uid"]; uid != nil {
		there, _ := s.objects[path]["metadata"].(map[string]any)
		if there["uid"] != uid {
			reply(w, http.StatusConflict, status(http.StatusConflict, metav1.StatusReasonConflict, "uid mismatch"))
			return
		}
		delete(metadata, "uid") // It is in no record.
	}
	s.version++
	metadata["managedFields"] = []any{applyRecord(object)}
	metadata["resourceVersion"] = strconv.Itoa(s.version)
	metadata["uid"] = "uid-" + metadata["name"].(string)
	s.objects[path] = object
	reply(w, http.StatusOK, object)
}

func reply(w http.ResponseWriter, code int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(content) // The client may be gone.
}

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
