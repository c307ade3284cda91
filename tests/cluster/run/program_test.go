package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
)

var httpAddress = regexp.MustCompile(`--connect-to ::(127\.0\.0\.1:\d+) http://`)

// TestProgram runs the program as "make cluster" does and uses the cluster
// from outside its network, with nothing but what the program prints.
func TestProgram(t *testing.T) {
	t.Parallel()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	command, output := started(t, again("program", "-kubeconfig", kubeconfig))
	printed := strings.Join(waitForLine(t, output, "Press Ctrl-C"), "\n")
	if !strings.Contains(printed, "export KUBECONFIG="+kubeconfig) {
		t.Errorf("the program does not say how to use the kubeconfig:\n%s", printed)
	}

	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "from-outside"}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	classes := schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}
	if _, err := objects.Resource(classes).Get(t.Context(), cluster.TraefikClass, metav1.GetOptions{}); err != nil {
		t.Error(err)
	}

	found := httpAddress.FindStringSubmatch(printed)
	if found == nil {
		t.Fatalf("the program prints no address for HTTP:\n%s", printed)
	}
	err = cluster.Eventually(t.Context(), patience, func(ctx context.Context) error {
		return wantNotFound(ctx, "http://"+found[1]+"/")
	})
	if err != nil {
		t.Errorf("Traefik does not answer through %s: %v", found[1], err)
	}

	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	waitForEnd(t, output)
	if code := exitCode(t, command.Wait()); code != 0 {
		t.Errorf("exit code %d after an interrupt, want 0", code)
	}
	if _, err := os.Stat(kubeconfig); !os.IsNotExist(err) {
		t.Errorf("the kubeconfig is still there: %v", err)
	}
	if err := wantNotFound(t.Context(), "http://"+found[1]+"/"); err == nil {
		t.Errorf("%s answers after the end", found[1])
	}
}

// wantNotFound gets a page that no route serves.
func wantNotFound(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		return fmt.Errorf("got %s, want 404", response.Status)
	}
	return nil
}
