package kube

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	kubeconfig := filepath.Join(directory, "config")
	content := `apiVersion: v1
kind: Config
current-context: it
contexts: [{name: it, context: {cluster: it, user: it}}]
clusters: [{name: it, cluster: {server: "https://10.0.0.1:6443"}}]
users: [{name: it, user: {token: token}}]
`
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		environment map[string]string
		host, err   string
	}{
		"a kubeconfig":            {map[string]string{"KUBECONFIG": kubeconfig}, "https://10.0.0.1:6443", ""},
		"a kubeconfig not there":  {map[string]string{"KUBECONFIG": filepath.Join(directory, "none")}, "", "cannot read the kubeconfig: "},
		"nothing":                 {nil, "", "cannot find the cluster: "},
		"a kubeconfig in a pod":   {map[string]string{"KUBECONFIG": kubeconfig, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "", "cannot find the cluster: "},
		"a kubeconfig of no file": {map[string]string{"KUBECONFIG": directory}, "", "cannot read the kubeconfig: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := Config(func(name string) string { return test.environment[name] })
			if test.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.err) {
					t.Errorf("got error %v, want one that begins %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if config.Host != test.host {
				t.Errorf("got host %s, want %s", config.Host, test.host)
			}
		})
	}
}
