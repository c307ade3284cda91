package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/canonical/gateway-api-integrator/internal/kube/rollout"
)

// TestRead asks for everything at once over one connection, and gets it.
func TestRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.has(t, classesPath, map[string]any{"metadata": map[string]any{"name": "class"}, "spec": map[string]any{"controllerName": "example.com/c"}})
	s.has(t, strings.TrimSuffix(statefulSetPath, "/gw"), map[string]any{"kind": "StatefulSet", "apiVersion": "apps/v1", "metadata": map[string]any{"name": "gw", "uid": "uid-gw"}})
	s.hasApplied(t, gatewaysPath, gateway("gw", "a"))
	s.hasApplied(t, gatewaysPath, gateway("another", "a"))
	for _, name := range []string{"c", "a", "b"} {
		s.hasApplied(t, routesPath, httpRoute(name))
	}
	s.hasApplied(t, secretsPath, secret("s"))
	// Nothing is answered before everything is asked.
	var asked sync.WaitGroup
	asked.Add(8)
	for _, path := range append([]string{classesPath, statefulSetPath}, paths...) {
		if path == configMapsPath {
			continue // There is no policy that would need one.
		}
		s.answer("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			asked.Done()
			asked.Wait()
			s.mutex.Lock()
			defer s.mutex.Unlock()
			if path == statefulSetPath {
				reply(w, http.StatusOK, s.objects[path])
				return
			}
			reply(w, http.StatusOK, s.list(r.URL.Path, nil))
		})
	}

	snapshot, err := s.client(t).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.Gateway == nil || snapshot.Gateway.Name != "gw" || len(snapshot.Gateway.Spec.Listeners) != 1 {
		t.Errorf("got Gateway %v", snapshot.Gateway)
	}
	var names []string
	for _, route := range snapshot.Routes {
		names = append(names, route.Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if len(snapshot.Classes) != 1 || snapshot.Classes[0].Spec.ControllerName != "example.com/c" {
		t.Errorf("got classes %v", snapshot.Classes)
	}
	if snapshot.OwnerUID != "uid-gw" {
		t.Errorf("got owner %q", snapshot.OwnerUID)
	}

	var got []string
	for _, request := range s.requests {
		got = append(got, request.String()+" "+request.query.Get("labelSelector"))
	}
	slices.Sort(got)
	own := testLabel + "=gw"
	want := []string{
		"GET backendtlspolicies " + own, "GET endpointslices " + own + ",endpointslice.kubernetes.io/managed-by=gw", "GET gatewayclasses ", "GET gateways " + own,
		"GET httproutes ", "GET secrets " + own, "GET services " + own, "GET statefulsets/gw ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if s.connections != 1 {
		t.Errorf("got %d connections, want 1", s.connections)
	}
}

func TestReadNothing(t *testing.T) {
	t.Parallel()
	snapshot, err := newServer(t).client(t).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.Gateway != nil || snapshot.Routes != nil || snapshot.Classes != nil || snapshot.OwnerUID != "" {
		t.Errorf("got %+v, want nothing", snapshot)
	}
}

func TestReadPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	pages := map[string][]any{
		"":       {applied(t, httpRoute("a")).Object, applied(t, httpRoute("b")).Object},
		"second": {applied(t, httpRoute("c")).Object},
		"third":  {applied(t, httpRoute("d")).Object},
	}
	next := map[string]string{"": "second", "second": "third"}
	s.answer("GET "+routesPath, func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("continue")
		if limit := r.URL.Query().Get("limit"); limit != "500" {
			http.Error(w, "got limit "+limit, http.StatusBadRequest)
			return
		}
		reply(w, http.StatusOK, map[string]any{
			"kind": "HTTPRouteList", "apiVersion": "gateway.networking.k8s.io/v1",
			"metadata": map[string]any{"continue": next[token]}, "items": pages[token],
		})
	})
	snapshot, err := s.client(t).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(snapshot.Routes) != 4 {
		t.Errorf("got %d routes, want 4 of three pages", len(snapshot.Routes))
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	isForbidden := func(action string) func(error) error {
		return func(err error) error {
			var got *ForbiddenError
			if !errors.As(err, &got) || got.Action != action {
				return fmt.Errorf("got %w, want forbidden: %s", err, action)
			}
			return nil
		}
	}
	isNoResource := func(resource string) func(error) error {
		return func(err error) error {
			var got *NoResourceError
			if !errors.As(err, &got) || got.Resource != resource {
				return fmt.Errorf("got %w, want no resource %s", err, resource)
			}
			return nil
		}
	}
	isFine := func(err error) error { return err }
	tests := map[string]struct {
		path   string
		answer http.HandlerFunc
		check  func(error) error
	}{
		"gateways forbidden":     {gatewaysPath, forbidden(), isForbidden("list gateways")},
		"classes forbidden":      {classesPath, forbidden(), isForbidden("list gatewayclasses")},
		"secrets forbidden":      {secretsPath, forbidden(), isForbidden("list secrets")},
		"StatefulSet forbidden":  {statefulSetPath, forbidden(), isForbidden("get statefulsets")},
		"no classes":             {classesPath, unserved, isNoResource("gatewayclasses")},
		"no gateways":            {gatewaysPath, unserved, isNoResource("gateways")},
		"no routes, as a Status": {routesPath, refuse(http.StatusNotFound, "NotFound", "not here"), isNoResource("httproutes")},
		"no services":            {servicesPath, unserved, plain},
		"no StatefulSet":         {statefulSetPath, refuse(http.StatusNotFound, "NotFound", "not here"), isFine},
		"broken":                 {gatewaysPath, refuse(http.StatusInternalServerError, "InternalError", "out of order"), plain},
		"broken proxy": {gatewaysPath, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "bad gateway", http.StatusBadGateway)
		}, plain},
		"unauthorized":  {gatewaysPath, refuse(http.StatusUnauthorized, "Unauthorized", "who are you"), plain},
		"expired pages": {gatewaysPath, refuse(http.StatusGone, "Expired", "too late"), plain},
		"a page of something else": {gatewaysPath, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<html>")
		}, plain},
		"a gateway that makes no sense": {gatewaysPath, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, map[string]any{
				"kind": "GatewayList", "apiVersion": "gateway.networking.k8s.io/v1",
				"items": []any{map[string]any{"kind": "Gateway", "metadata": map[string]any{"name": "gw", "labels": map[string]any{testLabel: "gw"}}, "spec": "?"}},
			})
		}, plain},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.answer("GET "+test.path, test.answer)
			snapshot, err := s.client(t).Read(t.Context())
			if problem := test.check(err); problem != nil {
				t.Error(problem)
			}
			if (snapshot == nil) != (err != nil) {
				t.Errorf("got snapshot %v with error %v", snapshot, err)
			}
		})
	}
}

