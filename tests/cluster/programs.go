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

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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

// StartTraefik starts Traefik, as Start does unless told otherwise, and returns
// when it listens and its GatewayClass is accepted. The class is made if there
// is none. After StopTraefik the class still is accepted, so that the first
// requests may find no route yet.
func (c *Cluster) StartTraefik(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.CreateGatewayClass(ctx, TraefikClass, traefikController); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	token := filepath.Join(c.directory, "traefik.token")
	if err := os.WriteFile(token, []byte(c.credentials.tokens[userTraefik]), 0o600); err != nil {
		return fmt.Errorf("cannot write Traefik's token: %w", err)
	}
	started, err := startProcess(c.directory, "traefik", c.assets.Traefik,
		"--global.checknewversion=false", "--global.sendanonymoususage=false",
		"--entrypoints.web.address="+net.JoinHostPort(gatewayAddress, "80"),
		"--entrypoints.websecure.address="+net.JoinHostPort(gatewayAddress, "443"),
		"--providers.kubernetesgateway=true",
		"--providers.kubernetesgateway.endpoint="+c.server(),
		"--providers.kubernetesgateway.token="+token,
		"--providers.kubernetesgateway.certauthfilepath="+c.credentials.caFile,
		"--providers.kubernetesgateway.statusaddress.ip="+gatewayAddress,
		"--providers.kubernetesgateway.throttleduration=100ms",
		// The default holds every change back for two seconds.
		"--providers.providersthrottleduration=100ms",
		"--log.level=INFO", "--log.nocolor=true",
		"--accesslog.filepath="+filepath.Join(c.directory, "traefik-access.log"),
	)
	if err != nil {
		return err
	}
	c.traefik = started
	return started.waitUntil(ctx, c.timeouts, func(ctx context.Context) error {
		if err := dial(net.JoinHostPort(gatewayAddress, "443"))(ctx); err != nil {
			return err
		}
		return c.traefikAccepted(ctx)
	})
}

// StopTraefik kills Traefik: the Gateway's address refuses connections.
func (c *Cluster) StopTraefik() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.traefik.stop(0)
}

// traefikAccepted checks that Traefik has read the cluster and answered.
func (c *Cluster) traefikAccepted(ctx context.Context) error {
	class, err := c.dynamic.Resource(gatewayClasses).Get(ctx, TraefikClass, metav1.GetOptions{})
	if err != nil {
		return err
	}
	conditions, _, _ := unstructured.NestedSlice(class.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		if fields["type"] == "Accepted" && fields["status"] == "True" {
			return nil
		}
	}
	return fmt.Errorf("the GatewayClass %s is not accepted", TraefikClass)
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
