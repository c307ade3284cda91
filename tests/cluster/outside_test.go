package cluster_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

// testOutside exposes the cluster. The test itself is inside, so a port of
// 127.0.0.1 outside must be refused here; TestProgram of package main goes
// through it from the other side.
func testOutside(t *testing.T, c *cluster.Cluster) {
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	access, err := c.ExposeAll(kubeconfig)
	must(t, err)
	if _, err := c.ExposeAll(kubeconfig); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a kubeconfig that is there is written over: %v", err)
	}
	if _, err := net.Dial("tcp", access.HTTP); err == nil {
		t.Errorf("%s answers inside the private network", access.HTTP)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(t, err)
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	if _, err := client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{}); err == nil {
		t.Error("the kubeconfig for outside works inside")
	}
	instructions := access.Instructions("example.com/", "authority.pem", "Try:")
	for _, want := range []string{kubeconfig, access.HTTP, access.HTTPS, "https://example.com/", "authority.pem"} {
		if !strings.Contains(instructions, want) {
			t.Errorf("the instructions do not mention %s:\n%s", want, instructions)
		}
	}
}

// testIPv6 has a pod with two addresses answer on both.
func testIPv6(t *testing.T, c *cluster.Cluster) {
	must(t, c.CreateModel(t.Context(), "ipv6"))
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	pod, err := c.AddPod(t.Context(), "ipv6", "web", 0, cluster.Pod{Port: 80, Handler: handler, IPv6: true})
	if errors.Is(err, cluster.ErrNoIPv6) {
		return // The error is all that such a machine can show.
	}
	must(t, err)
	for _, address := range []string{pod.IP, pod.IPv6} {
		response, err := http.Get("http://" + net.JoinHostPort(address, "80") + "/")
		must(t, err)
		body, err := io.ReadAll(response.Body)
		must(t, err)
		_ = response.Body.Close()
		if string(body) != "hello" {
			t.Errorf("%s answered %q", address, body)
		}
	}
	must(t, pod.Stop(t.Context()))
	if _, err := net.Dial("tcp", net.JoinHostPort(pod.IP, "80")); err == nil {
		t.Errorf("%s answers after the pod was stopped", pod.IP)
	}
}