// TestReadWithoutAnswer ends in time when the API server is not there, does not
// answer, or the hook is told to stop.
func TestReadWithoutAnswer(t *testing.T) {
	t.Parallel()
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		client := s.client(t)
		s.Close()
		_, err := client.Read(t.Context())
		if problem := plain(err); problem != nil || !isOutage(err) {
			t.Errorf("got %v (%v), want an outage", err, problem)
		}
	})
	t.Run("slow", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		s.answer("GET "+secretsPath, hang)
		_, err := s.impatientClient(t, 50*time.Millisecond).Read(t.Context())
		if problem := plain(err); problem != nil || !isOutage(err) {
			t.Errorf("got %v (%v), want an outage", err, problem)
		}
	})
	t.Run("busy for long", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		s.answer("GET "+gatewaysPath, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "3600")
			refuse(http.StatusTooManyRequests, "TooManyRequests", "later")(w, r)
		})
		_, err := s.impatientClient(t, 50*time.Millisecond).Read(t.Context())
		if problem := plain(err); problem != nil || !isOutage(err) {
			t.Errorf("got %v (%v), want an outage", err, problem)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		ctx, cancel := context.WithCancel(t.Context())
		s.answer("GET "+secretsPath, func(w http.ResponseWriter, r *http.Request) {
			cancel()
			hang(w, r)
		})
		if _, err := s.client(t).Read(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

// TestReadReconnects: the bound on connections must not outlive them.
func TestReadReconnects(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	client := s.client(t)
	if _, err := client.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.CloseClientConnections()
	// The first request may still go to the connection that was closed.
	deadline := time.Now().Add(requestTimeout / 2)
	for {
		_, err := client.Read(t.Context())
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("cannot connect again: %v", err)
		}
	}
	if s.connections != 2 {
		t.Errorf("got %d connections, want 2", s.connections)
	}
}

// TestReadOverHTTP is how `kubectl proxy` is used: no TLS, no HTTP/2.
func TestReadOverHTTP(t *testing.T) {
	t.Parallel()
	s := unstarted()
	s.hasApplied(t, gatewaysPath, gateway("gw", "a"))
	proxy := httptest.NewServer(s)
	t.Cleanup(proxy.Close)
	client, err := NewClient(&rest.Config{Host: proxy.URL}, Options{Namespace: "shop", Manager: "gw", Label: testLabel})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := client.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.Gateway == nil {
		t.Error("no Gateway")
	}
}

func TestInParallel(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	running, most, done := 0, 0, 0
	begun := make(chan struct{}, parallel)
	release := make(chan struct{})
	job := func() error {
		mutex.Lock()
		running++
		most = max(most, running)
		mutex.Unlock()
		select {
		case begun <- struct{}{}:
		default:
		}
		<-release
		mutex.Lock()
		defer mutex.Unlock()
		running--
		done++
		return fmt.Errorf("job %d", done)
	}
	go func() {
		for range parallel {
			<-begun
		}
		close(release)
	}()
	err := inParallel(slices.Repeat([]func() error{job}, 10*parallel))
	if most != parallel || running != 0 || done != 10*parallel {
		t.Errorf("got %d at once, %d done, %d running at the end", most, done, running)
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 10*parallel {
		t.Errorf("got %d errors, want one for each job", len(lines))
	}
}

// TestServices tells the addresses that stand in for selectors, whatever else somebody
// may have written there.
func TestServices(t *testing.T) {
	t.Parallel()
	slice := func(name, service string, addresses ...any) *unstructured.Unstructured {
		var endpoints []any
		for _, address := range addresses {
			endpoints = append(endpoints, map[string]any{"addresses": []any{address}})
		}
		return &unstructured.Unstructured{Object: map[string]any{
			"kind": "EndpointSlice", "metadata": map[string]any{"name": name, "labels": map[string]any{rollout.LabelServiceName: service}}, "endpoints": endpoints,
		}}
	}
	s := Snapshot{live: map[key]*unstructured.Unstructured{
		{"Service", "near"}: {}, {"Service", "far"}: {},
		{"EndpointSlice", "far-ipv6"}:   slice("far-ipv6", "far", "fd10::5"),
		{"EndpointSlice", "far-ipv4"}:   slice("far-ipv4", "far", "10.1.0.9", "nowhere", int64(5)),
		{"EndpointSlice", "far-ipv4-2"}: slice("far-ipv4-2", "far", "10.1.0.7"),
	}}
	want := map[string][]netip.Addr{
		"near": nil, "far": {netip.MustParseAddr("10.1.0.7"), netip.MustParseAddr("10.1.0.9"), netip.MustParseAddr("fd10::5")},
	}
	if diff := cmp.Diff(want, s.Services(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestServiceAddresses tells where the Services themselves are, of one family or two.
func TestServiceAddresses(t *testing.T) {
	t.Parallel()
	service := func(addresses ...any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"kind": "Service", "spec": map[string]any{"clusterIPs": addresses}}}
	}
	s := Snapshot{live: map[key]*unstructured.Unstructured{
		{"Service", "both"}: service("10.96.4.7", "fd98::7"), {"Service", "one"}: service("10.96.4.5"),
		{"Service", "headless"}: service("None"), {"Service", "odd"}: service(int64(7)), {"Service", "new"}: {},
	}}
	want := []netip.Addr{netip.MustParseAddr("10.96.4.5"), netip.MustParseAddr("10.96.4.7"), netip.MustParseAddr("fd98::7")}
	if diff := cmp.Diff(want, s.ServiceAddresses(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestServer tells where the API server is, if that is an address.
func TestServer(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"https://10.96.0.1:443": "10.96.0.1", "10.96.0.1": "10.96.0.1", "https://[fd98::1]:6443": "fd98::1",
		"https://[::ffff:10.96.0.1]": "10.96.0.1", "https://kubernetes.default": "", "http://localhost:8080/api": "",
	} {
		client, err := NewClient(&rest.Config{Host: host}, Options{Namespace: "shop", Manager: "gw", Label: testLabel})
		if err != nil {
			t.Fatal(err)
		}
		if got := client.Server(); len(got) != min(len(want), 1) || want != "" && got[0] != netip.MustParseAddr(want) {
			t.Errorf("%s: %v, want %q", host, got, want)
		}
	}
}
