package cluster

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// TestPortsWaitForNoEnvoy has the ports of a Service change while an Envoy, of whichever
// Gateway, is being started: they are opened and closed as it says at the moment.
func TestPortsWaitForNoEnvoy(t *testing.T) {
	t.Parallel()
	var secure atomic.Bool
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		service := corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "envoy-x", Namespace: envoyNamespace, Labels: map[string]string{ownerLabel: "x"}}}
		add := func(port int32) {
			service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{Port: port, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(10000 + port)})
		}
		add(80)
		if secure.Load() {
			add(443)
		}
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/services") {
			_ = json.NewEncoder(w).Encode(corev1.ServiceList{Items: []corev1.Service{service}})
			return
		}
		_ = json.NewEncoder(w).Encode(service) // Its status is written.
	}))
	t.Cleanup(api.Close)
	client, err := kubernetes.NewForConfig(&rest.Config{Host: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	p := &proxies{cluster: &Cluster{typed: client}, log: log.New(io.Discard, "", 0)}
	// A number that no Gateway of another test gets.
	x := &place{proxies: p, name: "envoy-x", model: "x", number: 77}
	p.places = map[string]*place{"envoy-x": x}
	t.Cleanup(x.unpublish)

	p.deploying.Lock()
	defer p.deploying.Unlock()
	for _, open := range []bool{false, true, false, true} {
		secure.Store(open)
		if err := p.publishAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.addressOf("x"); got != x.address() {
			t.Errorf("the Gateway's address is %q, not %q", got, x.address())
		}
		for port, want := range map[string]bool{"80": true, "443": open} {
			connection, err := net.Dial("tcp", net.JoinHostPort(x.address(), port))
			if err == nil {
				_ = connection.Close()
			}
			if (err == nil) != want {
				t.Errorf("port %s with HTTPS %v: %v", port, open, err)
			}
		}
	}
}
