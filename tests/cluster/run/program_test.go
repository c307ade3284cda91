package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/canonical/gateway-api-integrator/tests/cluster"
	"github.com/canonical/gateway-api-integrator/tests/cluster/shell"
)

// A running is the program, as "make cluster" runs it.
type running struct {
	command    *exec.Cmd
	output     *os.File
	printed    string
	kubeconfig string
}

func runProgram(t *testing.T, arguments ...string) *running {
	t.Helper()
	r := &running{}
	r.command, r.output = started(t, again("program", arguments...))
	r.printed = strings.Join(waitForLine(t, r.output, "Press Ctrl-C"), "\n")
	_, rest, found := strings.Cut(r.printed, "export KUBECONFIG=")
	if !found {
		t.Fatalf("the program does not say how to use the kubeconfig:\n%s", r.printed)
	}
	r.kubeconfig, _, _ = strings.Cut(rest, "\n")
	return r
}

// end interrupts it, after which nothing of it is left.
func (r *running) end(t *testing.T) {
	t.Helper()
	if err := r.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	waitForEnd(t, r.output)
	if code := exitCode(t, r.command.Wait()); code != 0 {
		t.Errorf("exit code %d after an interrupt, want 0", code)
	}
	if _, err := os.Stat(r.kubeconfig); !os.IsNotExist(err) {
		t.Errorf("the kubeconfig is still there: %v", err)
	}
}

// TestProgram uses the cluster from outside its network, with nothing but what the program
// prints, pasted as it is, beside another that keeps its own to itself.
func TestProgram(t *testing.T) {
	t.Parallel()
	program := runProgram(t)
	other := runProgram(t, "-without-crds", "-kubeconfig", filepath.Join(t.TempDir(), "kubeconfig"))
	useCluster(t, program.kubeconfig)

	var sh shell.Shell
	var codes []int
	for _, command := range shell.Commands(program.printed) {
		// Traefik may not have read the cluster yet.
		err := cluster.Eventually(t.Context(), patience, func(ctx context.Context) error {
			code, err := sh.Run(ctx, command)
			if code != 0 {
				codes = append(codes, code)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
	if fmt.Sprint(codes) != "[404 404]" || !strings.Contains(program.printed, "404 until") {
		t.Errorf("curl is answered with %v; printed:\n%s", codes, program.printed)
	}
	for _, command := range shell.Commands(other.printed) {
		if _, err := sh.Run(t.Context(), command); err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
	if other.kubeconfig == program.kubeconfig || strings.Contains(other.printed, "curl") {
		t.Errorf("without a data plane the program prints:\n%s", other.printed)
	}

	other.end(t)
	useCluster(t, program.kubeconfig)
	program.end(t)
	for _, command := range shell.Commands(program.printed) {
		if code, err := sh.Run(t.Context(), command); err == nil && code != 0 {
			t.Errorf("%s answers after the end", command)
		}
	}
}

// useCluster reads and writes with a kubeconfig.
func useCluster(t *testing.T, kubeconfig string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "from-outside-"}}
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
}
