package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// controllers are those of kube-controller-manager that the charm's life
// depends on: they keep up endpoints, collect what an owner leaves, and empty
// a namespace that is deleted.
var controllers = []string{
	"endpointslice-controller",
	"garbage-collector-controller",
	"namespace-controller",
	"serviceaccount-controller",
}

// startEtcd starts the database and returns when it takes connections. The
// data need not survive a power cut, so nothing is synced to disk.
func (c *Cluster) startEtcd(ctx context.Context) error {
	started, err := startProcess(c.directory, "etcd", c.assets.Etcd,
		"--data-dir="+filepath.Join(c.directory, "etcd"),
		"--listen-client-urls=http://"+etcdAddress, "--advertise-client-urls=http://"+etcdAddress,
		"--listen-peer-urls=http://"+etcdPeer, "--initial-advertise-peer-urls=http://"+etcdPeer,
		"--initial-cluster=default=http://"+etcdPeer,
		"--unsafe-no-fsync",
	)
	if err != nil {
		return err
	}
	c.etcd = started
	return started.waitUntil(ctx, c.timeouts, dial(etcdAddress))
}

// StartAPIServer starts kube-apiserver, which Start has done already, and
// returns when it is ready. Data, tokens and counts survive a stop.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	policy := filepath.Join(c.directory, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o644); err != nil {
		return fmt.Errorf("cannot write the audit policy: %w", err)
	}
	issuer := "https://kubernetes.default.svc"
	started, err := startProcess(c.directory, "kube-apiserver", c.assets.APIServer,
		"--etcd-servers=http://"+etcdAddress,
		"--bind-address="+apiAddress, fmt.Sprintf("--secure-port=%d", apiPort), "--advertise-address="+apiAddress,
		"--tls-cert-file="+c.credentials.certificate, "--tls-private-key-file="+c.credentials.key,
		"--token-auth-file="+c.credentials.tokenFile,
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range="+serviceRanges,
		"--service-account-issuer="+issuer,
		"--service-account-key-file="+c.credentials.signingKey, "--service-account-signing-key-file="+c.credentials.signingKey,
		// Pods here are made without the ServiceAccount that admission would insist on.
		"--disable-admission-plugins=ServiceAccount",
		// Nothing runs behind the Service "kubernetes" in this network.
		"--endpoint-reconciler-type=none",
		"--audit-policy-file="+policy, "--audit-log-path="+c.auditLog(),
		// Written before the answer is complete, so that a count after an answer includes it.
		"--audit-log-mode=blocking", "--audit-log-maxsize=0",
		"--profiling=false",
	)
	if err != nil {
		return err
	}
	c.apiServer = started
	return started.waitUntil(ctx, c.timeouts, c.apiServerReady)
}

// StopAPIServer kills kube-apiserver, as an outage does: connections are
// refused from now on.
func (c *Cluster) StopAPIServer() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.apiServer.stop(0)
}

func (c *Cluster) apiServerReady(ctx context.Context) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.credentials.ca)
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server()+"/readyz?verbose", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.credentials.tokens[userAdmin])
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz says %s: %s", response.Status, strings.Join(failedChecks(string(body)), ", "))
	}
	return nil
}

// failedChecks are the lines of a verbose readyz that start with "[-]".
func failedChecks(body string) []string {
	failed := []string{}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "[-]") {
			failed = append(failed, strings.TrimSpace(line))
		}
	}
	return failed
}

// startControllerManager starts the controllers; see the variable controllers.
// It needs no readiness of its own: whoever depends on a controller polls for
// what it does.
func (c *Cluster) startControllerManager() error {
	kubeconfig := filepath.Join(c.directory, "controller-manager.kubeconfig")
	token := c.credentials.tokens[userControllerManager]
	if err := c.credentials.writeKubeconfig(kubeconfig, c.server(), userControllerManager, token, ""); err != nil {
		return err
	}
	started, err := startProcess(c.directory, "kube-controller-manager", c.assets.ControllerManager,
		"--kubeconfig="+kubeconfig,
		"--controllers="+strings.Join(controllers, ","),
		"--leader-elect=false", "--secure-port=0",
		"--kube-api-qps=500", "--kube-api-burst=1000",
		"--profiling=false",
	)
	c.controllerManager = started
	return err
}

// dial is a check that the address takes connections.
func dial(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	}
}
