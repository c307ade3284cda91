package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EnvoyClass is the GatewayClass that Envoy Gateway serves.
const EnvoyClass = "envoy"

const (
	envoyController  = "gateway.envoyproxy.io/gatewayclass-controller"
	envoyNamespace   = "envoy-gateway-system"
	envoyGatewayName = "envoy-gateway"
	// envoyGatewayPod is the controller's address, envoyGatewayService that of its
	// Service, where proxies ask for their configuration. Sandboxes do not reach
	// each other: nothing forwards packets here.
	envoyGatewayPod     = "10.1.255.1"
	envoyGatewayService = "10.0.0.3"
	envoyGatewayPort    = "18000"
)

// envoyGatewayConfig is the controller's configuration: what its Helm chart
// gives it, but alone (no other replica to elect a leader with), without the
// webhook that tells a proxy which zone it is in, and with a flag that it wants
// to be usable at all where host names come and go: XDSNameSchemeV2 names what
// a port serves after the port. By default it has the name of the first listener
// on it, and whenever that is another one Envoy is told to drop what it serves on
// the port before it has the new, and answers 404 for a moment.
const envoyGatewayConfig = `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyGateway
gateway:
  controllerName: ` + envoyController + `
logging:
  level:
    default: info
runtimeFlags:
  enabled: [XDSNameSchemeV2]
provider:
  type: Kubernetes
  kubernetes:
    leaderElection:
      disable: true
    proxyTopologyInjector:
      disabled: true
`

// envoyGateway is the running controller and what runs the proxies it orders.
type envoyGateway struct {
	network *sandbox
	process *process
	proxies *proxies
}

// startEnvoy starts Envoy Gateway as its Helm chart installs it, and returns
// when its GatewayClass is accepted. The class is made if there is none.
func (c *Cluster) startEnvoy(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.CreateGatewayClass(ctx, EnvoyClass, envoyController); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: envoyNamespace}}
	if _, err := c.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("cannot create namespace %s: %w", envoyNamespace, err)
	}
	network, err := newSandbox(envoyGatewayName, envoyGatewayPod)
	if err != nil {
		return err
	}
	c.envoy = &envoyGateway{network: network}
	service, err := net.Listen("tcp", net.JoinHostPort(envoyGatewayService, envoyGatewayPort))
	if err != nil {
		return fmt.Errorf("cannot be Envoy Gateway's Service: %w", err)
	}
	c.listeners.add(service)
	go forward(service, net.JoinHostPort(envoyGatewayPod, envoyGatewayPort), nil)
	root, err := c.makeEnvoyRoot()
	if err != nil {
		return err
	}
	if err := c.makeEnvoyCertificates(ctx, root); err != nil {
		return err
	}
	if c.envoy.process, err = c.startEnvoyGateway(root, envoyGatewayName, "server", "--config-path=/config.yaml"); err != nil {
		return err
	}
	err = c.envoy.process.waitUntil(ctx, c.timeouts, func(ctx context.Context) error { return c.classAccepted(ctx, EnvoyClass) })
	if err != nil {
		return err
	}
	c.envoy.proxies = startProxies(c)
	return nil
}

// stop ends the proxies and the controller.
func (e *envoyGateway) stop() {
	if e == nil {
		return
	}
	if e.proxies != nil {
		e.proxies.stop()
	}
	e.process.stop(0)
	e.network.close()
}

// makeEnvoyRoot makes the directory that is the controller's root, as its image
// has it: it looks for its certificates in /certs and nowhere else. The program
// is linked statically, and needs nothing beside it.
func (c *Cluster) makeEnvoyRoot() (string, error) {
	root := filepath.Join(c.directory, "envoy-gateway-root")
	for _, directory := range []string{"certs", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, directory), 0o755); err != nil {
			return "", fmt.Errorf("cannot make a root for Envoy Gateway: %w", err)
		}
	}
	if err := copyProgram(c.assets.EnvoyGateway, filepath.Join(root, envoyGatewayName)); err != nil {
		return "", fmt.Errorf("cannot make a root for Envoy Gateway: %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, "config.yaml"), []byte(envoyGatewayConfig), 0o644); err != nil {
		return "", fmt.Errorf("cannot write Envoy Gateway's configuration: %w", err)
	}
	token := c.credentials.tokens[userEnvoyGateway]
	return root, c.credentials.writeKubeconfig(filepath.Join(root, "kubeconfig"), c.server(), userEnvoyGateway, token, "")
}

// copyProgram links the program to the path, or copies it where links cannot be.
func copyProgram(from, to string) error {
	_ = os.Remove(to)
	if err := os.Link(from, to); err == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// makeEnvoyCertificates has Envoy Gateway make the Secrets by which it and the
// proxies trust each other, as a job of its Helm chart does, and puts its own
// where the kubelet would.
func (c *Cluster) makeEnvoyCertificates(ctx context.Context, root string) error {
	job, err := c.startEnvoyGateway(root, "envoy-gateway-certgen", "certgen", "--disable-topology-injector")
	if err != nil {
		return err
	}
	select {
	case <-job.ended:
	case <-ctx.Done():
		job.stop(0)
		return ctx.Err()
	}
	if job.err != nil {
		return fmt.Errorf("cannot make Envoy Gateway's certificates: %w\n%s", job.err, job.tail(20))
	}
	return c.mountSecret(ctx, envoyGatewayName, filepath.Join(root, "certs"))
}

// mountSecret writes a Secret of Envoy Gateway's namespace to files in a directory.
func (c *Cluster) mountSecret(ctx context.Context, name, directory string) error {
	secret, err := c.typed.CoreV1().Secrets(envoyNamespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("cannot read the Secret %s: %w", name, err)
	}
	for key, value := range secret.Data {
		if err := os.WriteFile(filepath.Join(directory, key), value, 0o600); err != nil {
			return fmt.Errorf("cannot write the Secret %s: %w", name, err)
		}
	}
	return nil
}

// startEnvoyGateway starts its program in its network and with its root.
func (c *Cluster) startEnvoyGateway(root, name string, arguments ...string) (*process, error) {
	command := exec.Command("/"+envoyGatewayName, arguments...)
	command.Dir = "/"
	command.Env = []string{"KUBECONFIG=/kubeconfig", "ENVOY_GATEWAY_NAMESPACE=" + envoyNamespace, "HOME=/", "TMPDIR=/tmp"}
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	return c.envoy.network.start(c.directory, name, command)
}
