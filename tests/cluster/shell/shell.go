package shell

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/tools/clientcmd"
)

// A Shell remembers what was exported.
type Shell struct{ kubeconfig string }

// Commands are the lines of a text that are indented and begin with a command.
func Commands(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		command, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "  ")
		if word, _, _ := strings.Cut(command, " "); indented && slices.Contains([]string{"export", "kubectl", "curl"}, word) {
			all = append(all, command)
		}
	}
	return all
}

// Run runs a command, and gives the status code of what curl is answered, 0 for others.
func (s *Shell) Run(ctx context.Context, command string) (int, error) {
	words := strings.Fields(command)
	if len(words) < 2 {
		return 0, fmt.Errorf("no command: %q", command)
	}
	switch words[0] {
	case "export":
		path, ok := strings.CutPrefix(words[1], "KUBECONFIG=")
		if !ok || len(words) != 2 {
			return 0, fmt.Errorf("unknown: %s", command)
		}
		s.kubeconfig = path
		return 0, nil
	case "kubectl":
		if len(words) != 4 || words[1] != "get" || words[3] != "-A" {
			return 0, fmt.Errorf("unknown: %s", command)
		}
		return 0, s.list(strings.Split(words[2], ","))
	case "curl":
		return curl(ctx, words[1:])
	default:
		return 0, fmt.Errorf("unknown: %s", command)
	}
}

// list sees that the cluster has the resources.
func (s *Shell) list(resources []string) error {
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		return err
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	_, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, list := range lists {
		for _, resource := range list.APIResources {
			known[resource.Name] = true
		}
	}
	for _, resource := range resources {
		if !known[resource] {
			err = errors.Join(err, fmt.Errorf("the server doesn't have a resource type %q", resource))
		}
	}
	return err
}

func curl(ctx context.Context, words []string) (int, error) {
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	url := ""
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		value := ""
		if word == "--cacert" || word == "--connect-to" {
			if len(words) == 0 {
				return 0, fmt.Errorf("curl: %s needs a value", word)
			}
			value, words = words[0], words[1:]
		}
		switch word {
		case "-i":
		case "-k":
			transport.TLSClientConfig.InsecureSkipVerify = true
		case "--cacert":
			pem, err := os.ReadFile(value)
			if err != nil {
				return 0, err
			}
			transport.TLSClientConfig.RootCAs = x509.NewCertPool()
			transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
		case "--connect-to":
			address, ok := strings.CutPrefix(value, "::") // For every host and port.
			if !ok {
				return 0, fmt.Errorf("curl: --connect-to %s", value)
			}
			transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
		default:
			if url != "" || strings.HasPrefix(word, "-") {
				return 0, fmt.Errorf("curl: unknown word %s", word)
			}
			url = word
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	client := &http.Client{
		Transport: transport, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
