package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

// refusing is a proxy that lets nobody through, and the count of those who asked.
func refusing(t *testing.T) (address string, asked func() int) {
	t.Helper()
	requests := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests <- struct{}{}
		http.Error(w, "not for you", http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() int { return len(requests) }
}

// What a proxy refuses is told as the proxy's, and without its password.
func TestErrorOfAProxySaysSo(t *testing.T) {
	t.Parallel()
	address, asked := refusing(t)
	proxy, err := url.Parse(strings.Replace(address, "http://", "http://me:hunter2@", 1))
	if err != nil {
		t.Fatal(err)
	}
	config := &rest.Config{Host: "https://10.0.0.1:6443", Proxy: http.ProxyURL(proxy)}
	client, err := NewClient(config, Options{Namespace: "shop", Manager: "gw", Label: testLabel})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Read(t.Context())
	if err == nil || !strings.Contains(err.Error(), "through the proxy http://me:xxxxx@") || !strings.Contains(err.Error(), "NO_PROXY") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if asked() == 0 {
		t.Error("the proxy was not asked")
	}
}

// readVariable has the test's own program read from an API server, under the proxy
// variables of its environment, which Go reads once in the life of a process.
const readVariable = "TEST_READ_FROM"

func TestMain(m *testing.M) {
	if host := os.Getenv(readVariable); host != "" {
		if err := readFrom(host); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func readFrom(host string) error {
	config := &rest.Config{Host: host, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
	if inPod(os.Getenv) {
		config.Proxy = noProxy
	}
	client, err := NewClient(config, Options{Namespace: "shop", Manager: "gw", Label: testLabel})
	if err == nil {
		_, err = client.Read(context.Background())
	}
	return err
}

// A proxy of the model is for what is outside: a pod's API server is not. With a kubeconfig
// it may be, unless NO_PROXY names it.
func TestProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(r.URL.Path, "/statefulsets/") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`))
			return
		}
		_, _ = w.Write([]byte(`{"kind":"List","apiVersion":"v1","items":[]}`))
	}))
	t.Cleanup(api.Close)
	// Go has no proxy for addresses of the loopback interface, whatever the environment; this
	// one leads there, too.
	const address = "0.0.0.0"
	host := strings.Replace(api.URL, "127.0.0.1", address, 1)
	tests := map[string]struct {
		environment []string
		proxied     bool
	}{
		"in a pod":      {[]string{"KUBERNETES_SERVICE_HOST=10.0.0.1"}, false},
		"elsewhere":     {nil, true},
		"NO_PROXY":      {[]string{"NO_PROXY=" + address}, false},
		"NO_PROXY, net": {[]string{"NO_PROXY=" + address + "/8"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, asked := refusing(t)
			read := exec.Command(os.Args[0])
			read.Env = append(test.environment, readVariable+"="+host, "HTTPS_PROXY="+proxy)
			output, err := read.CombinedOutput()
			if (asked() > 0) != test.proxied || (err != nil) != test.proxied {
				t.Errorf("the proxy was asked %d times: %v\n%s", asked(), err, output)
			}
		})
	}
}

func TestNamespace(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kubeconfig := func(context string) string {
		return `{"current-context": "it", "contexts": [{"name": "it", "context": {` + context + `}}]}`
	}
	for name, test := range map[string]struct{ kubeconfig, want string }{
		"of the context": {write("with", kubeconfig(`"namespace": "controller-prod"`)), "controller-prod"},
		"of no context":  {write("without", kubeconfig("")), "controller"},
	} {
		got, err := Namespace(func(name string) string { return map[string]string{"KUBECONFIG": test.kubeconfig}[name] }, "controller")
		if err != nil || got != test.want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for name, test := range map[string]struct{ file, want string }{
		"of the pod": {write("namespace", "controller-prod\n"), "controller-prod"},
		"empty":      {write("empty", "\n"), "controller"},
		"no file":    {filepath.Join(directory, "none"), "controller"},
	} {
		if got, err := namespaceFrom(test.file, "controller"); err != nil || got != test.want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if got, err := namespaceFrom(directory, "controller"); err == nil {
		t.Errorf("of a directory: got %q", got)
	}
	none := map[string]string{"KUBECONFIG": filepath.Join(directory, "none")}
	if _, err := Namespace(func(name string) string { return none[name] }, "controller"); err == nil {
		t.Error("no error without the kubeconfig")
	}
}

// An answer that breaks off is an error, and nothing else: what is written to stderr stands
// in Juju's log as the charm's.
func TestBrokenAnswerIsNotLoggedByOthers(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("{"))
	}))
	t.Cleanup(api.Close)
	read := exec.Command(os.Args[0])
	// Without the directory a program that is compiled for coverage says so.
	read.Env = []string{readVariable + "=" + api.URL, "GOCOVERDIR=" + t.TempDir()}
	output, err := read.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	if err == nil || slices.ContainsFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "cannot ") }) {
		t.Errorf("ended with %v, wrote\n%s", err, output)
	}
}
